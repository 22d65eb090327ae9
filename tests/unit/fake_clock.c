/* SPDX-License-Identifier: MIT */
#include "fake_clock.h"

#include "platform/wakeup.h"

#include <stdio.h>

static struct fake_clock *fake_of(struct clock *clock)
{
    return (struct fake_clock *)(void *)clock;
}

static int64_t get(struct fake_clock *fake, const int64_t *field)
{
    mutex_lock(&fake->lock);
    int64_t value = *field;
    mutex_unlock(&fake->lock);
    return value;
}

static int64_t get_monotonic_ms(struct clock *clock)
{
    return get(fake_of(clock), &fake_of(clock)->monotonic_ms);
}

static int64_t get_wall_ms(struct clock *clock)
{
    return get(fake_of(clock), &fake_of(clock)->wall_ms);
}

/* No time passes by itself: only the bell ends a sleep, and advance() rings it. */
static bool wait_for_bell(struct clock *clock, struct wakeup *wakeup, int64_t until_ms)
{
    struct fake_clock *fake = fake_of(clock);
    mutex_lock(&fake->lock);
    bool is_over = fake->monotonic_ms >= until_ms;
    fake->waiting = wakeup;
    mutex_unlock(&fake->lock);
    return !is_over && wakeup_wait(wakeup, -1);
}

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms)
{
    *fake = (struct fake_clock){.monotonic_ms = 1000 * 1000, .wall_ms = wall_ms};
    fake->clock.monotonic_ms = get_monotonic_ms;
    fake->clock.boottime_ms = get_monotonic_ms;
    fake->clock.wall_ms = get_wall_ms;
    fake->clock.wait = wait_for_bell;
    snprintf(fake->clock.boot_id, sizeof(fake->clock.boot_id), "boot-1");
    mutex_init(&fake->lock);
}

void fake_clock_advance(struct fake_clock *fake, int64_t ms)
{
    mutex_lock(&fake->lock);
    fake->monotonic_ms += ms;
    fake->wall_ms += ms;
    if (fake->waiting != NULL)
        wakeup_signal(fake->waiting);
    mutex_unlock(&fake->lock);
}

void fake_clock_step(struct fake_clock *fake, int64_t ms)
{
    mutex_lock(&fake->lock);
    fake->wall_ms += ms;
    mutex_unlock(&fake->lock);
}
