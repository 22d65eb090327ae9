/* SPDX-License-Identifier: MIT */
/* What stands between an X server and the library. That waits for the end of whatever it began to
 * read, and keeps all events: it is given whole packets only, and not too many at a time. Used by
 * one thread. */
#ifndef DESKTOP_X11_LINK_H
#define DESKTOP_X11_LINK_H

#include "greeting.h"

#include <xcb/xcb.h>

struct x11_link;

/* Takes the socket of the greeting. NULL: it cannot be. The connection is the caller's, who ends it
 * first. */
struct x11_link *x11_link_open(struct greeting *greeting, xcb_connection_t **connection);
void x11_link_close(struct x11_link *link); /* NULL is fine */

/* From here on some megabytes may come. */
void x11_link_begin(struct x11_link *link);

/* Passes on what is there, both ways, without waiting. True: the library has something to read. */
bool x11_link_pass(struct x11_link *link);

/* Has come what may come? Then what is left is passed on after the next begin. */
bool x11_link_is_spent(const struct x11_link *link);

/* "ended the connection": why nothing more will come; NULL: it may. */
const char *x11_link_problem(const struct x11_link *link);

int x11_link_descriptor(const struct x11_link *link); /* of the server */

#endif
