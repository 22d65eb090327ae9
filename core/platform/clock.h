/* SPDX-License-Identifier: MIT */
/* Time as the agent sees it. The clock is handed to whoever needs it, and nothing else may ask the
 * system for the time or sleep: the whole agent then runs under a simulated clock in tests. */
#ifndef PLATFORM_CLOCK_H
#define PLATFORM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct wakeup;

enum { BOOT_ID_CAPACITY = 40 };

struct clock {
    /* Since some start; stands still while the machine sleeps. [any thread] */
    int64_t (*monotonic_ms)(struct clock *clock);
    /* The same, but goes on while the machine sleeps. [any thread] */
    int64_t (*boottime_ms)(struct clock *clock);
    /* Since 1970-01-01 UTC; may jump. [any thread] */
    int64_t (*wall_ms)(struct clock *clock);
    /* Sleeps until `wakeup` is signalled (true, and the signal is taken) or monotonic_ms() reaches
     * `until_ms` (false). INT64_MAX: for ever. [the one thread that owns the wakeup] */
    bool (*wait)(struct clock *clock, struct wakeup *wakeup, int64_t until_ms);
    char boot_id[BOOT_ID_CAPACITY]; /* differs from boot to boot */
};

/* Microseconds since some start, for measuring what a call costs: never for the agent's own time.
 */
int64_t clock_measure_us(void);

/* The clock of this machine. */
void clock_init_system(struct clock *clock);

#endif
