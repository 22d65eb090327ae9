/* SPDX-License-Identifier: MIT */
/* A TCP socket that listens. */
#ifndef PLATFORM_TCP_LISTEN_H
#define PLATFORM_TCP_LISTEN_H

#include "error.h"

#include <stdint.h>

/* `host` is a numeric address of IPv4 or IPv6, or "localhost" (127.0.0.1). EXIT_CODE_UNAVAILABLE
 * and a sentence when the port is taken. Closed by whoever takes it over. */
int tcp_listen(const char *host, int port, intptr_t *listener, struct error *error);
void tcp_listen_close(intptr_t listener);

/* Ends a connection that somebody else owns and will close: they read its end. */
void tcp_hang_up(intptr_t connection);

#endif
