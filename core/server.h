/* SPDX-License-Identifier: MIT */
/* The thread that answers: it serves the HTTP API and the control socket, and takes the API's port
 * again and again until it gets it. It also hears when the network changes. */
#ifndef CORE_SERVER_H
#define CORE_SERVER_H

#include "api/api.h"
#include "control/control.h"
#include "platform/clock.h"
#include "platform/wakeup.h"
#include "pulse.h"

struct server;

/* What others want to hear of; called on the thread. */
struct server_events {
    void (*network_changed)(void *context); /* a way out may have come back, and things settled */
    void *context;
};

/* Starts the thread. `bell` is borrowed: the thread sleeps by it, and whoever rings it lets the API
 * look for new heartbeats. `pulse` (borrowed) is the thread's. `control` (borrowed) may be NULL: it
 * could not be opened, and `api` (borrowed) may listen already. [main] */
int server_start(struct server **server, struct api *api, struct control *control,
                 const struct server_events *events, struct clock *clock, struct wakeup *bell,
                 struct pulse *pulse, struct error *error);

/* Does the API have its port? [any thread] */
bool server_is_listening(const struct server *server);

/* Stops the thread. Who asks then waits for the next server. NULL is fine. [main] */
void server_stop(struct server *server);

#endif
