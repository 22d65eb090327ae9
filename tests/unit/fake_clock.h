/* SPDX-License-Identifier: MIT */
/* A clock that stands still until a test moves it, and then wakes who waits for it. */
#ifndef UNIT_FAKE_CLOCK_H
#define UNIT_FAKE_CLOCK_H

#include "platform/clock.h"
#include "platform/thread.h"

struct fake_clock {
    struct clock clock; /* first: a pointer to it is a pointer to the whole */
    struct mutex lock;  /* guards all below, once other threads run */
    int64_t monotonic_ms;
    int64_t wall_ms;
    struct wakeup *waiting; /* borrowed: of the thread that waits, one at a time */
};

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms);
void fake_clock_advance(struct fake_clock *fake, int64_t ms);
/* Sets the wall clock only. */
void fake_clock_step(struct fake_clock *fake, int64_t ms);

#endif
