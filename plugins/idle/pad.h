/* SPDX-License-Identifier: MIT */
/* A game pad: which input device is one, and which of its events somebody made. Pure. */
#ifndef IDLE_PAD_H
#define IDLE_PAD_H

#include <stdbool.h>
#include <stdint.h>

/* Sticks, pedals and triggers, then hats, as Linux numbers them. What has higher numbers is touched
 * or shaken. */
enum { PAD_AXES = 0x18 };

struct pad_axis {
    int64_t range; /* 0: there is no such axis */
    int64_t rest;  /* where it was when it moved last */
};

/* Plain; nothing to free. All 0 is a pad with buttons alone. */
struct pad {
    struct pad_axis axes[PAD_AXES];
};

/* By the contents of capabilities/key and capabilities/abs below a device of /sys/class/input. */
bool pad_is_one(const char *keys, const char *axes);

void pad_set_axis(struct pad *pad, unsigned axis, int32_t minimum, int32_t maximum, int32_t value);

/* Whether an event is input. Sticks of worn pads tremble and creep without end: a move counts when
 * it leads a fifth of the way from where the axis rested. A button counts when it goes down or up,
 * and not while it is held: something may lie on it. */
bool pad_event(struct pad *pad, uint16_t type, uint16_t code, int32_t value);

#endif
