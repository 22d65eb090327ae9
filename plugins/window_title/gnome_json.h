/* SPDX-License-Identifier: MIT */
/* What the GNOME extension "Focused Window D-Bus" says of a window, as JSON. Pure. */
#ifndef WINDOW_TITLE_GNOME_JSON_H
#define WINDOW_TITLE_GNOME_JSON_H

#include "window.h"

#include <stddef.h>

/* An object without members is no window. False: it is no such text, and `window` says nothing. */
bool gnome_json_read(const char *text, size_t length, struct window *window);

#endif
