/* SPDX-License-Identifier: MIT */
/* Old heartbeats go, once every enabled sink has them. Their totals stay. */
#include "store_internal.h"

#include "record/usage.h"
#include "zone/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { SLICE_ROWS = 250, SLICE_ROWS_MIN = 16, SLICE_ROWS_MAX = 1000, SLICE_PAGES = 64 };
/* A heartbeat must not wait longer for the writer. */
enum { SLICE_US = 10 * 1000 };
/* What the next hour writes anyway is not given back: moving pages to and fro would wear the disk.
 */
enum { SPARE_PAGES = 128 };

/* A clock that is wrong at boot is set soon after. */
enum { FIRST_MS = 600 * 1000 };

int retention_slice_rows(struct store *store)
{
    if (store->slice_rows == 0)
        store->slice_rows = SLICE_ROWS;
    return store->slice_rows;
}

/* The next slice is as large as this machine and its disk allow. */
void retention_pace(struct store *store, int64_t took_us)
{
    int rows = retention_slice_rows(store);
    if (took_us > SLICE_US * 8 / 10)
        rows /= 2;
    else if (took_us < SLICE_US / 4)
        rows += rows / 4;
    assert(took_us >= 0);
    store->slice_rows = rows < SLICE_ROWS_MIN   ? SLICE_ROWS_MIN
                        : rows > SLICE_ROWS_MAX ? SLICE_ROWS_MAX
                                                : rows;
}

/* The next rows in order of seq. */
struct slice {
    int64_t after_seq;
    int64_t cutoff_ms;
    int64_t last_seq; /* 0: there are no rows left that may go */
    int64_t old;      /* rows before the cutoff */
    int64_t newest_old_ms;
    bool has_future; /* a clock was ahead once: what is old may lie behind */
};

static int64_t cutoff_ms(struct store *store, int64_t wall_ms)
{
    mutex_lock(&store->lock);
    int64_t days = store->retention_days;
    mutex_unlock(&store->lock);
    return wall_ms - days * CIVIL_DAY_MS;
}

static int look_at_slice(struct store *store, struct slice *slice, struct error *error)
{
    /* The newest row stays: its seq must not be given again. */
    static const char sql[] =
        "SELECT max(seq), count(*) FILTER (WHERE wall_ms < ?2), max(wall_ms) FILTER (WHERE"
        " wall_ms < ?2), max(wall_ms) > ?3 FROM (SELECT seq, wall_ms FROM heartbeats WHERE"
        " seq > ?1 AND seq < (SELECT max(seq) FROM heartbeats) AND seq <= coalesce((SELECT"
        " min(delivered_seq) FROM sink_cursors WHERE enabled), 9223372036854775807)"
        " ORDER BY seq LIMIT ?4)";
    sqlite3_stmt *statement = NULL;
    int64_t wall_ms = store->clock->wall_ms(store->clock);
    *slice =
        (struct slice){.after_seq = store->pruned_to_seq, .cutoff_ms = cutoff_ms(store, wall_ms)};
    const int64_t values[] = {slice->after_seq, slice->cutoff_ms, wall_ms,
                              retention_slice_rows(store)};
    int result = database_prepare(store->db, sql, &statement, error);
    if (result != 0)
        return result;
    database_bind(statement, 4, values);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        slice->last_seq = sqlite3_column_int64(statement, 0);
        slice->old = sqlite3_column_int64(statement, 1);
        slice->newest_old_ms = sqlite3_column_int64(statement, 2);
        slice->has_future = sqlite3_column_int(statement, 3) != 0;
    } else {
        result = database_fail(store->db, error);
    }
    sqlite3_finalize(statement);
    return result;
}

