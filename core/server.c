/* SPDX-License-Identifier: MIT */
#include "server.h"

#include "log.h"
#include "platform/network.h"
#include "platform/thread.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { REBIND_FIRST_MS = 1000, REBIND_MAX_MS = 60 * 1000 };
enum { HANDLES = 4 };

/* An address comes with its routes, one after the other: the last of them counts. */
enum { NETWORK_SETTLES_MS = 1000 };

struct server {
    struct api *api;         /* borrowed */
    struct control *control; /* borrowed; NULL: none */
    struct clock *clock;
    struct server_events events;
    intptr_t network;      /* -1: there is no news of it */
    int64_t network_at_ms; /* when a change is told of; INT64_MAX: there was none */
    struct thread thread;
    struct wakeup *bell; /* borrowed */
    struct pulse *pulse; /* borrowed */
    atomic_bool is_listening;
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
        atomic_store(&server->is_listening, true);
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

static int64_t left_ms(const struct server *server, int64_t at_ms)
{
    int64_t now_ms = server->clock->monotonic_ms(server->clock);
    return at_ms > now_ms ? at_ms - now_ms : 0;
}

/* -1: for ever */
static int64_t timeout_ms(const struct server *server)
{
    int64_t least_ms = api_is_listening(server->api) ? api_timeout_ms(server->api)
                                                     : left_ms(server, server->rebind_at_ms);
    if (server->network_at_ms == INT64_MAX)
        return least_ms;
    int64_t network_ms = left_ms(server, server->network_at_ms);
    return least_ms >= 0 && least_ms < network_ms ? least_ms : network_ms;
}

static void look_at_network(struct server *server, bool has_news)
{
    if (has_news && network_take_news(server->network))
        server->network_at_ms = server->clock->monotonic_ms(server->clock) + NETWORK_SETTLES_MS;
    if (left_ms(server, server->network_at_ms) > 0)
        return;
    server->network_at_ms = INT64_MAX;
    server->events.network_changed(server->events.context);
}

static void work(void *argument)
{
    struct server *server = argument;
    pulse_take(server->pulse);
    while (!atomic_load(&server->stopping)) {
        pulse_beat();
        try_listen(server);
        intptr_t handles[HANDLES] = {server->bell->handle};
        bool ready[HANDLES] = {false};
        int count = 1;
        int control = server->control != NULL ? count++ : 0;
        int api = api_is_listening(server->api) ? count++ : 0;
        int network = server->network >= 0 ? count++ : 0;
        if (control > 0)
            handles[control] = control_handle(server->control);
        if (api > 0)
            handles[api] = api_handle(server->api);
        if (network > 0)
            handles[network] = server->network;

        wakeup_wait_many(handles, ready, count, timeout_ms(server));
        if (control > 0 && ready[control])
            control_serve(server->control);
        if (ready[0])
            wakeup_clear(server->bell);
        if (api > 0 && ready[0])
            api_look(server->api);
        if (api > 0)
            api_run(server->api);
        look_at_network(server, network > 0 && ready[network]);
    }
    pulse_leave();
}

int server_start(struct server **server, struct api *api, struct control *control,
                 const struct server_events *events, struct clock *clock, struct wakeup *bell,
                 struct pulse *pulse, struct error *error)
{
    struct server *made = calloc(1, sizeof(*made));
    assert(made != NULL);
    made->api = api;
    made->control = control;
    made->clock = clock;
    made->bell = bell;
    made->pulse = pulse;
    made->events = *events;
    made->network_at_ms = INT64_MAX;
    if (network_open(&made->network) != 0)
        log_warning("api", "no news of the network: sinks try again as their pauses say");
    atomic_store(&made->is_listening, api_is_listening(api));
    try_listen(made); /* before anybody is told that the agent is up */
    int result = thread_start(&made->thread, "api", work, made);
    if (result != 0) {
        network_close(made->network);
        free(made);
        return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made for the API: %s",
                         strerror(result));
    }
    *server = made;
    return 0;
}

bool server_is_listening(const struct server *server)
{
    return atomic_load(&server->is_listening);
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    atomic_store(&server->stopping, true);
    wakeup_signal(server->bell);
    thread_join(&server->thread);
    network_close(server->network);
    free(server);
}
