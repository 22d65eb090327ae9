/* SPDX-License-Identifier: MIT */
#include "x11.h"

#include "greeting.h"
#include "limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcbext.h>

/* A server that works answers in a few milliseconds, and on a busy machine in some more. Of several
 * displays one may stand still. */
enum { GREETING_MS = 400, OPENING_MS = 800, ANSWERS_MS = 500 };

static bool open_display(struct x11 *x11, const struct desktop_settings *settings,
                         const struct desktop_display *display, int64_t limit_ms, clb_error *error)
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
    else if (greeting_open(path, &key, limit_ms, &greeting, &why)) {
        x11->link = x11_link_open(&greeting, &x11->connection);
        x11->root = greeting.root;
        greeting_close(&greeting);
        if (x11->link != NULL)
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
    int64_t each_ms = count > 2 ? OPENING_MS / count : GREETING_MS;
    snprintf(error->text, sizeof(error->text), "there is no X server%s",
             count == 0 ? " of who is in front of the screen" : "");
    for (int i = 0; i < count; i++) {
        if (open_display(x11, settings, &displays[i], each_ms, error)) {
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
    x11_link_close(x11->link);
    free(x11);
}

void x11_begin(struct x11 *x11)
{
    x11->answers_by_ms = limit_begin(ANSWERS_MS);
    x11_link_begin(x11->link);
}

void x11_send(struct x11 *x11)
{
    if (x11->is_silent)
        return;
    xcb_flush(x11->connection);
    x11_link_pass(x11->link);
}

void *x11_reply(struct x11 *x11, unsigned int sequence)
{
    void *reply = NULL;
    xcb_generic_error_t *problem = NULL;
    while (!xcb_poll_for_reply(x11->connection, sequence, &reply, &problem)) {
        if (x11_link_pass(x11->link))
            continue;
        bool is_over = x11->is_silent || x11_link_problem(x11->link) != NULL;
        if (!is_over)
            x11->is_silent = x11_link_is_spent(x11->link) ||
                             !limit_wait(x11_link_descriptor(x11->link), x11->answers_by_ms);
        if (is_over || x11->is_silent) {
            xcb_discard_reply(x11->connection, sequence);
            return NULL;
        }
    }
    free(problem);
    return reply;
}

bool x11_is_lost(const struct x11 *x11, clb_error *error)
{
    const char *why = x11_link_problem(x11->link);
    if (why == NULL && xcb_connection_has_error(x11->connection) != 0)
        why = "says what makes no sense";
    if (why == NULL && x11->is_silent)
        why = "does not answer";
    if (why != NULL)
        snprintf(error->text, sizeof(error->text), "the X server %s %s", x11->name, why);
    return why != NULL;
}

int x11_descriptor(const struct x11 *x11)
{
    return x11_link_descriptor(x11->link);
}

xcb_generic_event_t *x11_next_event(struct x11 *x11)
{
    xcb_generic_event_t *event;
    do
        event = xcb_poll_for_event(x11->connection);
    while (event == NULL && xcb_connection_has_error(x11->connection) == 0 &&
           x11_link_pass(x11->link));
    return event;
}

void x11_drop_events(struct x11 *x11)
{
    xcb_generic_event_t *event;
    while ((event = x11_next_event(x11)) != NULL)
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
