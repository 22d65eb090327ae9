/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "answer.h"
#include "guard.h"
#include "log.h"
#include "platform/tcp_listen.h"
#include "routes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CONNECTIONS_MAX = 32, IDLE_SEC = 10, URI_MAX = 4096, CONNECTION_BYTES = 16 * 1024 };

struct api {
    struct MHD_Daemon *daemon; /* NULL: not listening */
    intptr_t epoll_handle;
    char *host;
    char *token;            /* NULL: none */
    char **allowed_origins; /* NULL-terminated */
    struct guard_policy policy;
    struct api_source source;
};

static char *copy(const char *text)
{
    char *copied = text != NULL ? strdup(text) : NULL;
    assert(copied != NULL || text == NULL);
    return copied;
}

struct api *api_create(const struct api_options *options)
{
    struct api *api = calloc(1, sizeof(*api));
    assert(api != NULL);
    int count = 0;
    while (options->allowed_origins != NULL && options->allowed_origins[count] != NULL)
        count++;
    api->allowed_origins = calloc((size_t)count + 1, sizeof(api->allowed_origins[0]));
    assert(api->allowed_origins != NULL);
    for (int i = 0; i < count; i++)
        api->allowed_origins[i] = copy(options->allowed_origins[i]);
    api->host = copy(options->host);
    api->token = copy(options->token);
    api->source = options->source;
    api->policy = (struct guard_policy){.host = api->host,
                                        .port = options->port,
                                        .token = api->token,
                                        .allowed_origins = api->allowed_origins};
    return api;
}

void api_destroy(struct api *api)
{
    if (api == NULL)
        return;
    if (api->daemon != NULL)
        MHD_stop_daemon(api->daemon);
    for (char **origin = api->allowed_origins; *origin != NULL; origin++)
        free(*origin);
    free(api->allowed_origins);
    free(api->token);
    free(api->host);
    free(api);
}

/* ---- Requests ---- */

/* What libmicrohttpd carries along with a request: set when its line was read, and again when its
 * headers were seen. */
static char uri_fits;
static char uri_too_long;
static char headers_seen;

static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    (void)context;
    (void)connection;
    return strlen(uri) > URI_MAX ? &uri_too_long : &uri_fits;
}

static enum MHD_Result count_hosts(void *context, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
    (void)kind;
    (void)value;
    int *count = context;
    if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0)
        (*count)++;
    return MHD_YES;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
           (length != NULL && strspn(length, "0") != strlen(length));
}

static enum MHD_Result serve(struct api *api, struct MHD_Connection *connection, const char *path,
                             const char *method, bool is_too_long)
{
    struct guard_request request = {
        .method = method,
        .path = path,
        .host = header(connection, MHD_HTTP_HEADER_HOST),
        .origin = header(connection, MHD_HTTP_HEADER_ORIGIN),
        .fetch_site = header(connection, "Sec-Fetch-Site"),
        .fetch_mode = header(connection, "Sec-Fetch-Mode"),
        .authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
        .has_body = has_body(connection),
        .is_too_long = is_too_long,
    };
    MHD_get_connection_values(connection, MHD_HEADER_KIND, count_hosts, &request.host_count);

    struct guard_verdict verdict = guard_check(&request, &api->policy);
    if (verdict.status != 0)
        return answer_problem(connection, verdict.status, verdict.detail, NULL, NULL);
    struct route_request passed = {connection, &api->source, verdict.cors_origin};
    return routes_serve(&passed, path);
}

/* libmicrohttpd calls this when the headers are there, again for each piece of a body, and again at
 * the end. A refusal may go out at once; the answer proper goes out at the second call, which keeps
 * the connection open for the next request. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *body, size_t *body_bytes, void **state)
{
    (void)version;
    (void)body;
    struct api *api = context;
    bool is_too_long = *state == &uri_too_long;
    if (*state == &uri_fits && !has_body(connection)) {
        *state = &headers_seen;
        return MHD_YES;
    }
    *body_bytes = 0;
    return serve(api, connection, path, method, is_too_long);
}

static void on_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    char text[512];
    vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_debug("api", "%s", text);
}

/* ---- The daemon ---- */

int api_listen(struct api *api, struct error *error)
{
    assert(api->daemon == NULL);
    intptr_t listener;
    int result = tcp_listen(api->host, api->policy.port, &listener, error);
    if (result != 0)
        return result;

    api->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, api,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, (int)listener,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SEC, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (api->daemon == NULL) {
        tcp_listen_close(listener);
        return error_set(error, EXIT_CODE_UNAVAILABLE, "the API on port %d cannot be started",
                         api->policy.port);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    assert(info != NULL);
    api->epoll_handle = info->epoll_fd;
    return 0;
}

bool api_is_listening(const struct api *api)
{
    return api->daemon != NULL;
}

intptr_t api_handle(const struct api *api)
{
    assert(api->daemon != NULL);
    return api->epoll_handle;
}

int64_t api_timeout_ms(const struct api *api)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (api->daemon == NULL || MHD_get_timeout(api->daemon, &timeout_ms) != MHD_YES)
        return -1;
    return (int64_t)timeout_ms;
}

void api_run(struct api *api)
{
    MHD_run(api->daemon);
}
