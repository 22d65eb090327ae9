/* SPDX-License-Identifier: MIT */
/*
 * The hard cap of the database. The oldest heartbeats go, a slice at a time, whoever still waits
 * for them: a gap for each such sink says so, in the same transaction. Totals stay.
 */
#include "gaps.h"
#include "store_internal.h"

#include <assert.h>
#include <inttypes.h>

struct slice {
    int64_t first_seq;
    int64_t last_seq; /* 0: only the newest heartbeat is left, and it stays */
    int64_t newest_ms;
};

/* Pages that are empty can be filled again, and do not count. */
static int is_over(struct store *store, bool *over, struct error *error)
{
    int64_t bytes = 0;
    mutex_lock(&store->lock);
    int64_t max_bytes = store->max_bytes;
    mutex_unlock(&store->lock);
    *over = false;
    if (max_bytes == 0)
        return 0;
    int result = database_integer(store->db,
                                  "SELECT (page_count - freelist_count) * page_size FROM"
                                  " pragma_page_count, pragma_freelist_count, pragma_page_size",
                                  &bytes, error);
    *over = result == 0 && bytes > max_bytes;
    return result;
}

static int find_slice(struct store *store, struct slice *slice, struct error *error)
{
    static const char sql[] =
        "SELECT min(seq), max(seq), max(wall_ms) FROM (SELECT seq, wall_ms FROM heartbeats WHERE"
        " seq < (SELECT max(seq) FROM heartbeats) ORDER BY seq LIMIT ?)";
    sqlite3_stmt *find = NULL;
    int64_t rows = retention_slice_rows(store);
    *slice = (struct slice){0};
    int result = database_prepare(store->db, sql, &find, error);
    if (result != 0)
        return result;
    database_bind(find, 1, &rows);
    if (sqlite3_step(find) == SQLITE_ROW) {
        slice->first_seq = sqlite3_column_int64(find, 0);
        slice->last_seq = sqlite3_column_int64(find, 1);
        slice->newest_ms = sqlite3_column_int64(find, 2);
    } else {
        result = database_fail(store->db, error);
    }
    sqlite3_finalize(find);
    return result;
}

/* Of each sink that is in use, what it misses, and its cursor behind that. */
static int pass_sinks(struct store *store, const struct slice *slice, struct error *error)
{
    sqlite3_stmt *sinks = NULL;
    sqlite3_stmt *move = NULL;
    int code = SQLITE_DONE;
    int result = database_prepare(store->db,
                                  "SELECT s.sink, (SELECT min(seq) FROM heartbeats WHERE seq >"
                                  " s.delivered_seq), (SELECT count(*) FROM heartbeats WHERE"
                                  " seq > s.delivered_seq AND seq <= ?1) FROM sink_cursors s"
                                  " WHERE s.enabled AND s.delivered_seq < ?1",
                                  &sinks, error);
    if (result == 0)
        database_bind(sinks, 1, &slice->last_seq);
    while (result == 0 && (code = sqlite3_step(sinks)) == SQLITE_ROW) {
        struct gap gap = {.sink = (const char *)sqlite3_column_text(sinks, 0),
                          .from_seq = sqlite3_column_int64(sinks, 1),
                          .to_seq = slice->last_seq,
                          .count = sqlite3_column_int64(sinks, 2),
                          .reason = "store_full"};
        assert(gap.count > 0 && gap.count <= gap.to_seq - gap.from_seq + 1);
        result = gaps_add(store, &gap, error);
    }
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(store->db, error);
    sqlite3_finalize(sinks);
    if (result == 0)
        result = database_prepare(store->db,
                                  "UPDATE sink_cursors SET delivered_seq = ?1 WHERE enabled AND"
                                  " delivered_seq < ?1",
                                  &move, error);
    if (result != 0)
        return result;
    database_bind(move, 1, &slice->last_seq);
    result = database_step(move, error);
    sqlite3_finalize(move);
    return result;
}

int cap_slice(struct store *store, bool *more, struct error *error)
{
    struct slice slice;
    int64_t begun_us = clock_measure_us();
    int result = is_over(store, more, error);
    if (result != 0 || !*more)
        return result;
    result = find_slice(store, &slice, error);
    if (result != 0 || slice.last_seq == 0) {
        *more = false;
        return result;
    }
    assert(slice.first_seq <= slice.last_seq && slice.last_seq < store->next_seq);
    result = pass_sinks(store, &slice, error);
    if (result == 0)
        result = retention_delete(store, slice.first_seq - 1, slice.last_seq, INT64_MAX,
                                  slice.newest_ms, error);
    retention_pace(store, clock_measure_us() - begun_us);
    return result;
}
