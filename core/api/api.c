/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "answer.h"
#include "events.h"
#include "guard.h"
#include "log.h"
#include "pages.h"
#include "platform/tcp_listen.h"
#include "room.h"
#include "routes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { IDLE_SEC = 10, CONNECTION_BYTES = 16 * 1024 };

struct api {
    struct MHD_Daemon *daemon; /* NULL: not listening */
    intptr_t epoll_handle;
    char *host;
    char *token;            /* NULL: none */
    char **allowed_origins; /* NULL-terminated */
    struct guard_policy policy;
    struct room room;
    struct api_source source;
    char *url;
    struct error problem;  /* of the last try to listen */
    struct events *events; /* owned */
};

static char *make_url(const char *host, int port)
{
    size_t capacity = strlen(host) + 32;
    char *url = malloc(capacity);
    assert(url != NULL);
    snprintf(url, capacity, strchr(host, ':') != NULL ? "http://[%s]:%d" : "http://%s:%d", host,
             port);
    return url;
}

static char *copy(const char *text)
{
    char *copied = text != NULL ? strdup(text) : NULL;
    assert(copied != NULL || text == NULL);
    return copied;
}

static char **copy_all(char *const *texts)
{
    int count = 0;
    while (texts != NULL && texts[count] != NULL)
        count++;
    char **copied = calloc((size_t)count + 1, sizeof(copied[0]));
    assert(copied != NULL);
    for (int i = 0; i < count; i++)
        copied[i] = copy(texts[i]);
    return copied;
}

static void set_options(struct api *api, const struct api_options *options)
{
    api->allowed_origins = copy_all(options->allowed_origins);
    api->host = copy(options->host);
    api->token = copy(options->token);
    api->url = make_url(options->host, options->port);
    api->source = options->source;
    api->policy = (struct guard_policy){.host = api->host,
                                        .port = options->port,
                                        .token = api->token,
                                        .allowed_origins = api->allowed_origins};
}

static void forget_options(struct api *api)
{
    for (char **origin = api->allowed_origins; *origin != NULL; origin++)
        free(*origin);
    free(api->allowed_origins);
    free(api->token);
    free(api->host);
    free(api->url);
}

static void stop_listening(struct api *api)
{
    events_end(api->events);
    if (api->daemon != NULL)
        MHD_stop_daemon(api->daemon);
    api->daemon = NULL;
    api->problem = (struct error){0};
}

struct api *api_create(const struct api_options *options)
{
    struct api *api = calloc(1, sizeof(*api));
    assert(api != NULL);
    room_init(&api->room);
    set_options(api, options);
    api->events = events_create(&api->source);
    return api;
}

static bool is_same(const char *text, const char *other)
{
    return text == NULL || other == NULL ? text == other : strcmp(text, other) == 0;
}

void api_configure(struct api *api, const struct api_options *options)
{
    if (api->policy.port != options->port || !is_same(api->host, options->host))
        stop_listening(api);
    else if (!is_same(api->token, options->token))
        events_end(api->events);
    forget_options(api);
    set_options(api, options);
    events_renew(api->events);
}

void api_destroy(struct api *api)
{
    if (api == NULL)
        return;
    stop_listening(api);
    events_destroy(api->events);
    forget_options(api);
    free(api);
}

/* ---- Connections ---- */

static int64_t now_ms(const struct api *api)
{
    return api->source.clock->monotonic_ms(api->source.clock);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode what)
{
    struct api *api = context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        room_leave(*place);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *place = room_enter(&api->room, info->connect_fd, now_ms(api));
}

static void turn(struct api *api, struct MHD_Connection *connection, enum room_use use)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    room_turn(info->socket_context, use, now_ms(api));
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)state;
    (void)code;
    turn(context, connection, ROOM_ASKS);
}

/* ---- Requests ---- */

/* What libmicrohttpd carries along with a request: one of the first when its line was read, the
 * last when its headers were seen. */
static char uri_marks[GUARD_URI_HAS_NUL + 1];
static char headers_seen;

