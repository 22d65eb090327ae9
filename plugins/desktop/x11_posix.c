/* SPDX-License-Identifier: MIT */
#include "x11.h"

#include "greeting.h"
#include "limit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xcb/xcbext.h>

/* A server that works answers in a few milliseconds, and on a busy machine in some more. Of several
 * displays one may stand still. */
enum { GREETING_MS = 400, OPENING_MS = 800, ANSWERS_MS = 500 };
enum { EVENTS_MAX = 10000 };

static bool send_part(int socket, const unsigned char *bytes, size_t length)
{
    return send(socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* The library waits for the first words of a server for as long as they take. Here they are
 * already, so it reads them from a pair of sockets; then the connection takes that one's place.
 * It also reads while it writes, and would take all there is for an event: so they come as packets,
 * the head by itself. Behind them is an end, so that there is nothing to wait for. */
static xcb_connection_t *hand_over(const struct greeting *greeting)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return NULL;
    bool is_said = send_part(pair[1], greeting->setup, GREETING_HEAD_BYTES) &&
                   send_part(pair[1], greeting->setup + GREETING_HEAD_BYTES,
                             greeting->setup_bytes - GREETING_HEAD_BYTES) &&
                   shutdown(pair[1], SHUT_WR) == 0;
    xcb_connection_t *connection = xcb_connect_to_fd(pair[0], NULL); /* closes it in any case */
    bool is_good = is_said && xcb_connection_has_error(connection) == 0 &&
                   dup3(greeting->socket, pair[0], O_CLOEXEC) == pair[0];
    close(pair[1]);
    if (is_good)
        return connection;
    xcb_disconnect(connection);
    return NULL;
}

static bool open_display(struct x11 *x11, const struct desktop_settings *settings,
                         const struct desktop_display *display, clb_error *error)
{
    char path[DISPLAYS_NAME];
    struct authority_key key;
    struct greeting greeting;
    clb_error why = {.size = sizeof(why)};
    int number;
    if (!displays_x11_socket(settings, display->name, path, &number)) {
        snprintf(error->text, sizeof(error->text), "%.60s is no display of this machine",
                 display->name);
        return false;
    }
    if (!authority_find(settings, display, number, &key) && display->needs_key)
        snprintf(why.text, sizeof(why.text), "nobody who is logged in has a key to it");
    else if (greeting_open(path, &key, GREETING_MS, &greeting, &why)) {
        x11->connection = hand_over(&greeting);
        x11->root = greeting.root;
        greeting_close(&greeting);
        if (x11->connection != NULL)
            return true;
        snprintf(why.text, sizeof(why.text), "the connection cannot be used");
    }
    snprintf(error->text, sizeof(error->text), "the X server %.30s cannot be used: %.300s",
             display->name, why.text);
    return false;
}

static bool open_first(struct x11 *x11, const struct desktop_settings *settings, clb_error *error)
{
    struct desktop_display displays[DISPLAYS_MAX];
    int count = displays_x11(settings, displays);
    int64_t by_ms = limit_begin(OPENING_MS - GREETING_MS);
    snprintf(error->text, sizeof(error->text), "there is no X server%s",
             count == 0 ? " of who is logged in, and DISPLAY is not set" : "");
    for (int i = 0; i < count; i++) {
        if (i > 0 && limit_begin(0) > by_ms)
            break;
        if (open_display(x11, settings, &displays[i], error)) {
            snprintf(x11->name, sizeof(x11->name), "%.31s", displays[i].name);
            error->text[0] = '\0';
            return true;
        }
    }
    return false;
}

struct x11 *x11_open(const struct desktop_settings *settings, clb_error *error)
{
    struct x11 *x11 = calloc(1, sizeof(*x11));
    if (x11 == NULL) {
        snprintf(error->text, sizeof(error->text), "no memory");
        return NULL;
    }
    if (!open_first(x11, settings, error)) {
        free(x11);
        return NULL;
    }
    x11_begin(x11);
    return x11;
}

void x11_close(struct x11 *x11)
{
    if (x11 == NULL)
        return;
    xcb_disconnect(x11->connection);
    free(x11);
}

void x11_begin(struct x11 *x11)
{
    x11->answers_by_ms = limit_begin(ANSWERS_MS);
}

void x11_send(struct x11 *x11)
{
    if (!x11->is_silent)
        xcb_flush(x11->connection);
}

void *x11_reply(struct x11 *x11, unsigned int sequence)
{
    void *reply = NULL;
    xcb_generic_error_t *problem = NULL;
    while (!xcb_poll_for_reply(x11->connection, sequence, &reply, &problem)) {
        if (x11->is_silent ||
            !limit_wait(xcb_get_file_descriptor(x11->connection), x11->answers_by_ms)) {
            x11->is_silent = true;
            xcb_discard_reply(x11->connection, sequence);
            return NULL;
        }
    }
    free(problem);
    return reply;
}

bool x11_is_lost(const struct x11 *x11, clb_error *error)
{
    bool is_gone = xcb_connection_has_error(x11->connection) != 0;
    if (is_gone || x11->is_silent)
        snprintf(error->text, sizeof(error->text), "the X server %s %s", x11->name,
                 is_gone ? "ended the connection" : "does not answer");
    return is_gone || x11->is_silent;
}

void x11_drop_events(struct x11 *x11)
{
    xcb_generic_event_t *event = NULL;
    for (int i = 0; i < EVENTS_MAX && (event = xcb_poll_for_event(x11->connection)) != NULL; i++)
        free(event);
}

const void *x11_value(const xcb_get_property_reply_t *reply, int bits, size_t *bytes)
{
    *bytes = 0;
    if (reply == NULL || reply->format != bits || reply->value_len == 0)
        return NULL;
    size_t told = (size_t)reply->value_len * (size_t)bits / 8;
    size_t sent = (size_t)reply->length * 4;
    *bytes = told < sent ? told : sent;
    return *bytes > 0 ? reply + 1 : NULL;
}
