/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "answer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETERS_MAX = 3 };

struct route {
    const char *path;
    const char *parameters[PARAMETERS_MAX]; /* that it takes; NULL: no more */
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

static const struct route routes[] = {
    {"/status", {NULL}, route_status},
    {"/daily", {"date", "tz"}, route_daily},
    {"/history", {"limit", "before"}, route_history},
    {"/days", {"from", "to", "tz"}, route_days},
    {"/activities", {"from", "to", "tz"}, route_activities},
    {"/sessions", {"from", "to", "tz"}, route_sessions},
    {"/health", {NULL}, route_health},
};

const char *route_parameter(const struct route_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct parameter_check {
    const struct route *route;
    unsigned seen; /* bits of route->parameters */
    char unknown[64];
    char repeated[64];
};

static enum MHD_Result check_parameter(void *context, enum MHD_ValueKind kind, const char *key,
                                       const char *value)
{
    (void)kind;
    (void)value;
    struct parameter_check *check = context;
    for (unsigned i = 0; i < PARAMETERS_MAX && check->route->parameters[i] != NULL; i++) {
        if (strcmp(check->route->parameters[i], key) != 0)
            continue;
        if ((check->seen & (1u << i)) != 0)
            snprintf(check->repeated, sizeof(check->repeated), "%s", key);
        check->seen |= 1u << i;
        return MHD_YES;
    }
    if (check->unknown[0] == '\0')
        snprintf(check->unknown, sizeof(check->unknown), "%s", key[0] != '\0' ? key : "(empty)");
    return MHD_YES;
}

static enum MHD_Result serve(const struct route_request *request, const struct route *route)
{
    struct parameter_check check = {.route = route};
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, check_parameter, &check);
    if (check.unknown[0] != '\0')
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "this parameter is not known here", check.unknown,
                              request->cors_origin);
    if (check.repeated[0] != '\0')
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "this parameter is given more than once", check.repeated,
                              request->cors_origin);
    return route->serve(request);
}

enum MHD_Result routes_serve(const struct route_request *request, const char *path)
{
    for (unsigned i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(routes[i].path, path) == 0)
            return serve(request, &routes[i]);
    return answer_problem(request->connection, MHD_HTTP_NOT_FOUND,
                          "there is nothing here: try /status, /daily?date=YYYY-MM-DD, /history, "
                          "/days?from=&to=, /activities?from=&to=, /sessions?from=&to= or /health",
                          NULL, request->cors_origin);
}
