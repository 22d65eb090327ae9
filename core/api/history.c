/* SPDX-License-Identifier: MIT */
/* /history?limit=200[&before=SEQ]: heartbeats, newest first. */
#include "answer.h"
#include "query.h"
#include "routes.h"

enum { LIMIT_DEFAULT = 200, LIMIT_MAX = 5000 };

static void add(const struct heartbeat *heartbeat, const struct heartbeat_origin *origin,
                void *context)
{
    char json[HEARTBEAT_JSON_CAPACITY];
    size_t length = heartbeat_to_json(heartbeat, origin, json);
    answer_list_add(context, json, length);
}

enum MHD_Result route_history(const struct route_request *request)
{
    int64_t limit;
    int64_t before;
    if (!query_number(route_parameter(request, "limit"), 1, LIMIT_MAX, LIMIT_DEFAULT, &limit))
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "a whole number from 1 to 5000 is needed", "limit",
                              request->cors_origin);
    if (!query_number(route_parameter(request, "before"), 1, INT64_MAX, INT64_MAX, &before))
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "the seq of a heartbeat is needed, a whole number from 1", "before",
                              request->cors_origin);

    struct error error = {0};
    struct answer_list list = {0};
    (void)store_read_before(request->source->reader, before, (int)limit, add, &list, &error);
    return answer_list_send(request->connection, &list, &error, request->cors_origin);
}
