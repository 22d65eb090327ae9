/* SPDX-License-Identifier: MIT */
/* Waiting for a connection and for the host at once. */
#ifndef MQTT_SOCKETS_H
#define MQTT_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

struct sockets_look {
    int socket; /* -1: none */
    bool wants_write;
    intptr_t bell; /* of the host; -1: not listened to */
    bool is_ready; /* the socket has something to read, or room, or an end */
    bool has_rung;
};

/* Waits for at most max_ms. */
void sockets_wait(struct sockets_look *look, int64_t max_ms);

/* Why a connection that was begun did not come about; NULL: it did, or is still under way. Static.
 */
const char *sockets_failure(int socket);

#endif
