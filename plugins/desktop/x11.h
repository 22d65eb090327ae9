/* SPDX-License-Identifier: MIT */
/* A connection to an X server, on which nobody waits for long. Used by one thread.
 *
 *     x11_begin(x11);                                   half a second for all that follows
 *     cookie = xcb_get_property(x11->connection, ...);  as many as one likes
 *     x11_send(x11);
 *     reply = x11_reply(x11, cookie.sequence);          each of them is asked for, and freed
 */
#ifndef DESKTOP_X11_H
#define DESKTOP_X11_H

#include "source.h"
#include "x11_link.h"

#include <xcb/xcb.h>

struct x11 {
    struct x11_link *link;        /* owned */
    xcb_connection_t *connection; /* owned */
    xcb_window_t root;
    char name[32]; /* ":0" */
    int64_t answers_by_ms;
    bool is_silent; /* an answer did not come in time */
};

/* The first display that can be opened, which has begun. NULL and a sentence: none can. */
struct x11 *x11_open(const struct desktop_settings *settings, clb_error *error);
void x11_close(struct x11 *x11); /* NULL is fine */

void x11_begin(struct x11 *x11);
void x11_send(struct x11 *x11);

/* Owned by the caller. NULL: the server says no, as it does when a window is gone; or there is no
 * more to be had of it. */
void *x11_reply(struct x11 *x11, unsigned int sequence);

/* Is it gone, or has it stopped answering? Then a sentence says which, and it is to be closed. */
bool x11_is_lost(const struct x11 *x11, clb_error *error);

/* What becomes readable when there is something to take. */
int x11_descriptor(const struct x11 *x11);

/* After x11_begin(): the next that has come, owned by the caller. NULL: there is none now. */
xcb_generic_event_t *x11_next_event(struct x11 *x11);

/* Takes events that nobody wants. */
void x11_drop_events(struct x11 *x11);

/* Also false when the server is lost. */
bool x11_has(struct x11 *x11, xcb_extension_t *extension);

/* Does it serve a Wayland compositor? Then it sees only what X11 programs are shown and given. */
bool x11_is_xwayland(struct x11 *x11);

/* The value of a property in items of so many bits, as far as it was sent. NULL: there is none. */
const void *x11_value(const xcb_get_property_reply_t *reply, int bits, size_t *bytes);

#endif
