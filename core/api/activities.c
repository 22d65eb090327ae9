/* SPDX-License-Identifier: MIT */
/* /activities?from=&to=[&tz=]: what was played on these days, the most first. More than 5000 names
 * are too many for one answer: 400. */
#include "json.h"
#include "range.h"

static void add(const char *activity, int64_t used_ms, int64_t overdraft_ms, void *context)
{
    if (answer_list_has_room(context))
        answer_list_add_json(context, json_activity(activity, used_ms, overdraft_ms));
}

static int list_all(const struct api_source *source, int64_t from_ms, int64_t to_ms,
                    struct answer_list *list, struct error *error)
{
    return store_each_activity(source->reader, source->device_id, from_ms, to_ms, add, list, error);
}

enum MHD_Result route_activities(const struct route_request *request)
{
    return range_answer(request, list_all);
}
