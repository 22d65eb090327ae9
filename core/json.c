/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "zone/civil.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOUBLE_BITS = 53, DIGITS_MIN = 15, DIGITS_MAX = 17, WHOLE_DIGITS = 6 };

/* Room for the significand of a double times a power of ten. */
__extension__ typedef unsigned __int128 wide;

static uint64_t power_of_ten(int exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

static int count_digits(uint64_t value)
{
    int count = 1;
    while (value >= 10) {
        value /= 10;
        count++;
    }
    return count;
}

/* Without the zeros at its end; returns the end. */
static char *put_decimals(char *next, uint64_t decimals, int count)
{
    if (decimals == 0)
        return next;
    *next = '.';
    for (int i = count; i > 0; i--) {
        next[i] = (char)('0' + decimals % 10);
        decimals /= 10;
    }
    next += count;
    while (*next == '0')
        next--;
    return next + 1;
}

static char *put_whole(char *next, uint64_t value)
{
    int count = count_digits(value);
    for (int i = count - 1; i >= 0; i--) {
        next[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return next + count;
}

/* The decimal number with so many digits that is nearest to `minutes`, which is significand /
 * 2^shift. False: another double is as near to it. */
static bool format_digits(uint64_t significand, int shift, int whole_digits, int digits, char *text)
{
    uint64_t scale = power_of_ten(digits - whole_digits);
    wide exact = (wide)significand * scale;
    wide half = (wide)1 << (shift - 1);
    uint64_t nearest = (uint64_t)((exact + half) >> shift);
    wide back = (wide)nearest << shift;
    wide away = back > exact ? back - exact : exact - back;
    if (2 * away >= scale)
        return false;
    text = put_whole(text, nearest / scale);
    *put_decimals(text, nearest % scale, digits - whole_digits) = '\0';
    return true;
}

/* What a range of days is full of: here printf() and strtod() would take most of the time. */
static bool format_fast(int64_t ms, char *text)
{
    if (ms < CIVIL_MINUTE_MS || ms / CIVIL_MINUTE_MS >= (int64_t)power_of_ten(WHOLE_DIGITS))
        return false;
    int exponent;
    double significand = frexp((double)ms / CIVIL_MINUTE_MS, &exponent);
    uint64_t bits = (uint64_t)ldexp(significand, DOUBLE_BITS);
    int whole_digits = count_digits((uint64_t)(ms / CIVIL_MINUTE_MS));
    for (int digits = DIGITS_MIN; digits <= DIGITS_MAX; digits++)
        if (format_digits(bits, DOUBLE_BITS - exponent, whole_digits, digits, text))
            return true;
    return false;
}

void json_format_minutes(int64_t ms, char text[JSON_MINUTES_CAPACITY])
{
    if (ms >= 0 && ms % CIVIL_MINUTE_MS == 0) {
        *put_whole(text, (uint64_t)(ms / CIVIL_MINUTE_MS)) = '\0';
        return;
    }
    if (format_fast(ms, text))
        return;
    double minutes = (double)ms / CIVIL_MINUTE_MS;
    for (int digits = DIGITS_MIN; digits <= DIGITS_MAX; digits++) {
        snprintf(text, JSON_MINUTES_CAPACITY, "%.*g", digits, minutes);
        if (strtod(text, NULL) == minutes)
            return;
    }
}

struct json_object *json_minutes(int64_t ms)
{
    char text[JSON_MINUTES_CAPACITY];
    json_format_minutes(ms, text);
    return json_object_new_double_s((double)ms / CIVIL_MINUTE_MS, text);
}

struct json_object *json_timestamp(int64_t wall_ms)
{
    if (wall_ms == 0)
        return NULL;
    char text[CIVIL_TIMESTAMP_CAPACITY];
    civil_format_timestamp(wall_ms, text);
    return json_object_new_string(text);
}

struct json_object *json_text(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_object_new_string(text) : NULL;
}

struct json_object *json_activity(const char *activity, int64_t used_ms, int64_t overdraft_ms)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "activity", json_text(activity));
    json_object_object_add(json, "minutes_used", json_minutes(used_ms));
    json_object_object_add(json, "minutes_overdraft", json_minutes(overdraft_ms));
    return json;
}

char *json_print(struct json_object *json)
{
    char *text = strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE));
    assert(text != NULL);
    json_object_put(json);
    return text;
}

struct json_object *json_get(struct json_object *json, const char *key)
{
    struct json_object *value = NULL;
    json_object_object_get_ex(json, key, &value);
    return value;
}

const char *json_get_text(struct json_object *json, const char *key)
{
    struct json_object *value = json_get(json, key);
    return value != NULL ? json_object_get_string(value) : "";
}

double json_get_number(struct json_object *json, const char *key)
{
    return json_object_get_double(json_get(json, key));
}

void json_show(struct json_object *json)
{
    printf("%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
}
