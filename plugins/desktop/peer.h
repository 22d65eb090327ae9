/* SPDX-License-Identifier: MIT */
/* Who is behind a socket: its file, of which one knew whose it is, may have been replaced before
 * one connected. */
#ifndef DESKTOP_PEER_H
#define DESKTOP_PEER_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a process of this user listens there. The socket is connected. */
bool peer_is(int socket, int64_t uid);

#endif
