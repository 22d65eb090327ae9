/* SPDX-License-Identifier: MIT */
/* What a source of window_title sees: the window that has the focus. Titles are private: they are
 * matched, and go nowhere else unless the user wants to keep them. */
#ifndef WINDOW_TITLE_WINDOW_H
#define WINDOW_TITLE_WINDOW_H

#include "../desktop/source.h"

enum { WINDOW_TITLE_BYTES = 1024, WINDOW_APP_BYTES = 256 };

/* look() of a source fills one of these; all of it is valid UTF-8, cut where it is too long. */
struct window {
    bool is_focused;                /* false: no window has the focus, or the screen is locked */
    bool is_fullscreen;             /* false also where that is not told */
    char title[WINDOW_TITLE_BYTES]; /* "": none */
    char app[WINDOW_APP_BYTES];     /* class on X11, app_id on Wayland; "": none */
};

extern const struct desktop_source window_x11, window_wayland, window_gnome;

#endif
