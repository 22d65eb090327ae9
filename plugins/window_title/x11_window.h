/* SPDX-License-Identifier: MIT */
/* What a window on X11 says of itself, in its properties. */
#ifndef WINDOW_TITLE_X11_WINDOW_H
#define WINDOW_TITLE_X11_WINDOW_H

#include "window.h"

#include "../desktop/x11.h"

/* The names that are asked for, among those that the protocol does not number itself. */
enum x11_atom {
    X11_MANAGER, /* of the root window: who tells of the others */
    X11_ACTIVE,
    X11_TITLE,
    X11_STATE,
    X11_FULLSCREEN,
    X11_ATOMS
};

/* So many words of four bytes of a property at most. */
xcb_get_property_cookie_t x11_window_ask(struct x11 *x11, xcb_window_t window, xcb_atom_t property,
                                         uint32_t words);

/* After x11_send(). False: there is no such number. */
bool x11_window_number(struct x11 *x11, xcb_get_property_cookie_t cookie, uint32_t *number);

/* A window that is gone has no focus: then the window manager will tell of another. */
struct window x11_window_look(struct x11 *x11, const xcb_atom_t atoms[X11_ATOMS],
                              xcb_window_t window);

#endif
