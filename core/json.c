/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_object *json_minutes(int64_t ms)
{
    double minutes = (double)ms / 60000;
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, minutes);
        if (strtod(text, NULL) == minutes)
            break;
    }
    return json_object_new_double_s(minutes, text);
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

char *json_print(struct json_object *json)
{
    char *text = strdup(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
                                                                 JSON_C_TO_STRING_NOSLASHESCAPE));
    assert(text != NULL);
    json_object_put(json);
    return text;
}
