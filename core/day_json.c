/* SPDX-License-Identifier: MIT */
#include "day_json.h"

#include "json.h"
#include "zone/civil.h"

#include <assert.h>
#include <string.h>

static char *put_bytes(char *next, const char *bytes, size_t length)
{
    memcpy(next, bytes, length);
    return next + length;
}

static char *put(char *next, const char *text)
{
    return put_bytes(next, text, strlen(text));
}

static char *put_timestamp(char *next, const char *key, int64_t wall_ms)
{
    char text[CIVIL_TIMESTAMP_CAPACITY];
    civil_format_timestamp(wall_ms, text);
    next = put(next, key);
    next = put(next, text);
    return put(next, "\"");
}

static char *put_minutes(char *next, const char *key, int64_t ms, bool is_known)
{
    char text[JSON_MINUTES_CAPACITY] = "null";
    if (is_known)
        json_format_minutes(ms, text);
    next = put(next, key);
    return put(next, text);
}

size_t day_to_json(const struct day_view *view, char json[DAY_JSON_CAPACITY])
{
    const struct day_account *day = view->day;
    bool limited = view->is_household && day->allowance_ms != ALLOWANCE_UNLIMITED;
    char date[CIVIL_DATE_CAPACITY];
    civil_format_date(view->date, date);

    char *next = put(json, "{\"date\":\"");
    next = put(next, date);
    next = put_timestamp(next, "\",\"start\":\"", day->start_ms);
    next = put_timestamp(next, ",\"end\":\"", day->end_ms);
    next = put_minutes(next, ",\"minutes_used\":", day->used_ms, true);
    next = put_minutes(next, ",\"minutes_overdraft\":", day->overdraft_ms, true);
    next = put_minutes(next, ",\"minutes_allowance\":", day->allowance_ms, limited);
    next = put_minutes(next, ",\"minutes_granted\":", day->granted_ms, view->is_household);
    next = put_minutes(next, ",\"minutes_left\":", limited ? allowance_left_ms(day) : 0, limited);
    next = put(next, view->is_closed ? ",\"closed\":true}" : ",\"closed\":false}");
    *next = '\0';
    assert(next < json + DAY_JSON_CAPACITY);
    return (size_t)(next - json);
}
