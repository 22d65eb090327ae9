/* SPDX-License-Identifier: MIT */
/* /daily?date=YYYY-MM-DD[&tz=]: the minutes of one day. */
#include "answer.h"
#include "json.h"
#include "platform/tzdata.h"
#include "routes.h"
#include "zone/zone.h"

#include <assert.h>
#include <stdlib.h>

struct range {
    int64_t from_ms;
    int64_t to_ms;
};

static int find_range(const char *tz, int32_t date, struct range *range, struct error *error)
{
    char *bytes = NULL;
    size_t length = 0;
    struct zone *zone = NULL;
    int result = tzdata_read(tz, &bytes, &length, error);
    if (result == 0)
        result = zone_create(&zone, tz, bytes, length, error);
    free(bytes);
    if (result != 0)
        return result;
    range->from_ms = zone_day_start_ms(zone, date, 0);
    range->to_ms = zone_day_start_ms(zone, date + 1, 0);
    zone_destroy(zone);
    return 0;
}

static enum MHD_Result answer(const struct route_request *request, int32_t date,
                              const struct store_daily *daily)
{
    char text[CIVIL_DATE_CAPACITY];
    civil_format_date(date, text);
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "device_id", json_object_new_string(request->source->device_id));
    json_object_object_add(json, "date", json_object_new_string(text));
    json_object_object_add(json, "minutes_used", json_minutes(daily->used_ms));
    json_object_object_add(json, "minutes_overdraft", json_minutes(daily->overdraft_ms));
    json_object_object_add(json, "last_heartbeat_at", json_timestamp(daily->last_heartbeat_ms));
    json_object_object_add(json, "updated_at", json_timestamp(daily->updated_ms));
    return answer_json(request->connection, MHD_HTTP_OK, json, request->cors_origin);
}

enum MHD_Result route_daily(const struct route_request *request)
{
    const struct api_source *source = request->source;
    const char *date_text = route_parameter(request, "date");
    const char *tz = route_parameter(request, "tz");
    struct error error = {0};
    struct store_daily daily = {0};
    int32_t date;
    if (date_text == NULL || !civil_parse_date(date_text, &date))
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "a date is needed in the form date=2026-01-16", "date",
                              request->cors_origin);

    int result;
    if (tz == NULL) {
        result = store_read_daily(source->reader, source->device_id, date, &daily, &error);
    } else {
        struct range range;
        if (find_range(tz, date, &range, &error) != 0)
            return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                                  "this time zone is not known: use an IANA name such as "
                                  "Europe/Paris, UTC or local",
                                  "tz", request->cors_origin);
        result = store_read_usage(source->reader, source->device_id, range.from_ms, range.to_ms,
                                  &daily, &error);
    }
    if (result != 0)
        return answer_problem(request->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error.text, NULL,
                              request->cors_origin);
    return answer(request, date, &daily);
}
