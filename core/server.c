/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "log.h"
#include "platform/thread.h"
#include "platform/wakeup.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { REBIND_FIRST_MS = 1000, REBIND_MAX_MS = 60 * 1000 };
enum { HANDLES = 3 };

struct server {
    struct api *api;         /* owned */
    struct control *control; /* owned; NULL: none */
    struct clock *clock;
    struct thread thread;
    struct wakeup wakeup;
    atomic_bool stopping;
    int64_t rebind_pause_ms; /* 0: the port was not refused yet */
    int64_t rebind_at_ms;
};

/* Recording does not wait for the port: the API comes when the port is free. */
static void try_listen(struct server *server)
{
    struct error error = {0};
    int64_t now_ms = server->clock->monotonic_ms(server->clock);
    if (api_is_listening(server->api) || now_ms < server->rebind_at_ms)
        return;
    if (api_listen(server->api, &error) == 0) {
        if (server->rebind_pause_ms > 0)
            log_info("api", "the port is free now, and served");
        return;
    }
    if (server->rebind_pause_ms == 0)
        log_error("api", "%s; heartbeats are recorded, and the port is tried again", error.text);
    server->rebind_pause_ms =
        server->rebind_pause_ms == 0 ? REBIND_FIRST_MS : 2 * server->rebind_pause_ms;
    if (server->rebind_pause_ms > REBIND_MAX_MS)
        server->rebind_pause_ms = REBIND_MAX_MS;
    server->rebind_at_ms = now_ms + server->rebind_pause_ms;
}

static int64_t timeout_ms(const struct server *server)
{
    if (api_is_listening(server->api))
        return api_timeout_ms(server->api);
    int64_t left_ms = server->rebind_at_ms - server->clock->monotonic_ms(server->clock);
    return left_ms > 0 ? left_ms : 0;
}

static void work(void *argument)
{
    struct server *server = argument;
    while (!atomic_load(&server->stopping)) {
        try_listen(server);
        intptr_t handles[HANDLES] = {server->wakeup.handle};
        bool ready[HANDLES] = {false};
        int count = 1;
        int control = server->control != NULL ? count++ : 0;
        int api = api_is_listening(server->api) ? count++ : 0;
        if (control > 0)
            handles[control] = control_handle(server->control);
        if (api > 0)
            handles[api] = api_handle(server->api);

        wakeup_wait_many(handles, ready, count, timeout_ms(server));
        if (control > 0 && ready[control])
            control_serve(server->control);
        if (api > 0)
            api_run(server->api);
    }
}

int server_start(struct server **server, struct api *api, struct control *control,
                 struct clock *clock, struct error *error)
{
    struct server *made = calloc(1, sizeof(*made));
    assert(made != NULL);
    made->api = api;
    made->control = control;
    made->clock = clock;
    int result = wakeup_init(&made->wakeup);
    if (result == 0) {
        try_listen(made); /* before anybody is told that the agent is up */
        result = thread_start(&made->thread, "api", work, made);
    }
    if (result != 0) {
        wakeup_finish(&made->wakeup);
        api_destroy(api);
        control_close(control);
        free(made);
        return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made for the API: %s",
                         strerror(result));
    }
    *server = made;
    return 0;
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    atomic_store(&server->stopping, true);
    wakeup_signal(&server->wakeup);
    thread_join(&server->thread);
    api_destroy(server->api);
    control_close(server->control);
    wakeup_finish(&server->wakeup);
    free(server);
}
