/* SPDX-License-Identifier: MIT */
/* The thread that owns the connection which writes. */
#include "gaps.h"
#include "store_internal.h"

#include "log.h"
#include "pulse.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 64 };
enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 30 * 1000 };

static int64_t now_ms(const struct store *store)
{
    return store->clock->monotonic_ms(store->clock);
}

static int run_request(struct store *store, int (*run)(struct store *, void *, struct error *),
                       void *argument, struct error *error)
{
    int result = transaction_begin(store, error);
    if (result != 0)
        return result;
    return transaction_end(store, run(store, argument, error), error);
}

/* What is taken out of the ring at once. */
struct batch {
    struct ring_entry entries[BATCH];
    int count;
    int64_t lost; /* heartbeats before these that the ring had no room for: they have numbers too */
};

static int write_lost(struct store *store, int64_t lost, struct error *error)
{
    struct gap gap = {.from_seq = store->next_seq,
                      .to_seq = store->next_seq + lost - 1,
                      .count = lost,
                      .reason = "ring_full"};
    return lost > 0 ? gaps_add(store, &gap, error) : 0;
}

static int commit(struct store *store, struct batch *batch, struct error *error)
{
    struct ring_entry *entries = batch->entries;
    int count = batch->count;
    int64_t wall_ms = store->clock->wall_ms(store->clock);
    int result = transaction_begin(store, error);
    if (result != 0)
        return result;
    result = write_lost(store, batch->lost, error);
    for (int i = 0; i < count && result == 0; i++) {
        entries[i].heartbeat.seq = store->next_seq + batch->lost + i;
        result = record_heartbeat(&store->record, &entries[i].heartbeat, wall_ms, error);
        if (result == 0)
            result = closed_days_turn(store, &entries[i].turn, error);
    }
    if (result == 0)
        result = record_tick(&store->record, &entries[count - 1].tick, error);
    return transaction_end(store, result, error);
}

/* A disk that is full takes it after all once the ballast is gone. */
static int commit_or_drop_ballast(struct store *store, struct batch *batch, struct error *error)
{
    store->is_full = false;
    int result = commit(store, batch, error);
    if (result == 0 || !store->is_full || store->health.failed_for_good ||
        !ballast_drop(store->path))
        return result;
    log_warning("store", "%s; what was kept free for this is used now", error->text);
    transaction_fold_wal(store);
    return commit(store, batch, error);
}

/* ---- Draining the ring ---- */

static int64_t head_of(const struct ring *ring)
{
    return ring->put - ring->count;
}

static void after_success(struct store *store, int64_t head, const struct batch *batch)
{
    struct ring *ring = &store->ring;
    int count = batch->count;
    bool was_failing = !store->health.storing;
    int64_t overrun = head_of(ring) - head; /* dropped for room while they were being committed */
    if (overrun > 0)
        ring->dropped -= overrun < count ? overrun : count;
    if (count > overrun)
        ring_drop(ring, count - (int)overrun);
    store->dropped_told += batch->lost;
    store->next_seq += batch->lost;
    if (store->oldest_seq == 0)
        store->oldest_seq = store->next_seq;
    assert(store->oldest_seq <= store->next_seq && count > 0);
    store->next_seq += count;
    store->committed = head + count;
    store->backoff_ms = 0;
    store->waiting_since_ms = now_ms(store);
    if (!store->health.failed_for_good) { /* it is on the disk, but nothing more will be */
        store->health.storing = true;
        store->health.problem[0] = '\0';
    }
    store->health.rows = store->next_seq - store->oldest_seq;
    store->health.durable_seq = store->next_seq - 1;
    store->health.last_commit_monotonic_ms = now_ms(store);
    if (was_failing && store->health.storing)
        log_info("store", "heartbeats are stored again");
}

static void after_failure(struct store *store, const struct error *error)
{
    bool is_news = store->health.storing || strcmp(store->health.problem, error->text) != 0;
    store->backoff_ms = store->backoff_ms == 0 ? BACKOFF_FIRST_MS : store->backoff_ms * 2;
    if (store->backoff_ms > BACKOFF_MAX_MS)
        store->backoff_ms = BACKOFF_MAX_MS;
    store->retry_at_ms = now_ms(store) + store->backoff_ms;
    store->failed_attempt = store->attempts;
    store->health.storing = false;
    snprintf(store->health.problem, sizeof(store->health.problem), "%.255s", error->text);
    if (is_news)
        log_error("store", "%s; heartbeats wait in memory until they can be stored", error->text);
}

