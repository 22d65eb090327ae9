/* SPDX-License-Identifier: MIT */
/* The socket of a connection on which one side only listens for a long time. */
#ifndef PLATFORM_TCP_STREAM_H
#define PLATFORM_TCP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

/* Keeps what the system holds for an other side that does not read near `bytes`. */
void tcp_stream_limit(intptr_t handle, int bytes);

/* The other side closed the connection. Does not wait, and takes nothing from what it sent. */
bool tcp_stream_is_gone(intptr_t handle);

#endif
