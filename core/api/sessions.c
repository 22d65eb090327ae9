/* SPDX-License-Identifier: MIT */
/* /sessions?from=&to=[&tz=]: contiguous play that reaches into these days, in order of its start.
 * Days with more than 5000 of them are too many for one answer: 400, and fewer days are to be asked
 * for. */
#include "json.h"
#include "range.h"

#include <assert.h>

static void add(const struct store_session *session, void *context)
{
    if (!answer_list_has_room(context))
        return;
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "start", json_timestamp(session->start_ms));
    json_object_object_add(json, "end", json_timestamp(session->end_ms));
    json_object_object_add(json, "activity", json_text(session->activity));
    json_object_object_add(json, "minutes_used", json_minutes(session->used_ms));
    json_object_object_add(json, "minutes_overdraft", json_minutes(session->overdraft_ms));
    answer_list_add_json(context, json);
}

static int list_all(const struct api_source *source, int64_t from_ms, int64_t to_ms,
                    struct answer_list *list, struct error *error)
{
    return store_each_session(source->reader, source->device_id, from_ms, to_ms, add, list, error);
}

enum MHD_Result route_sessions(const struct route_request *request)
{
    return range_answer(request, list_all);
}
