/* SPDX-License-Identifier: MIT */
/* Starting and closing, and the few calls that need no file of their own. */
#include "store_internal.h"

#include "pulse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int store_start(struct store *store, struct error *error)
{
    int result = wakeup_init(&store->wakeup);
    if (store->pulse != NULL)
        store->pulse->bell = &store->wakeup;
    if (result == 0) {
        store->running = true;
        result = thread_start(&store->thread, "store", writer_work, store);
        store->running = result == 0;
    }
    if (result != 0)
        return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made for the store: %s",
                         strerror(result));
    return 0;
}

int store_close(struct store *store, struct error *error)
{
    if (store == NULL)
        return 0;
    if (store->running) {
        mutex_lock(&store->lock);
        store->stopping = true;
        wakeup_signal(&store->wakeup);
        mutex_unlock(&store->lock);
        thread_join(&store->thread);
        wakeup_finish(&store->wakeup);
        store->running = false;
    } else {
        writer_drain(store);
    }
    int lost = store->ring.count;
    if (lost > 0)
        error_set(error, EXIT_CODE_DISK, "%d heartbeats could not be stored: %s", lost,
                  store->health.problem);
    store_release(store);
    return lost > 0 ? EXIT_CODE_DISK : 0;
}

/* ---- Small calls ---- */

const struct heartbeat_origin *store_origin(const struct store *store)
{
    return &store->origin;
}

bool store_last_tick(const struct store *store, struct tick *tick)
{
    *tick = store->last_tick;
    return store->has_last_tick;
}

void store_installation_id(const struct store *store, uint8_t uuid[UUID_BYTES])
{
    memcpy(uuid, store->installation_id, UUID_BYTES);
}

void store_put(struct store *store, const struct heartbeat *heartbeat, const struct tick *tick,
               const struct store_turn *turn)
{
    assert(heartbeat->seq == 0 && heartbeat->credited_ms >= 0);
    mutex_lock(&store->lock);
    if (store->ring.count == 0)
        store->waiting_since_ms = store->clock->monotonic_ms(store->clock);
    ring_put(&store->ring, heartbeat, tick, turn);
    store->fresh = true;
    if (store->running)
        wakeup_signal(&store->wakeup);
    mutex_unlock(&store->lock);
}

int64_t store_committed(struct store *store)
{
    mutex_lock(&store->lock);
    int64_t committed = store->ring.put - store->ring.count;
    mutex_unlock(&store->lock);
    return committed;
}

int64_t store_add_waiting(struct store *store, struct day_account *day)
{
    mutex_lock(&store->lock);
    int64_t committed = store->ring.put - store->ring.count;
    ring_add_usage(&store->ring, day);
    mutex_unlock(&store->lock);
    return committed;
}

int store_settle(struct store *store, struct error *error)
{
    if (!store->running)
        return writer_drain(store) ? 0
                                   : error_set(error, EXIT_CODE_DISK, "%s", store->health.problem);
    mutex_lock(&store->lock);
    int64_t target = store->ring.put;
    /* An attempt that is under way already tells nothing about now. */
    int64_t begun = store->attempts;
    while (store->committed < target && store->failed_attempt <= begun) {
        store->hurry = true;
        wakeup_signal(&store->wakeup);
        pulse_rest();
        condition_wait(&store->changed, &store->lock);
    }
    pulse_beat();
    int result = 0;
    if (store->committed < target)
        result = error_set(error, EXIT_CODE_DISK, "%s", store->health.problem);
    mutex_unlock(&store->lock);
    return result;
}

void store_watch(struct store *store, struct wakeup *wakeup)
{
    mutex_lock(&store->lock);
    assert(store->watchers_count < WATCHERS_MAX);
    store->watchers[store->watchers_count++] = wakeup;
    mutex_unlock(&store->lock);
}

void store_get_health(struct store *store, struct store_health *health)
{
    mutex_lock(&store->lock);
    *health = store->health;
    health->waiting = store->ring.count;
    health->dropped = store->ring.dropped;
    mutex_unlock(&store->lock);
}
