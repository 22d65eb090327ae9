/* SPDX-License-Identifier: MIT */
/* /daily?date=YYYY-MM-DD[&tz=]: the minutes of one day. */
#include "answer.h"
#include "json.h"
#include "range.h"

#include <assert.h>

/* The total of a civil day of a zone. */
static int read_civil(const struct api_source *source, const struct zone *zone, int32_t date,
                      struct store_daily *daily, struct error *error)
{
    int64_t start_ms;
    int64_t end_ms;
    range_civil_day(zone, date, &start_ms, &end_ms);
    return store_read_usage(source->reader, source->device_id, start_ms, end_ms, daily, error);
}

static enum MHD_Result send_daily(const struct route_request *request, int32_t date,
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
    struct zone *zone = NULL;
    struct error error = {0};
    struct store_daily daily = {0};
    enum MHD_Result answer;
    int32_t date;
    if (date_text == NULL || !civil_parse_date(date_text, &date))
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "a date is needed in the form date=2026-01-16", "date",
                              request->cors_origin);

    if (route_parameter(request, "tz") != NULL && !range_read_zone(request, &zone, &answer))
        return answer;
    int result = zone != NULL
                     ? read_civil(source, zone, date, &daily, &error)
                     : store_read_daily(source->reader, source->device_id, date, &daily, &error);
    zone_destroy(zone);
    if (result != 0)
        return answer_problem(request->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error.text, NULL,
                              request->cors_origin);
    return send_daily(request, date, &daily);
}
