/* SPDX-License-Identifier: MIT */
/* How much play time a tick adds, and when the next one comes. Pure. */
#ifndef RECORD_CREDIT_H
#define RECORD_CREDIT_H

#include "heartbeat.h"

/* The wall clock and the boot clock may drift apart by so much between two ticks before it is
 * called a step; a sleep shorter than a second is none. */
enum { CREDIT_CLOCK_STEP_MS = 2000, CREDIT_RESUME_MS = 1000 };

struct credit {
    int64_t credited_ms;
    uint32_t flags; /* bits of heartbeat_flag */
};

/* The credit of a tick at `now` after one at `previous`; NULL: there is none, nothing is known.
 *   first    the first tick of this run of the agent: `previous` was stored by an earlier run, and
 * is worth at most one interval, and only within the same boot: a crash loop mints no minutes
 *   playing  without it the credit is 0; the flags are found all the same
 * Time is measured on the monotonic clock, which stands still while the machine sleeps, and is
 * worth at most two intervals. */
struct credit credit_tick(const struct tick *previous, const struct tick *now, int64_t interval_ms,
                          bool first, bool playing);

/* When the next tick is due after one that was due at `due_ms` and is done at `now_ms`. Ticks are
 * due from the previous due time, and those that were missed are skipped. */
int64_t credit_next_due_ms(int64_t due_ms, int64_t interval_ms, int64_t now_ms);

#endif
