/* SPDX-License-Identifier: MIT */
/* /sessions?from=&to=[&tz=]: contiguous play that reaches into these days, in order of its start.
 */
#include "answer.h"
#include "json.h"
#include "range.h"

#include <assert.h>

static void add(const struct store_session *session, void *context)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "start", json_timestamp(session->start_ms));
    json_object_object_add(json, "end", json_timestamp(session->end_ms));
    json_object_object_add(json, "activity", json_text(session->activity));
    json_object_object_add(json, "minutes_used", json_minutes(session->used_ms));
    json_object_object_add(json, "minutes_overdraft", json_minutes(session->overdraft_ms));
    json_object_array_add(context, json);
}

enum MHD_Result route_sessions(const struct route_request *request)
{
    const struct api_source *source = request->source;
    struct range range;
    struct error error = {0};
    enum MHD_Result answer;
    int64_t from_ms;
    int64_t to_ms;
    if (!range_read(request, &range, &answer))
        return answer;
    struct json_object *list = json_object_new_array();
    assert(list != NULL);
    if (range_borders(&range, &from_ms, &to_ms, &error) == 0)
        (void)store_each_session(source->reader, source->device_id, from_ms, to_ms, add, list,
                                 &error);
    range_finish(&range);
    return answer_json_or_problem(request->connection, list, &error, request->cors_origin);
}
