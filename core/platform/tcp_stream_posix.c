/* SPDX-License-Identifier: MIT */
#include "tcp_stream.h"

#include <errno.h>
#include <sys/socket.h>

void tcp_stream_limit(intptr_t handle, int bytes)
{
    (void)setsockopt((int)handle, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

bool tcp_stream_is_gone(intptr_t handle)
{
    char byte;
    ssize_t got = recv((int)handle, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
