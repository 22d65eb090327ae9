/* SPDX-License-Identifier: MIT */
/* The thread of one detector. Private to this folder. */
#ifndef DETECT_WORKER_H
#define DETECT_WORKER_H

#include "detect.h"
#include "platform/thread.h"

struct detect_worker {
    struct instance *instance; /* owned; NULL: the agent runs without it */
    struct clock *clock;       /* borrowed */
    struct wakeup *ready;      /* borrowed */
    int64_t interval_ms;
    int64_t deadline_ms; /* that a poll gets */
    struct thread thread;
    bool running; /* main's: the thread was started */

    struct mutex lock;
    struct detect_view view; /* guarded by lock */
};

void detect_worker_init(struct detect_worker *worker, const struct detect_spec *spec,
                        struct clock *clock, struct wakeup *ready);
int detect_worker_start(struct detect_worker *worker);   /* 0, or an errno */
void detect_worker_finish(struct detect_worker *worker); /* its thread has ended */
void detect_worker_get(struct detect_worker *worker, struct detect_view *view);

#endif
