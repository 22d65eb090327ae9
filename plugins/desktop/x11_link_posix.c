/* SPDX-License-Identifier: MIT */
#include "x11_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A packet is larger than what was asked for only when the server is none. All of it fits into an
 * empty socket. */
enum { BUFFER_BYTES = 32 * 1024, COMING_MAX_BYTES = 4 * 1024 * 1024 };
/* Of the protocol. */
enum { PACKET_BYTES = 32, REPLY = 1, GENERIC_EVENT = 35 };

struct x11_link {
    int server;          /* owned */
    int inner;           /* owned; its other end is the library's */
    int outer;           /* that end; borrowed of the connection */
    size_t left;         /* so much may still come */
    const char *problem; /* static; NULL: none */
    size_t have;         /* bytes that wait for the rest of their packet */
    unsigned char bytes[BUFFER_BYTES];
};

static bool send_all(int socket, const unsigned char *bytes, size_t length)
{
    return send(socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* The library waits for the first words of a server for as long as they take. Here they are
 * already, so it reads them from a pair of sockets. It also reads while it writes, and would take
 * all there is for an event: so they come as packets, the head by itself. Behind them is an end, so
 * that there is nothing to wait for. */
static xcb_connection_t *connect_library(const struct greeting *greeting)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return NULL;
    bool is_said = send_all(pair[1], greeting->setup, GREETING_HEAD_BYTES) &&
                   send_all(pair[1], greeting->setup + GREETING_HEAD_BYTES,
                            greeting->setup_bytes - GREETING_HEAD_BYTES) &&
                   shutdown(pair[1], SHUT_WR) == 0;
    xcb_connection_t *connection = xcb_connect_to_fd(pair[0], NULL); /* closes it in any case */
    close(pair[1]);
    if (is_said && xcb_connection_has_error(connection) == 0)
        return connection;
    xcb_disconnect(connection);
    return NULL;
}

/* From now on it talks to the link, which takes the place of that pair. */
static bool take_place(struct x11_link *link, xcb_connection_t *connection)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return false;
    link->inner = pair[1];
    link->outer = xcb_get_file_descriptor(connection);
    bool is_done = dup3(pair[0], link->outer, O_CLOEXEC) == link->outer;
    close(pair[0]);
    return is_done;
}

struct x11_link *x11_link_open(struct greeting *greeting, xcb_connection_t **connection)
{
    struct x11_link *link = calloc(1, sizeof(*link));
    *connection = link != NULL ? connect_library(greeting) : NULL;
    if (*connection == NULL) {
        free(link);
        return NULL;
    }
    link->inner = -1;
    link->server = greeting->socket;
    greeting->socket = -1;
    if (take_place(link, *connection))
        return link;
    xcb_disconnect(*connection);
    x11_link_close(link);
    return NULL;
}

void x11_link_close(struct x11_link *link)
{
    if (link == NULL)
        return;
    close(link->server);
    if (link->inner >= 0)
        close(link->inner);
    free(link);
}

void x11_link_begin(struct x11_link *link)
{
    link->left = COMING_MAX_BYTES;
}

bool x11_link_is_spent(const struct x11_link *link)
{
    return link->left == 0;
}

const char *x11_link_problem(const struct x11_link *link)
{
    return link->problem;
}

int x11_link_descriptor(const struct x11_link *link)
{
    return link->server;
}

static void pass_out(struct x11_link *link)
{
    unsigned char bytes[4096];
    ssize_t got;
    while ((got = recv(link->inner, bytes, sizeof(bytes), 0)) > 0)
        if (!send_all(link->server, bytes, (size_t)got)) {
            link->problem = errno == EPIPE ? "ended the connection" : "does not answer";
            return;
        }
}

/* The bytes of the whole packets that begin what is there. */
static size_t whole_packets(struct x11_link *link)
{
    size_t at = 0;
    while (link->have - at >= PACKET_BYTES) {
        const unsigned char *packet = link->bytes + at;
        uint32_t words = 0;
        if (packet[0] == REPLY || (packet[0] & 0x7F) == GENERIC_EVENT)
            memcpy(&words, packet + 4, sizeof(words));
        if (words > (BUFFER_BYTES - PACKET_BYTES) / 4) {
            link->problem = "says more than it was asked for";
            return 0;
        }
        size_t length = PACKET_BYTES + (size_t)words * 4;
        if (length > link->have - at)
            break;
        at += length;
    }
    return at;
}

static bool pass_in(struct x11_link *link)
{
    size_t room = sizeof(link->bytes) - link->have;
    ssize_t got = recv(link->server, link->bytes + link->have,
                       room < link->left ? room : link->left, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        link->problem = "ended the connection";
        return false;
    }
    link->have += (size_t)got;
    link->left -= (size_t)got;
    size_t length = whole_packets(link);
    if (length == 0)
        return false;
    if (!send_all(link->inner, link->bytes, length)) {
        link->problem = "says too much";
        return false;
    }
    link->have -= length;
    memmove(link->bytes, link->bytes + length, link->have);
    return true;
}

static bool is_readable(int descriptor)
{
    struct pollfd polled = {.fd = descriptor, .events = POLLIN};
    return poll(&polled, 1, 0) > 0;
}

bool x11_link_pass(struct x11_link *link)
{
    if (link->problem != NULL)
        return false;
    pass_out(link);
    if (link->problem != NULL)
        return false;
    if (is_readable(link->outer)) /* it has to read what it has before there is room for more */
        return true;
    return link->left > 0 && pass_in(link);
}
