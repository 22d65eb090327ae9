/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "answer.h"
#include "pages.h"
#include "query.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct route {
    const char *path;
    const char *parameters[QUERY_PARAMETERS_MAX]; /* that it takes; NULL: no more */
    enum MHD_Result (*serve)(const struct route_request *request);
};

static enum MHD_Result route_status(const struct route_request *request)
{
    const struct api_source *source = request->source;
    return answer_text(request->connection, MHD_HTTP_OK, "application/json",
                       source->status(source->context), request->cors_origin);
}

static enum MHD_Result route_health(const struct route_request *request)
{
    const struct api_source *source = request->source;
    char *json = NULL;
    bool storing = source->health(source->context, &json);
    return answer_text(request->connection, storing ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                       "application/json", json, request->cors_origin);
}

static enum MHD_Result route_metrics(const struct route_request *request)
{
    const struct api_source *source = request->source;
    return answer_text(request->connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                       source->metrics(source->context), request->cors_origin);
}

/* A page, but one that takes no parameters. */
static enum MHD_Result route_openapi(const struct route_request *request)
{
    return pages_serve(request, pages_find("/openapi.json"));
}

static const struct route routes[] = {
    {"/status", {NULL}, route_status},
    {"/daily", {"date", "tz"}, route_daily},
    {"/history", {"limit", "before"}, route_history},
    {"/days", {"from", "to", "tz"}, route_days},
    {"/activities", {"from", "to", "tz"}, route_activities},
    {"/sessions", {"from", "to", "tz"}, route_sessions},
    {"/health", {NULL}, route_health},
    {"/metrics", {NULL}, route_metrics},
    {"/events", {NULL}, route_events},
    {"/openapi.json", {NULL}, route_openapi},
};

const char *route_parameter(const struct route_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result add_name(void *context, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    (void)kind;
    (void)value;
    query_add_name(context, name);
    return MHD_YES;
}

static enum MHD_Result serve(const struct route_request *request, const struct route *route)
{
    struct query_names names = {.names = route->parameters};
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, add_name, &names);
    if (names.unknown[0] != '\0')
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "this parameter is not known here", names.unknown,
                              request->cors_origin);
    if (names.repeated[0] != '\0')
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "this parameter is given more than once", names.repeated,
                              request->cors_origin);
    return route->serve(request);
}

static enum MHD_Result find_nothing(const struct route_request *request)
{
    struct buffer detail = {0};
    buffer_put(&detail, "there is nothing here: try /");
    for (unsigned i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        buffer_put(&detail, ", ");
        buffer_put(&detail, routes[i].path);
    }
    enum MHD_Result result = answer_problem(request->connection, MHD_HTTP_NOT_FOUND, detail.text,
                                            NULL, request->cors_origin);
    free(detail.text);
    return result;
}

enum MHD_Result routes_serve(const struct route_request *request, const char *path)
{
    for (unsigned i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(routes[i].path, path) == 0)
            return serve(request, &routes[i]);
    const struct page *page = pages_find(path);
    if (page != NULL)
        return pages_serve(request, page);
    return find_nothing(request);
}
