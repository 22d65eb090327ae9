/* SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum { WAIT_MAX_MS = 60 * 1000 };

void sockets_wait(struct sockets_look *look, int64_t max_ms)
{
    struct pollfd places[] = {
        {.fd = look->socket, .events = (short)(look->wants_write ? POLLIN | POLLOUT : POLLIN)},
        {.fd = (int)look->bell, .events = POLLIN},
    };
    int timeout_ms = max_ms < 0 ? 0 : max_ms < WAIT_MAX_MS ? (int)max_ms : WAIT_MAX_MS;
    bool any = poll(places, 2, timeout_ms) > 0; /* an interruption is no event */
    look->is_ready = any && places[0].revents != 0;
    look->has_rung = any && places[1].revents != 0;
}

const char *sockets_failure(int socket)
{
    int failure = 0;
    socklen_t length = sizeof(failure);
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &length) != 0 || failure == 0)
        return NULL;
    return strerror(failure);
}
