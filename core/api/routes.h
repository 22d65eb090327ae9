/* SPDX-License-Identifier: MIT */
/* What is served: the table of paths, and a function for each. Private to this folder. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "api.h"

#include <microhttpd.h>

/* A request that passed the guard. */
struct route_request {
    struct MHD_Connection *connection;
    const struct api_source *source;
    struct events *events;
    bool is_head;
    const char *cors_origin; /* NULL: none */
};

enum MHD_Result routes_serve(const struct route_request *request, const char *path);

/* The value of a query parameter, or NULL. Borrowed for the request. */
const char *route_parameter(const struct route_request *request, const char *name);

enum MHD_Result route_daily(const struct route_request *request);
enum MHD_Result route_history(const struct route_request *request);
enum MHD_Result route_days(const struct route_request *request);
enum MHD_Result route_activities(const struct route_request *request);
enum MHD_Result route_sessions(const struct route_request *request);
enum MHD_Result route_events(const struct route_request *request);

#endif
