/* SPDX-License-Identifier: MIT */
/* Heartbeats from the quarantine, sent once more, each alone, because somebody wants it. */
#include "worker.h"

#include "log.h"
#include "record/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    int64_t seq; /* 0: there is none */
    char *json;  /* owned */
};

static void keep(const struct store_quarantined *quarantined, void *context)
{
    struct kept *kept = context;
    kept->seq = quarantined->seq;
    kept->json = strdup(quarantined->json);
}

static int find_next(struct deliver_worker *worker, int64_t from_seq, struct kept *kept,
                     struct error *error)
{
    *kept = (struct kept){0};
    return store_each_quarantined(worker->reader, worker->instance->name, from_seq, 1, keep, kept,
                                  error);
}

static void note(struct deliver_worker *worker, bool is_accepted, const char *reason)
{
    mutex_lock(&worker->lock);
    if (is_accepted) {
        worker->replay.accepted++;
    } else {
        worker->replay.refused++;
        text_copy(worker->replay.reason, sizeof(worker->replay.reason), reason);
    }
    mutex_unlock(&worker->lock);
}

/* False: it makes no sense to go on with the next one. */
static bool send(struct deliver_worker *worker, const struct kept *kept, struct error *error)
{
    clb_delivery delivery;
    int result = 0;
    if (!batch_of_json(&worker->batch, kept->json)) {
        note(worker, false, "what was kept of it is not a heartbeat");
        return true;
    }
    attempt_call(worker, &delivery, error);
    bool is_accepted = delivery.outcome == CLB_DELIVERED || delivery.outcome == CLB_CONFLICT;
    bool is_answered = delivery.outcome != CLB_RETRY && delivery.outcome != CLB_HOLD;
    note(worker, is_accepted, error->text);
    const char *sink = worker->instance->name;
    if (is_accepted)
        result = store_quarantine_remove(worker->deliver->store, sink, kept->seq, NULL, error);
    else if (is_answered)
        result = store_quarantine_note(worker->deliver->store, sink, kept->seq, error->text, error);
    if (result != 0)
        note(worker, false, error->text);
    log_info(sink, "heartbeat %" PRId64 " from the quarantine is %s", kept->seq,
             is_accepted ? "taken" : "not taken");
    return is_answered && result == 0;
}

static bool send_next(struct deliver_worker *worker, int64_t *seq, bool is_only_one)
{
    struct error error = {0};
    struct kept kept;
    if (find_next(worker, *seq, &kept, &error) != 0) {
        note(worker, false, error.text);
        return false;
    }
    bool is_there = kept.json != NULL && (!is_only_one || kept.seq == *seq);
    bool goes_on = is_there && send(worker, &kept, &error) && !is_only_one;
    free(kept.json);
    *seq = kept.seq + 1;
    return goes_on;
}

static bool is_started(struct deliver_worker *worker)
{
    struct error error = {0};
    if (worker->instance->state == INSTANCE_RUNNING ||
        instance_start(worker->instance, &error) == CLB_OK)
        return true;
    note(worker, false, error.text);
    return false;
}

void replay(struct deliver_worker *worker)
{
    mutex_lock(&worker->lock);
    int64_t wanted = worker->replay.seq;
    mutex_unlock(&worker->lock);
    atomic_store(&worker->replay_wanted, false);
    int64_t seq = wanted;
    /* The batch still holds what the store has to learn of. */
    bool goes_on = attempt_settle(worker) && is_started(worker);
    while (goes_on && !worker_is_cancelled(worker))
        goes_on = send_next(worker, &seq, wanted != 0);
    mutex_lock(&worker->lock);
    worker->replay.is_busy = false;
    mutex_unlock(&worker->lock);
}
