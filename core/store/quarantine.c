/* SPDX-License-Identifier: MIT */
#include "quarantine.h"

#include "gaps.h"
#include "reader.h"

#include <assert.h>

int quarantine_add(struct store *store, const struct store_step *step, struct error *error)
{
    static const char sql[] = "INSERT OR REPLACE INTO quarantine(seq, wall_ms, sink, json, reason)"
                              " VALUES(?, ?, ?, ?, ?)";
    sqlite3_stmt *insert = NULL;
    int result = database_prepare(store->db, sql, &insert, error);
    if (result != 0)
        return result;
    const int64_t values[] = {step->delivered_seq, store->clock->wall_ms(store->clock)};
    database_bind(insert, 2, values);
    sqlite3_bind_text(insert, 3, step->sink, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 4, step->refused_json, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 5, step->refused_error, -1, SQLITE_STATIC);
    result = database_step(insert, error);
    sqlite3_finalize(insert);
    const struct gap gap = {.sink = step->sink,
                            .from_seq = step->delivered_seq,
                            .to_seq = step->delivered_seq,
                            .count = 1,
                            .reason = "quarantined"};
    return result == 0 ? gaps_add(store, &gap, error) : result;
}

int quarantine_count_row(struct store_reader *reader, const char *sink,
                         struct store_delivery *delivery, struct error *error)
{
    static const char sql[] = "SELECT seq FROM quarantine WHERE sink = ? AND seq <= ?"
                              " ORDER BY seq DESC LIMIT ?";
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(reader->db, sql, &statement, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(statement, 1, sink, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, delivery->delivered_seq);
    sqlite3_bind_int(statement, 3, STORE_ROW_MAX);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW &&
           sqlite3_column_int64(statement, 0) ==
               delivery->delivered_seq - delivery->quarantined_in_row)
        delivery->quarantined_in_row++;
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        result = database_fail(reader->db, error);
    sqlite3_finalize(statement);
    return result;
}

/* ---- Looking at it ---- */

int store_each_quarantined(struct store_reader *reader, const char *sink, int64_t seq, int limit,
                           void (*visit)(const struct store_quarantined *quarantined,
                                         void *context),
                           void *context, struct error *error)
{
    static const char sql[] = "SELECT sink, seq, json, reason, wall_ms FROM quarantine WHERE"
                              " (?1 IS NULL OR sink = ?1) AND seq >= ?2 ORDER BY sink, seq"
                              " LIMIT ?3";
    sqlite3_stmt *row = NULL;
    int code = SQLITE_DONE;
    int result = database_prepare(reader->db, sql, &row, error);
    if (result != 0)
        return result;
    if (sink != NULL)
        sqlite3_bind_text(row, 1, sink, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, seq);
    sqlite3_bind_int(row, 3, limit);
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        struct store_quarantined found = {.sink = (const char *)sqlite3_column_text(row, 0),
                                          .seq = sqlite3_column_int64(row, 1),
                                          .json = (const char *)sqlite3_column_text(row, 2),
                                          .reason = (const char *)sqlite3_column_text(row, 3),
                                          .wall_ms = sqlite3_column_int64(row, 4)};
        visit(&found, context);
    }
    if (code != SQLITE_DONE)
        result = database_fail(reader->db, error);
    sqlite3_finalize(row);
    return result;
}

/* ---- Changing it ---- */

struct change {
    const char *sink;
    int64_t seq;
    const char *reason; /* NULL: it goes */
    int64_t count;
};

static int run_change(struct store *store, void *argument, struct error *error)
{
    struct change *change = argument;
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(
        store->db,
        change->reason == NULL ? "DELETE FROM quarantine WHERE sink = ?1 AND (?2 = 0 OR seq = ?2)"
                               : "UPDATE quarantine SET reason = ?3 WHERE sink = ?1 AND seq = ?2",
        &statement, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(statement, 1, change->sink, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, change->seq);
    if (change->reason != NULL)
        sqlite3_bind_text(statement, 3, change->reason, -1, SQLITE_STATIC);
    result = database_step(statement, error);
    change->count = sqlite3_changes64(store->db);
    sqlite3_finalize(statement);
    return result;
}

int store_quarantine_remove(struct store *store, const char *sink, int64_t seq, int64_t *count,
                            struct error *error)
{
    struct change change = {.sink = sink, .seq = seq};
    int result = writer_call(store, run_change, &change, error);
    if (count != NULL)
        *count = result == 0 ? change.count : 0;
    return result;
}

int store_quarantine_note(struct store *store, const char *sink, int64_t seq, const char *reason,
                          struct error *error)
{
    assert(seq > 0 && reason != NULL);
    struct change change = {.sink = sink, .seq = seq, .reason = reason};
    return writer_call(store, run_change, &change, error);
}
