/* SPDX-License-Identifier: MIT */
#include "pulse.h"

#include <assert.h>
#include <stddef.h>

static _Thread_local struct pulse *own;
static _Atomic(pulse_observer) the_observer;

void pulse_init(struct pulse *pulse, const char *name, struct clock *clock, struct wakeup *bell)
{
    pulse->name = name;
    pulse->clock = clock;
    pulse->bell = bell;
    atomic_init(&pulse->well_ms, INT64_MAX);
}

void pulse_take(struct pulse *pulse)
{
    assert(own == NULL);
    own = pulse;
    pulse_beat();
}

void pulse_leave(void)
{
    pulse_rest();
    own = NULL;
}

void pulse_beat(void)
{
    pulse_excuse(0);
}

void pulse_excuse(int64_t ms)
{
    assert(ms >= 0);
    if (own == NULL)
        return;
    int64_t now_ms = own->clock->monotonic_ms(own->clock);
    atomic_store(&own->well_ms, now_ms + ms);
    pulse_observer observer = atomic_load(&the_observer);
    if (observer != NULL)
        observer(now_ms, now_ms + ms);
}

void pulse_rest(void)
{
    if (own != NULL)
        atomic_store(&own->well_ms, INT64_MAX);
}

void pulse_observe(pulse_observer observer)
{
    atomic_store(&the_observer, observer);
}
