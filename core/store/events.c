/* SPDX-License-Identifier: MIT */
/* What befell the database: the newest event is kept in it, for /status. */
#include "gaps.h"
#include "store_internal.h"

#include "record/text.h"

#include <assert.h>

int events_put(sqlite3 *db, int64_t wall_ms, const char *sentence, struct error *error)
{
    sqlite3_stmt *put = NULL;
    assert(sentence[0] != '\0');
    int result = database_prepare(db,
                                  "INSERT INTO meta VALUES('event_ms', ?1), ('event', ?2)"
                                  " ON CONFLICT DO UPDATE SET value = excluded.value",
                                  &put, error);
    if (result != 0)
        return result;
    sqlite3_bind_int64(put, 1, wall_ms);
    sqlite3_bind_text(put, 2, sentence, -1, SQLITE_STATIC);
    result = database_step(put, error);
    sqlite3_finalize(put);
    return result;
}

int events_read(struct store *store, struct error *error)
{
    sqlite3_stmt *read = NULL;
    int64_t event_ms;
    int result = database_integer(store->db, "SELECT value FROM meta WHERE key = 'event_ms'",
                                  &event_ms, error);
    if (result == 0)
        result =
            database_prepare(store->db, "SELECT value FROM meta WHERE key = 'event'", &read, error);
    if (result != 0)
        return result;
    const char *event =
        sqlite3_step(read) == SQLITE_ROW ? (const char *)sqlite3_column_text(read, 0) : NULL;
    mutex_lock(&store->lock);
    store->health.event_ms = event_ms;
    text_copy(store->health.event, sizeof(store->health.event), event);
    mutex_unlock(&store->lock);
    sqlite3_finalize(read);
    return 0;
}

/* ---- Holes that a salvage left ---- */

/* To each sink that has not been there yet; to all, when no sink is known. */
static int tell_hole(struct store *store, int64_t from_seq, int64_t to_seq, struct error *error)
{
    sqlite3_stmt *sinks = NULL;
    assert(from_seq > 0 && from_seq <= to_seq && to_seq < store->next_seq);
    struct gap gap = {.to_seq = to_seq, .reason = "damaged"};
    int told = 0;
    int result =
        database_prepare(store->db, "SELECT sink, delivered_seq FROM sink_cursors", &sinks, error);
    while (result == 0 && sqlite3_step(sinks) == SQLITE_ROW) {
        int64_t delivered_seq = sqlite3_column_int64(sinks, 1);
        told++;
        gap.sink = (const char *)sqlite3_column_text(sinks, 0);
        gap.from_seq = delivered_seq >= from_seq ? delivered_seq + 1 : from_seq;
        gap.count = to_seq - gap.from_seq + 1;
        if (gap.count > 0)
            result = gaps_add(store, &gap, error);
    }
    sqlite3_finalize(sinks);
    if (result != 0 || told > 0)
        return result;
    gap = (struct gap){NULL, from_seq, to_seq, to_seq - from_seq + 1, "damaged"};
    return gaps_add(store, &gap, error);
}

int events_tell_holes(struct store *store, struct error *error)
{
    /* Holes that an earlier gap tells of are none. */
    static const char sql[] =
        "SELECT seq + 1, next - 1 FROM (SELECT seq, lead(seq) OVER (ORDER BY seq) AS next FROM"
        " heartbeats) WHERE next > seq + 1 AND NOT EXISTS (SELECT 1 FROM gaps WHERE"
        " from_seq <= seq + 1 AND to_seq >= next - 1)";
    sqlite3_stmt *holes = NULL;
    int64_t untold;
    int result = database_integer(store->db, "SELECT value FROM meta WHERE key = 'untold_holes'",
                                  &untold, error);
    if (result != 0 || untold == 0)
        return result;
    result = database_prepare(store->db, sql, &holes, error);
    while (result == 0 && sqlite3_step(holes) == SQLITE_ROW)
        result =
            tell_hole(store, sqlite3_column_int64(holes, 0), sqlite3_column_int64(holes, 1), error);
    sqlite3_finalize(holes);
    if (result == 0)
        result = database_exec(store->db, "DELETE FROM meta WHERE key = 'untold_holes'", error);
    return result;
}