static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    (void)context;
    (void)connection;
    return &uri_marks[guard_look_at_uri(uri)];
}

static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    guard_add_header(context, name, value != NULL ? value : "");
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
                             const char *method, enum guard_uri uri)
{
    struct guard_request request = {
        .method = method,
        .path = path,
        .is_page = pages_find(path) != NULL,
        .has_body = has_body(connection),
        .uri = uri,
    };
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &request);

    struct guard_verdict verdict = guard_check(&request, &api->policy);
    if (verdict.status != 0)
        return answer_problem(connection, verdict.status, verdict.detail, NULL,
                              verdict.cors_origin);
    if (verdict.is_preflight)
        return answer_preflight(connection, verdict.cors_origin);
    struct route_request passed = {.connection = connection,
                                   .source = &api->source,
                                   .events = api->events,
                                   .is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0,
                                   .cors_origin = verdict.cors_origin};
    return routes_serve(&passed, path);
}

/* libmicrohttpd calls this when the headers are there, again for each piece of a body, and again at
 * the end. A refusal may go out at once; the answer proper goes out at the second call, which keeps
 * the connection open for the next request. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *target, const char *method, const char *version,
                                  const char *body, size_t *body_bytes, void **state)
{
    (void)version;
    (void)body;
    struct api *api = context;
    enum guard_uri uri = GUARD_URI_FITS;
    const char *path = guard_find_path(target, &api->policy);
    turn(api, connection, strcmp(path, "/events") == 0 ? ROOM_FOLLOWS : ROOM_TAKES);
    if (*state != &headers_seen)
        uri = (enum guard_uri)((char *)*state - uri_marks);
    if (*state != &headers_seen && uri == GUARD_URI_FITS && !has_body(connection)) {
        *state = &headers_seen;
        return MHD_YES;
    }
    *body_bytes = 0;
    return serve(api, connection, path, method, uri);
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

static int listen_at(struct api *api, struct error *error)
{
    intptr_t listener;
    int result = tcp_listen(api->host, api->policy.port, &listener, error);
    if (result != 0)
        return result;

    api->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
        api, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, (int)listener,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)ROOM_PLACES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SEC, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, api, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        api, MHD_OPTION_URI_LOG_CALLBACK, on_uri, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
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

int api_listen(struct api *api, struct error *error)
{
    assert(api->daemon == NULL);
    api->problem = (struct error){0};
    int result = listen_at(api, &api->problem);
    *error = api->problem;
    return result;
}

const char *api_problem(const struct api *api)
{
    return api->problem.text;
}

const char *api_url(const struct api *api)
{
    return api->url;
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

/* -1: never */
static int64_t sooner(int64_t ms, int64_t other_ms)
{
    if (ms < 0 || other_ms < 0)
        return ms < 0 ? other_ms : ms;
    return ms < other_ms ? ms : other_ms;
}

static int64_t left_ms(const struct api *api, int64_t at_ms)
{
    int64_t now = now_ms(api);
    return at_ms > now ? at_ms - now : 0;
}

int64_t api_timeout_ms(const struct api *api)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (api->daemon == NULL)
        return events_timeout_ms(api->events);
    int64_t due_ms = room_due_ms(&api->room);
    int64_t least_ms =
        sooner(events_timeout_ms(api->events), due_ms != INT64_MAX ? left_ms(api, due_ms) : -1);
    if (MHD_get_timeout(api->daemon, &timeout_ms) == MHD_YES)
        least_ms = sooner(least_ms, (int64_t)timeout_ms);
    return least_ms;
}

void api_look(struct api *api)
{
    events_look(api->events);
}

void api_run(struct api *api)
{
    bool was_full;
    do {
        was_full = room_is_full(&api->room);
        room_clear(&api->room, now_ms(api));
        events_tend(api->events);
        MHD_run(api->daemon);
        /* Since the room was full libmicrohttpd does not hear of who waits at the door, and it
         * listens again at its next run only. */
    } while (was_full && !room_is_full(&api->room));
}
