/* SPDX-License-Identifier: MIT */
/* A clock that stands still until a test moves it. */
#ifndef UNIT_FAKE_CLOCK_H
#define UNIT_FAKE_CLOCK_H

#include "platform/clock.h"

struct fake_clock {
    struct clock clock; /* first: a pointer to it is a pointer to the whole */
    int64_t monotonic_ms;
    int64_t wall_ms;
};

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms);
void fake_clock_advance(struct fake_clock *fake, int64_t ms);

#endif
