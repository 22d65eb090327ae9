/* SPDX-License-Identifier: MIT */
/* The thread of one sink. Private to this folder. */
#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include "batch.h"
#include "deliver.h"
#include "platform/thread.h"

struct deliver_worker {
    struct deliver *deliver;     /* borrowed: what all sinks share */
    struct instance *instance;   /* owned; NULL: the agent runs without it */
    struct store_reader *reader; /* owned */
    int64_t sync_interval_ms;
    int64_t timeout_ms;
    int32_t batch_limit; /* 0: unset */
    struct thread thread;
    bool running; /* main's: the thread was started */

    /* The worker's own. */
    struct batch batch;
    bool has_cursor;    /* it was read from the store */
    int64_t cursor;     /* newest seq that is delivered */
    int64_t frozen_seq; /* the border of the batch that is being retried; 0: none */
    int learned_limit;  /* records that the receiver takes at once; 0: not known */
    int64_t failures;   /* in a row */

    struct mutex lock;
    struct deliver_view view; /* guarded by lock */
};

struct deliver {
    struct store *store;
    struct clock *clock;
    deliver_today today;
    void *today_context;
    int count;
    struct deliver_worker workers[]; /* count of them */
};

int deliver_worker_init(struct deliver_worker *worker, struct deliver *deliver,
                        const struct deliver_spec *spec, const char *db_path, struct error *error);
int deliver_worker_start(struct deliver_worker *worker);   /* 0, or an errno */
bool deliver_worker_drain(struct deliver_worker *worker);  /* false: it failed, or was cancelled */
void deliver_worker_finish(struct deliver_worker *worker); /* its thread has ended */

#endif
