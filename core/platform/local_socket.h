/* SPDX-License-Identifier: MIT */
/* A socket in the file system, for a program of the same user (or root) on the same machine. One
 * request line, one answer, and the connection is closed. */
#ifndef PLATFORM_LOCAL_SOCKET_H
#define PLATFORM_LOCAL_SOCKET_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Listens at `path`, mode 0600. A socket that a dead process left there is replaced. */
int local_socket_listen(const char *path, intptr_t *listener, struct error *error);

/* Takes one connection and reads a line of at most `capacity` - 1 bytes, waiting at most
 * timeout_ms. `connection` is to be closed. Refuses other users. */
int local_socket_accept(intptr_t listener, int timeout_ms, intptr_t *connection, char *line,
                        size_t capacity, struct error *error);

/* The name of the user on the other side of an accepted connection, a number where it has none.
 * False: that is root, who may speak for others. */
bool local_socket_user(intptr_t connection, char *name, size_t capacity);

/* Connects, for at most timeout_ms. EXIT_CODE_UNAVAILABLE when nobody listens. */
int local_socket_connect(const char *path, int timeout_ms, intptr_t *connection,
                         struct error *error);

int local_socket_send(intptr_t connection, const char *bytes, size_t length, struct error *error);

/* Reads until the other side closes. `answer` is the caller's, free with free(). */
int local_socket_receive(intptr_t connection, size_t limit, char **answer, struct error *error);

void local_socket_close(intptr_t connection);

#endif