int retention_delete(struct store *store, int64_t after_seq, int64_t last_seq, int64_t cutoff_ms,
                     int64_t newest_ms, struct error *error)
{
    /* verify compares only what the rows that are left cover completely. */
    int64_t border_ms = (newest_ms / USAGE_SLOT_MS + 1) * USAGE_SLOT_MS;
    const int64_t rows[] = {after_seq, last_seq, cutoff_ms};
    assert(after_seq < last_seq && last_seq < store->next_seq - 1); /* the newest row stays */
    int64_t begun_us = clock_measure_us();
    int result = database_change(store->db,
                                 "INSERT INTO meta VALUES('pruned_before_ms', ?)"
                                 " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
                                 1, &border_ms, error);
    if (result == 0)
        result = database_change(
            store->db, "DELETE FROM heartbeats WHERE seq > ? AND seq <= ? AND wall_ms < ?", 3, rows,
            error);
    if (result == 0)
        result = database_change(store->db,
                                 "DELETE FROM day_splits WHERE seq > ? AND seq <= ? AND NOT EXISTS"
                                 " (SELECT 1 FROM heartbeats h WHERE h.seq = day_splits.seq)",
                                 2, rows, error);
    if (result == 0)
        result = database_integer(store->db, "SELECT min(seq) FROM heartbeats", &store->oldest_seq,
                                  error);
    retention_pace(store, clock_measure_us() - begun_us);
    return result;
}

/* Some of the pages that deleting left empty go back to the file system. */
int retention_give_back(struct store *store, bool *more, struct error *error)
{
    char sql[64];
    int64_t empty;
    int result = database_integer(store->db, "PRAGMA freelist_count", &empty, error);
    *more = result == 0 && empty > SPARE_PAGES;
    if (!*more)
        return result;
    int64_t pages = empty - SPARE_PAGES < SLICE_PAGES ? empty - SPARE_PAGES : SLICE_PAGES;
    snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%" PRId64 ")", pages);
    return database_exec(store->db, sql, error);
}

/* Rows lie in order of time but where a clock was set, so the first slice that is neither old nor
 * from the future ends the search: it costs the same however many rows there are. */
int retention_slice(struct store *store, int64_t *deleted, bool *more, struct error *error)
{
    struct slice slice;
    *deleted = 0;
    *more = false;
    int result = look_at_slice(store, &slice, error);
    if (result != 0)
        return result;
    if (slice.last_seq == 0 || (slice.old == 0 && !slice.has_future)) {
        store->pruned_to_seq = 0;
        return retention_give_back(store, more, error);
    }
    if (slice.old > 0)
        result = retention_delete(store, slice.after_seq, slice.last_seq, slice.cutoff_ms,
                                  slice.newest_old_ms, error);
    if (result == 0)
        *deleted = slice.old;
    store->pruned_to_seq = result == 0 ? slice.last_seq : 0;
    *more = result == 0;
    return result;
}

/* Did the clock step within the heartbeats of a day? They may be up to so many. */
static int find_step(struct store *store, bool *found, struct error *error)
{
    enum { ROWS_OF_A_DAY = 24 * 3600 };
    char sql[192];
    int64_t stepped;
    snprintf(sql, sizeof(sql),
             "SELECT EXISTS(SELECT 1 FROM heartbeats WHERE seq > (SELECT max(seq) FROM heartbeats)"
             " - %d AND (flags & %d) <> 0)",
             (int)ROWS_OF_A_DAY, (int)HEARTBEAT_CLOCK_STEP);
    int result = database_integer(store->db, sql, &stepped, error);
    *found = stepped != 0;
    return result;
}

int retention_begin(struct store *store, struct error *error)
{
    int64_t newest_ms;
    bool stepped = false;
    int result = database_integer(
        store->db, "SELECT wall_ms FROM heartbeats ORDER BY seq DESC LIMIT 1", &newest_ms, error);
    if (result == 0)
        result = find_step(store, &stepped, error);
    bool all_too_old =
        newest_ms != 0 && newest_ms < cutoff_ms(store, store->clock->wall_ms(store->clock));
    store->prune_at_ms = store->clock->monotonic_ms(store->clock) +
                         (all_too_old || stepped ? CIVIL_DAY_MS : FIRST_MS);
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

void store_set_retention(struct store *store, int retention_days, int64_t max_bytes)
{
    mutex_lock(&store->lock);
    store->retention_days = retention_days;
    store->max_bytes = max_bytes;
    mutex_unlock(&store->lock);
}
