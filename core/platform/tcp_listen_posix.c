/* SPDX-License-Identifier: MIT */
#include "tcp_listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int refuse(const char *host, int port, int reason, struct error *error)
{
    if (reason == EADDRINUSE)
        return error_set(error, EXIT_CODE_UNAVAILABLE,
                         "port %d of %s is taken by another program; stop it, or set api.port",
                         port, host);
    return error_set(error, EXIT_CODE_UNAVAILABLE, "cannot listen on port %d of %s: %s", port, host,
                     strerror(reason));
}

int tcp_listen(const char *host, int port, intptr_t *listener, struct error *error)
{
    char service[16];
    snprintf(service, sizeof(service), "%d", port);
    const char *address = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    if (getaddrinfo(address, service, &hints, &found) != 0)
        return error_set(error, EXIT_CODE_CONFIG, "api.host: \"%s\" is not an address", host);

    int reason = 0;
    int on = 1;
    int handle = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (handle < 0)
        reason = errno;
    else
        setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (reason == 0 && bind(handle, found->ai_addr, found->ai_addrlen) != 0)
        reason = errno;
    if (reason == 0 && listen(handle, 64) != 0)
        reason = errno;
    freeaddrinfo(found);
    if (reason != 0) {
        if (handle >= 0)
            close(handle);
        return refuse(host, port, reason, error);
    }
    *listener = handle;
    return 0;
}

void tcp_listen_close(intptr_t listener)
{
    close((int)listener);
}

void tcp_hang_up(intptr_t connection)
{
    (void)shutdown((int)connection, SHUT_RDWR);
}
