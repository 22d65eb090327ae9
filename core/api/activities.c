/* SPDX-License-Identifier: MIT */
/* /activities?from=&to=[&tz=]: what was played on these days, the most first. */
#include "answer.h"
#include "json.h"
#include "range.h"

#include <assert.h>

static void add(const char *activity, int64_t used_ms, int64_t overdraft_ms, void *context)
{
    json_object_array_add(context, json_activity(activity, used_ms, overdraft_ms));
}

enum MHD_Result route_activities(const struct route_request *request)
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
        (void)store_each_activity(source->reader, source->device_id, from_ms, to_ms, add, list,
                                  &error);
    range_finish(&range);
    return answer_json_or_problem(request->connection, list, &error, request->cors_origin);
}
