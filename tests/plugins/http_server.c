/* SPDX-License-Identifier: MIT */
#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* False: the server is to end. */
static bool wait_for(const struct http_server *server, int file)
{
    struct pollfd files[] = {{.fd = file, .events = POLLIN},
                             {.fd = server->end[0], .events = POLLIN}};
    while (poll(files, 2, -1) < 0)
        ;
    return files[1].revents == 0;
}

static bool is_complete(const char *request, size_t used)
{
    const char *body = strstr(request, "\r\n\r\n");
    const char *length = strcasestr(request, "content-length:");
    return body != NULL && length != NULL &&
           used - (size_t)(body + 4 - request) >=
               strtoul(length + strlen("content-length:"), NULL, 10);
}

/* Keeps the request when it is complete: until then the one before can be read. */
static bool read_request(struct http_server *server, int connection)
{
    char request[sizeof(server->request)] = "";
    size_t used = 0;
    while (!is_complete(request, used)) {
        if (!wait_for(server, connection))
            return false;
        ssize_t got = read(connection, request + used, sizeof(request) - 1 - used);
        if (got <= 0)
            return false;
        used += (size_t)got;
        request[used] = '\0';
    }
    memcpy(server->request, request, used + 1);
    server->request_bytes = used;
    atomic_fetch_add(&server->requests, 1);
    return true;
}

static void write_answer(const struct http_server *server, int connection)
{
    bool is_first = atomic_load(&server->requests) == 1 || server->later == NULL;
    const char *answer = is_first ? server->answer : server->later;
    size_t used = 0;
    size_t length = strlen(answer);
    while (used < length) {
        ssize_t sent = send(connection, answer + used, length - used, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        used += (size_t)sent;
    }
}

static void serve(struct http_server *server, int connection)
{
    for (int served = 0; read_request(server, connection); served++) {
        if (server->asked != NULL)
            server->asked(server->context);
        if (server->answer == NULL) {
            (void)wait_for(server, -1);
            return;
        }
        if (server->answers > 0 && served == server->answers)
            return;
        write_answer(server, connection);
        if (server->closes)
            return;
    }
}

static void *work(void *argument)
{
    struct http_server *server = argument;
    while (wait_for(server, server->listener)) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0)
            continue;
        atomic_fetch_add(&server->connections, 1);
        serve(server, connection);
        close(connection);
    }
    return NULL;
}

void http_server_open(struct http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    memset(server, 0, sizeof(*server));
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(0, bind(server->listener, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(server->listener, 8));
    assert_int_equal(0, getsockname(server->listener, (struct sockaddr *)&address, &length));
    server->port = ntohs(address.sin_port);
    assert_int_equal(0, pipe(server->end));
}

void http_server_start(struct http_server *server, const char *answer)
{
    server->answer = answer != NULL ? strdup(answer) : NULL;
    assert_int_equal(0, pthread_create(&server->thread, NULL, work, server));
}

void http_server_stop(struct http_server *server)
{
    assert_int_equal(1, write(server->end[1], "!", 1));
    assert_int_equal(0, pthread_join(server->thread, NULL));
    close(server->listener);
    close(server->end[0]);
    close(server->end[1]);
    free(server->answer);
}
