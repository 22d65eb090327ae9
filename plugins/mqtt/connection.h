/* SPDX-License-Identifier: MIT */
/* The way to the broker: from nothing to open and back, never blocking. [worker] */
#ifndef MQTT_CONNECTION_H
#define MQTT_CONNECTION_H

#include "client.h"

#include <clockblock/services.h>

enum { CONNECTION_LOOK_UP_MS = 250 }; /* how often a stop is asked about */

enum connection_state {
    CONNECTION_CLOSED,
    CONNECTION_LOOKING_UP, /* the name of the broker */
    CONNECTION_GREETING,   /* connecting, and waiting for CONNACK */
    CONNECTION_OPEN        /* only now anything may be published */
};

struct connection {
    /* Borrowed, set by the owner before the first use. */
    const clb_host *host;
    const clb_run *run;
    const clb_clock *clock;
    const struct settings *settings;
    const struct topics *topics;

    enum connection_state state;
    struct client *client;       /* from GREETING on */
    struct connector *connector; /* while LOOKING_UP */
    struct client *looked_up;    /* the connector's client; the connector's until it is done */
    struct window window;        /* heartbeats on their way */
    bool speaks_3_1_1;           /* the broker has no 5 */
    bool is_established;         /* the transport below */
    bool ignores_bell;           /* it rang, and goes on until the host takes it */
    int64_t opened_ms;

    /* Of the last failure. */
    int32_t outcome; /* enum clb_outcome */
    char reason[504];
};

/* Begins a new connection, when it is closed. */
void connection_open(struct connection *connection);

/* Waits for something to happen, for at most max_ms, and does what there is to do. True: the host
 * rang, and has not been heard before. */
bool connection_serve(struct connection *connection, int64_t max_ms);

/* Every call from the host begins with this: the bell counts again. */
void connection_listen(struct connection *connection);

/* Gives the connection up, with what is on its way. */
void connection_fail(struct connection *connection, int32_t outcome, const char *reason);

/* It has ended by itself: the broker or the library says why. */
void connection_note_end(struct connection *connection);

/* Leaves without a word. A lookup in progress is left behind. */
void connection_close(struct connection *connection);

#endif