static void note_clock_step(struct store *store, const struct ring_entry *entries, int count)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    for (int i = 0; i < count; i++)
        if ((entries[i].heartbeat.flags & HEARTBEAT_CLOCK_STEP) != 0)
            store->prune_at_ms = now_ms(store) + DAY_MS; /* a wrong date must not delete anything */
}

static void take_batch(const struct store *store, struct batch *batch)
{
    batch->count = store->ring.count < BATCH ? store->ring.count : BATCH;
    batch->lost = store->ring.dropped - store->dropped_told;
    assert(batch->lost >= 0);
    for (int i = 0; i < batch->count; i++)
        batch->entries[i] = *ring_at(&store->ring, i);
}

static bool drain_some(struct store *store, bool *more)
{
    struct batch batch;
    struct error error = {0};
    mutex_lock(&store->lock);
    int64_t head = head_of(&store->ring);
    take_batch(store, &batch);
    store->fresh = false;
    store->attempts += batch.count > 0;
    mutex_unlock(&store->lock);
    *more = false;
    if (batch.count == 0)
        return true;

    int result = commit_or_drop_ballast(store, &batch, &error);
    mutex_lock(&store->lock);
    if (result == 0)
        after_success(store, head, &batch);
    else
        after_failure(store, &error);
    *more = result == 0 && store->ring.count > 0;
    if (!*more)
        store->hurry = false;
    condition_broadcast(&store->changed);
    int watchers = store->watchers_count;
    mutex_unlock(&store->lock);

    note_clock_step(store, batch.entries, batch.count);
    if (result == 0)
        writer_measure(store);
    for (int i = 0; i < watchers; i++)
        wakeup_signal(store->watchers[i]);
    return result == 0;
}

bool writer_drain(struct store *store)
{
    bool more = true;
    bool stored = true;
    while (more) {
        pulse_beat();
        stored = drain_some(store, &more);
    }
    return stored;
}

/* ---- The loop ---- */

static struct request *take_request(struct store *store)
{
    mutex_lock(&store->lock);
    struct request *request = store->requests;
    if (request != NULL)
        store->requests = request->next;
    mutex_unlock(&store->lock);
    return request;
}

static bool serve_request(struct store *store)
{
    struct request *request = take_request(store);
    if (request == NULL)
        return false;
    int result = run_request(store, request->run, request->argument, request->error);
    mutex_lock(&store->lock);
    request->result = result;
    request->done = true;
    condition_broadcast(&store->changed);
    mutex_unlock(&store->lock);
    return true;
}

/* When the ring is to be drained: INT64_MAX when it is empty. */
static int64_t drain_at(struct store *store)
{
    mutex_lock(&store->lock);
    int64_t at_ms = store->waiting_since_ms + store->commit_interval_ms;
    if (store->ring.count == 0)
        at_ms = INT64_MAX;
    else if (store->hurry || store->stopping)
        at_ms = 0;
    else if (store->backoff_ms > 0)
        at_ms = store->fresh ? 0 : store->retry_at_ms;
    mutex_unlock(&store->lock);
    return at_ms;
}

static bool is_stopping(struct store *store)
{
    mutex_lock(&store->lock);
    bool stopping = store->stopping && store->requests == NULL;
    mutex_unlock(&store->lock);
    return stopping;
}

void writer_work(void *argument)
{
    struct store *store = argument;
    pulse_take(store->pulse);
    while (!is_stopping(store)) {
        pulse_beat();
        bool served = serve_request(store);
        if (drain_at(store) <= now_ms(store))
            writer_drain(store);
        upkeep_if_due(store);
        if (served)
            continue;
        int64_t until_ms = drain_at(store);
        if (store->prune_at_ms < until_ms)
            until_ms = store->prune_at_ms;
        if (store->look_at_ms < until_ms)
            until_ms = store->look_at_ms;
        if (until_ms > now_ms(store))
            store->clock->wait(store->clock, &store->wakeup, until_ms);
    }
    writer_drain(store);
    pulse_leave();
}

int writer_call(struct store *store, int (*run)(struct store *, void *, struct error *),
                void *argument, struct error *error)
{
    if (!store->running)
        return run_request(store, run, argument, error);

    struct request request = {.run = run, .argument = argument, .error = error};
    mutex_lock(&store->lock);
    struct request **last = &store->requests;
    while (*last != NULL)
        last = &(*last)->next;
    *last = &request;
    wakeup_signal(&store->wakeup);
    pulse_rest();
    while (!request.done)
        condition_wait(&store->changed, &store->lock);
    mutex_unlock(&store->lock);
    pulse_beat();
    return request.result;
}
