/* SPDX-License-Identifier: MIT */
/* What a source of idle sees: when there was input last, and whether the screen is locked. */
#ifndef IDLE_INPUT_H
#define IDLE_INPUT_H

#include "../desktop/source.h"

enum input_knowledge {
    INPUT_UNKNOWN, /* this source only knows of the lock, or of input when there is some */
    INPUT_ROUGHLY, /* by what the desktop told another service: it may be minutes off, or never tell
                    */
    INPUT_EXACTLY
};

/* look() of a source fills one of these. */
struct input {
    enum input_knowledge knowledge;
    int64_t idle_ms; /* since the last input, as far as is known; INT64_MAX when unknown */
    bool is_locked;  /* the screen, or it shows another's session */
};

extern const struct desktop_source input_x11, input_wayland, input_gnome, input_logind,
    input_gamepads;

#endif
