/* SPDX-License-Identifier: MIT */
/* The port of the API. It outlives the API of one configuration: who knocks while a reload goes on
 * waits for the next, and is not turned away. Private to main and the API. */
#ifndef API_DOOR_H
#define API_DOOR_H

#include "error.h"

#include <stdint.h>

struct api_door {
    intptr_t listener; /* -1: closed */
    char *host;        /* owned */
    int port;
};

void api_door_init(struct api_door *door);

/* Listens there; what listened elsewhere is closed first. Nothing to do when it is open there
 * already. As tcp_listen(). */
int api_door_open(struct api_door *door, const char *host, int port, struct error *error);
void api_door_close(struct api_door *door);

#endif
