/* SPDX-License-Identifier: MIT */
/* Is the screen locked? What locks it on X11 puts a window over all others, past the window
 * manager, for which the one below goes on having the focus. It is known by its name. */
#ifndef WINDOW_TITLE_X11_LOCK_H
#define WINDOW_TITLE_X11_LOCK_H

#include "../desktop/x11.h"

struct x11_lock {
    xcb_window_t window; /* 0: it is not locked */
};

/* Of the root window. */
enum { X11_LOCK_EVENTS = XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY };

/* Does the event say that the screen was locked, or unlocked? */
bool x11_lock_is_news(const struct x11_lock *lock, const xcb_generic_event_t *event);

/* Looks at the windows on top. */
void x11_lock_find(struct x11_lock *lock, struct x11 *x11);

#endif
