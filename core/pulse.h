/* SPDX-License-Identifier: MIT */
/*
 * The pulse of a thread that must not stand still: it beats when the thread comes round, and during
 * work that takes long. Who watches it can tell work from a standstill. A thread without a pulse
 * (those of plugins, of commands, of tests) calls the same functions, and nothing happens.
 */
#ifndef CORE_PULSE_H
#define CORE_PULSE_H

#include "platform/clock.h"
#include "platform/wakeup.h"

#include <stdatomic.h>

struct pulse {
    const char *name;     /* static: "the store" */
    struct clock *clock;  /* borrowed */
    struct wakeup *bell;  /* borrowed; lets its thread come round */
    atomic_llong well_ms; /* monotonic: until here all is well; INT64_MAX: nothing is expected */
};

/* Nothing is expected of it until a thread takes it. [before others look at it] */
void pulse_init(struct pulse *pulse, const char *name, struct clock *clock, struct wakeup *bell);

/* The calling thread has this pulse from now on, until it leaves it. NULL: it has none. */
void pulse_take(struct pulse *pulse);
void pulse_leave(void);

/* The calling thread got on with its work. */
void pulse_beat(void);
/* It begins with something that cannot be interrupted to beat, and takes so long at most. */
void pulse_excuse(int64_t ms);
/* It waits for another thread that has a pulse of its own: nothing is expected until it beats. */
void pulse_rest(void);

/* Is told of each beat until NULL is set: what takes long goes on. [any thread, on any thread] */
typedef void (*pulse_observer)(int64_t now_ms, int64_t well_ms);
void pulse_observe(pulse_observer observer);

#endif
