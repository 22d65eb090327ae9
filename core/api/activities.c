/* SPDX-License-Identifier: MIT */
/* /activities?from=&to=[&tz=]: what was played on these days, the most first. More than 5000 names
 * are too many for one answer: 400. */
#include "answer.h"
#include "json.h"
#include "range.h"

static void add(const char *activity, int64_t used_ms, int64_t overdraft_ms, void *context)
{
    if (answer_list_has_room(context))
        answer_list_add_json(context, json_activity(activity, used_ms, overdraft_ms));
}

enum MHD_Result route_activities(const struct route_request *request)
{
    const struct api_source *source = request->source;
    struct range range;
    struct answer_list list = {0};
    struct error error = {0};
    enum MHD_Result answer;
    int64_t from_ms;
    int64_t to_ms;
    if (!range_read(request, &range, &answer))
        return answer;
    if (range_borders(&range, &from_ms, &to_ms, &error) == 0)
        (void)store_each_activity(source->reader, source->device_id, from_ms, to_ms, add, &list,
                                  &error);
    range_finish(&range);
    return answer_list_send(request->connection, &list, &error, request->cors_origin);
}
