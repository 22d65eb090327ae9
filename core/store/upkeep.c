/* SPDX-License-Identifier: MIT */
/* What the writer does between heartbeats: old rows go, and it looks around the database. */
#include "store_internal.h"

#include "log.h"
#include "salvage.h"

#include <assert.h>
#include <stdio.h>

enum { PRUNE_EVERY_MS = 3600 * 1000, LOOK_EVERY_MS = 60 * 1000 };

static int64_t now_ms(const struct store *store)
{
    return store->clock->monotonic_ms(store->clock);
}

void writer_measure(struct store *store)
{
    char wal[4096 + 8];
    snprintf(wal, sizeof(wal), "%s-wal", store->path);
    assert(store->oldest_seq < store->next_seq || store->oldest_seq == 0);
    int64_t bytes = file_size(store->path) + file_size(wal);
    (void)file_identify(wal, &store->wal);
    mutex_lock(&store->lock);
    store->health.bytes = bytes;
    store->health.rows = store->oldest_seq == 0 ? 0 : store->next_seq - store->oldest_seq;
    mutex_unlock(&store->lock);
}

static void prune_if_due(struct store *store)
{
    struct error error = {0};
    int64_t deleted = 0;
    bool more = false;
    if (now_ms(store) < store->prune_at_ms)
        return;
    int result = transaction_begin(store, &error);
    if (result == 0)
        result = transaction_end(store, retention_slice(store, &deleted, &more, &error), &error);
    if (result != 0)
        log_warning("store", "old heartbeats cannot be deleted: %s", error.text);
    store->prune_at_ms = result == 0 && more ? 0 : now_ms(store) + PRUNE_EVERY_MS;
}

static int keep_below_cap(struct store *store, bool *more, struct error *error)
{
    int result = transaction_begin(store, error);
    if (result == 0)
        result = transaction_end(store, cap_slice(store, more, error), error);
    return result;
}

static int give_back_room(struct store *store, bool *more, struct error *error)
{
    int result = transaction_begin(store, error);
    if (result == 0)
        result = transaction_end(store, retention_give_back(store, more, error), error);
    return result;
}

/* What may have come about around the database while nobody wrote. */
static void look_around_if_due(struct store *store)
{
    struct error error = {0};
    bool more = false;
    if (now_ms(store) < store->look_at_ms)
        return;
    store->look_at_ms = now_ms(store) + LOOK_EVERY_MS;
    if (store->health.failed_for_good)
        return;
    if (salvage_is_noted(store->path)) {
        transaction_give_up(store, "somebody who read the database found it damaged");
        return;
    }
    int result = keep_below_cap(store, &more, &error);
    if (result == 0 && !more)
        result = give_back_room(store, &more, &error);
    if (result == 0 && more)
        store->look_at_ms = 0;
    if (error.text[0] != '\0')
        log_warning("store", "%s", error.text);
    if (store->health.storing)
        ballast_place(store->path);
    writer_measure(store);
}

void upkeep_if_due(struct store *store)
{
    prune_if_due(store);
    look_around_if_due(store);
}
