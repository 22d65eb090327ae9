/* SPDX-License-Identifier: MIT */
/* Is somebody there? Tries a TCP connection, says one thing at most, and closes it. */
#ifndef PLATFORM_TCP_ASK_H
#define PLATFORM_TCP_ASK_H

#include "error.h"
#include "permission.h"

#include <stdbool.h>
#include <stddef.h>

struct tcp_question {
    const char *host; /* a name, or an address of IPv4 or IPv6 without brackets */
    int port;
    int timeout_ms;      /* for all of it, finding the address of a name too */
    const char *request; /* sent; NULL: nothing is said, and nothing is read */
};

/* Connects, and with a request puts what the other side answers into `answer` (of `capacity` bytes,
 * ended by a NUL, cut where it does not fit; NULL without a request). EXIT_CODE_UNAVAILABLE and a
 * sentence when nobody is there. A thread that looks for an address beyond its time is left behind.
 */
int tcp_ask(const struct tcp_question *question, char *answer, size_t capacity,
            struct error *error);

/* Whose program listens on a port of this machine. False: nobody's, or the system does not tell. */
bool tcp_owner(int port, char user[PERMISSION_USER_CAPACITY]);

#endif
