/* SPDX-License-Identifier: MIT */
/* Old heartbeats go, once every enabled sink has them. Their totals stay. */
#include "store_internal.h"

#include "record/usage.h"
#include "zone/civil.h"

#include <inttypes.h>
#include <stdio.h>

enum { SLICE_ROWS = 500 };

struct slice {
    int64_t cutoff_ms;
    int64_t last_seq; /* the newest that may go */
};

static int find_slice(struct store *store, struct slice *slice, struct error *error)
{
    mutex_lock(&store->lock);
    int64_t days = store->retention_days;
    mutex_unlock(&store->lock);
    slice->cutoff_ms = store->clock->wall_ms(store->clock) - days * CIVIL_DAY_MS;
    /* The newest row stays: its seq must not be given again. */
    return database_integer(store->db,
                            "SELECT min(coalesce((SELECT max(seq) FROM heartbeats), 0) - 1,"
                            " coalesce((SELECT min(delivered_seq) FROM sink_cursors WHERE enabled),"
                            " 9223372036854775807))",
                            &slice->last_seq, error);
}

/* verify compares only what the rows that are left cover completely. */
static int remember_border(struct store *store, int64_t newest_ms, struct error *error)
{
    char sql[224];
    int64_t border_ms = (newest_ms / USAGE_SLOT_MS + 1) * USAGE_SLOT_MS;
    snprintf(sql, sizeof(sql),
             "INSERT INTO meta VALUES('pruned_before_ms', %" PRId64 ")"
             " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
             border_ms);
    return database_exec(store->db, sql, error);
}

int retention_slice(struct store *store, int64_t *deleted, bool *more, struct error *error)
{
    char sql[320];
    struct slice slice;
    int64_t newest_ms = 0;
    *deleted = 0;
    *more = false;
    int result = find_slice(store, &slice, error);
    if (result != 0)
        return result;

    snprintf(sql, sizeof(sql),
             "SELECT max(wall_ms) FROM (SELECT wall_ms FROM heartbeats WHERE seq <= %" PRId64
             " AND wall_ms < %" PRId64 " ORDER BY seq LIMIT %d)",
             slice.last_seq, slice.cutoff_ms, SLICE_ROWS);
    result = database_integer(store->db, sql, &newest_ms, error);
    if (result != 0 || newest_ms == 0)
        return result;

    result = remember_border(store, newest_ms, error);
    snprintf(sql, sizeof(sql),
             "DELETE FROM heartbeats WHERE seq IN (SELECT seq FROM heartbeats WHERE seq <= %" PRId64
             " AND wall_ms < %" PRId64 " ORDER BY seq LIMIT %d)",
             slice.last_seq, slice.cutoff_ms, SLICE_ROWS);
    if (result == 0)
        result = database_exec(store->db, sql, error);
    *deleted = sqlite3_changes64(store->db);
    *more = *deleted == SLICE_ROWS;
    if (result == 0)
        result = database_integer(store->db, "SELECT min(seq) FROM heartbeats", &store->oldest_seq,
                                  error);
    if (result == 0)
        result = database_exec(
            store->db, "DELETE FROM day_splits WHERE seq < (SELECT min(seq) FROM heartbeats)",
            error);
    return result;
}

struct prune {
    int64_t deleted;
    bool more;
};

static int run_slice(struct store *store, void *argument, struct error *error)
{
    struct prune *prune = argument;
    return retention_slice(store, &prune->deleted, &prune->more, error);
}

int store_prune(struct store *store, int64_t *deleted, struct error *error)
{
    struct prune prune = {.more = true};
    int64_t total = 0;
    int result = 0;
    while (result == 0 && prune.more) {
        result = writer_call(store, run_slice, &prune, error);
        total += result == 0 ? prune.deleted : 0;
    }
    if (deleted != NULL)
        *deleted = total;
    return result;
}

void store_set_retention(struct store *store, int retention_days)
{
    mutex_lock(&store->lock);
    store->retention_days = retention_days;
    mutex_unlock(&store->lock);
}
