/* SPDX-License-Identifier: MIT */
/* The thread of one sink. Private to this folder. */
#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include "batch.h"
#include "deliver.h"
#include "platform/thread.h"
#include "policy.h"

#include <stdatomic.h>

/* What the store has to learn of the newest attempt, before the next one. */
struct unsaved {
    bool is_any;
    int64_t told_gap;       /* 0: none */
    const char *refused;    /* JSON of the heartbeat that goes into quarantine, in the batch; NULL:
                               none */
    char last_error[512];   /* "": none */
    int64_t retry_at_ms;    /* wall clock; 0: none */
    int64_t inflight_seq;   /* what the store knows of policy.border */
    int64_t store_failures; /* in a row */
};

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
    struct store_gap gap; /* the batch is this one; number 0: it is heartbeats */
    bool is_loaded;       /* what follows was read from the store */
    struct policy policy;
    struct unsaved unsaved;
    bool was_asked_to_wait; /* by the receiver: the pause is not ours to cut short */

    atomic_bool network_changed; /* the bell of the instance was rung because of it */
    atomic_bool replay_wanted;

    struct mutex lock;
    struct deliver_view view;     /* guarded by lock, as all below */
    struct deliver_replay replay; /* what is wanted, and what came of it */
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
void deliver_worker_replay(struct deliver_worker *worker); /* what is wanted, without a thread */
void deliver_worker_finish(struct deliver_worker *worker); /* its thread has ended */

/* ---- Parts of the worker. All [worker]. ---- */

int64_t worker_now_ms(const struct deliver_worker *worker);
int64_t worker_wall_ms(const struct deliver_worker *worker);
bool worker_is_cancelled(const struct deliver_worker *worker);

/* attempt.c: the newest state from the store, the first time. False: it cannot be read, *pause_ms
 * says when to try again. */
bool attempt_load(struct deliver_worker *worker, int64_t *pause_ms);
/* Offers the next batch. Returns the pause before the next attempt, 0: none. `is_empty`: there was
 * nothing to offer. */
int64_t attempt(struct deliver_worker *worker, bool *is_empty);
/* Lets the store learn what it does not know yet. False: it cannot. */
bool attempt_settle(struct deliver_worker *worker);
/* Calls the sink with the batch. */
void attempt_call(struct deliver_worker *worker, clb_delivery *delivery, struct error *error);

/* replay.c: sends what is wanted of the quarantine once more. */
void replay(struct deliver_worker *worker);

/* view.c: what others see. */
void view_success(struct deliver_worker *worker, int64_t records);
void view_failure(struct deliver_worker *worker, enum deliver_state state, const char *reason,
                  int64_t records);
/* Some were refused, and the rest goes on. */
void view_refusal(struct deliver_worker *worker, const char *reason, int64_t records);
void view_nothing_left(struct deliver_worker *worker);
void view_next_attempt(struct deliver_worker *worker, int64_t next_ms);
void view_state(struct deliver_worker *worker, enum deliver_state state, const char *reason);

#endif
