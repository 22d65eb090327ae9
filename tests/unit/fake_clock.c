/* SPDX-License-Identifier: MIT */
#include "fake_clock.h"

#include "platform/wakeup.h"

#include <stdio.h>

static int64_t get_monotonic_ms(struct clock *clock)
{
    return ((struct fake_clock *)(void *)clock)->monotonic_ms;
}

static int64_t get_wall_ms(struct clock *clock)
{
    return ((struct fake_clock *)(void *)clock)->wall_ms;
}

/* No time passes: only the bell ends a sleep. */
static bool wait_for_bell(struct clock *clock, struct wakeup *wakeup, int64_t until_ms)
{
    (void)clock;
    (void)until_ms;
    return wakeup_wait(wakeup, -1);
}

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms)
{
    *fake = (struct fake_clock){.monotonic_ms = 1000 * 1000, .wall_ms = wall_ms};
    fake->clock.monotonic_ms = get_monotonic_ms;
    fake->clock.boottime_ms = get_monotonic_ms;
    fake->clock.wall_ms = get_wall_ms;
    fake->clock.wait = wait_for_bell;
    snprintf(fake->clock.boot_id, sizeof(fake->clock.boot_id), "boot-1");
}

void fake_clock_advance(struct fake_clock *fake, int64_t ms)
{
    fake->monotonic_ms += ms;
    fake->wall_ms += ms;
}
