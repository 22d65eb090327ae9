/* SPDX-License-Identifier: MIT */
/*
 * The watch: a service manager with a watchdog hears from the agent only while the parts that must
 * not stand still come round. Detectors and sinks are none of them: one that hangs hurts only
 * itself. Without a watchdog there is no thread, and nobody is woken.
 */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "error.h"
#include "platform/thread.h"
#include "pulse.h"

#include <stdbool.h>

enum watch_part { WATCH_SAMPLER, WATCH_STORE, WATCH_API, WATCH_PARTS };

struct watch {
    struct clock *clock;
    struct pulse pulses[WATCH_PARTS];
    int64_t limit_ms;          /* of silence, which the service manager takes; 0: any */
    int64_t fed_ms;            /* monotonic: when it was told that all is well */
    bool is_told[WATCH_PARTS]; /* the log says that it stands still */
    struct wakeup bell;
    atomic_bool stopping;
    struct thread thread;
    bool is_running;
};

/* The bells let main and the API's thread come round; the store brings its own. All borrowed. */
void watch_init(struct watch *watch, struct clock *clock, struct wakeup *main_bell,
                struct wakeup *api_bell);

/* Starts the thread, when the service manager wants to hear from it. [main] */
int watch_start(struct watch *watch, struct error *error);
void watch_stop(struct watch *watch); /* fine when it was not started. [main] */

/* One look. Returns when the next one is due. [the thread of the watch] */
int64_t watch_look(struct watch *watch, int64_t now_ms);

/* A start or a stop may take long (a migration, a salvage): between these two the service manager
 * is asked to wait for it, for as long as the work goes on. [main] */
void watch_ask_for_time(void);
void watch_need_no_time(void);

#endif
