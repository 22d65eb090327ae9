/* SPDX-License-Identifier: MIT */
#include "words.h"

#include "platform/tzdata.h"
#include "zone/zone.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };

/* Digits, at most nine of them; returns how many. */
static int digits(const char *text, int64_t *number)
{
    int count = 0;
    for (*number = 0; text[count] >= '0' && text[count] <= '9' && count < 9; count++)
        *number = *number * 10 + (text[count] - '0');
    return count;
}

/* ".5" of a unit; what is behind it is returned. NULL: it does not come out even. */
static const char *fraction(const char *text, int64_t unit, int64_t *share)
{
    *share = 0;
    if (*text != '.')
        return text;
    for (text++; *text >= '0' && *text <= '9'; text++) {
        if (unit % 10 != 0)
            return NULL;
        unit /= 10;
        *share += unit * (*text - '0');
    }
    return text;
}

bool words_number(const char *text, int64_t *number)
{
    int count = digits(text, number);
    return count > 0 && text[count] == '\0';
}

bool words_share(const char *text, int64_t of, int64_t *share)
{
    int64_t whole;
    int64_t part;
    int count = digits(text, &whole);
    const char *end = fraction(text + count, of, &part);
    *share = whole * of + part;
    return count > 0 && end != NULL && *end == '\0';
}

bool words_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1},
                 {"d", INT64_C(24) * HOUR_MS},
                 {"h", HOUR_MS},
                 {"m", MINUTE_MS},
                 {"s", SECOND_MS}};
    enum { UNITS = sizeof(units) / sizeof(units[0]) };
    *ms = 0;
    do {
        char number[32];
        int64_t share;
        size_t length = strspn(text, "0123456789.");
        int unit = 0;
        while (unit < UNITS &&
               strncmp(text + length, units[unit].name, strlen(units[unit].name)) != 0)
            unit++;
        if (unit == UNITS || length >= sizeof(number))
            return false;
        snprintf(number, sizeof(number), "%.*s", (int)length, text);
        if (!words_share(number, units[unit].ms, &share))
            return false;
        *ms += share;
        text += length + strlen(units[unit].name);
    } while (*text != '\0');
    return true;
}

/* "M:SS.mmm" and the like behind the hours. */
static bool minutes_and_seconds(const char *text, int64_t *ms)
{
    int64_t minutes;
    int64_t seconds = 0;
    int64_t part = 0;
    if (digits(text, &minutes) != 2 || minutes >= 60)
        return false;
    text += 2;
    if (*text == ':') {
        if (digits(text + 1, &seconds) != 2 || seconds >= 60)
            return false;
        text = fraction(text + 3, SECOND_MS, &part);
    }
    *ms = minutes * MINUTE_MS + seconds * SECOND_MS + part;
    return text != NULL && *text == '\0';
}

bool words_total(const char *text, int64_t *ms)
{
    int64_t hours;
    int64_t rest;
    int count = digits(text, &hours);
    if (count == 0 || text[count] != ':' || strlen(text + count) != strlen(":00:00.000") ||
        !minutes_and_seconds(text + count + 1, &rest))
        return false;
    *ms = hours * HOUR_MS + rest;
    return true;
}

void words_format_total(int64_t ms, char text[32])
{
    int64_t size = ms < 0 ? -ms : ms;
    snprintf(text, 32, "%s%" PRId64 ":%02d:%02d.%03d", ms < 0 ? "-" : "", size / HOUR_MS,
             (int)(size / MINUTE_MS % 60), (int)(size / SECOND_MS % 60), (int)(size % SECOND_MS));
}

bool words_time_of_day(const char *text, int64_t *ms)
{
    int64_t hours;
    int64_t rest;
    if (digits(text, &hours) != 2 || hours >= 24 || text[2] != ':' ||
        !minutes_and_seconds(text + 3, &rest))
        return false;
    *ms = hours * HOUR_MS + rest;
    return true;
}

static bool local_moment(const char *name, int32_t date, int64_t time_ms, int64_t *wall_ms)
{
    char *bytes = NULL;
    size_t length = 0;
    struct zone *zone = NULL;
    bool found = tzdata_read(name, &bytes, &length, NULL) == 0 &&
                 zone_create(&zone, name, bytes, length, NULL) == 0;
    free(bytes);
    if (found)
        *wall_ms =
            zone_day_start_ms(zone, date, (int32_t)(time_ms / SECOND_MS)) + time_ms % SECOND_MS;
    zone_destroy(zone);
    return found;
}

bool words_moment(const char *text, const char *zone, int64_t *wall_ms)
{
    enum { DATE_LENGTH = 10 };
    char moment[40];
    int32_t date;
    int64_t time_ms;
    size_t length = strlen(text);
    if (length <= DATE_LENGTH || length >= sizeof(moment) || text[DATE_LENGTH] != 'T')
        return false;
    memcpy(moment, text, length + 1);
    bool is_utc = moment[length - 1] == 'Z';
    moment[DATE_LENGTH] = '\0';
    if (is_utc)
        moment[length - 1] = '\0';
    if (!civil_parse_date(moment, &date) || !words_time_of_day(moment + DATE_LENGTH + 1, &time_ms))
        return false;
    *wall_ms = date * (int64_t)CIVIL_DAY_MS + time_ms;
    return is_utc || local_moment(zone, date, time_ms, wall_ms);
}
