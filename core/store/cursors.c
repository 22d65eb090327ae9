/* SPDX-License-Identifier: MIT */
/* How far each sink got: one row per sink. */
#include "delivery.h"
#include "gaps.h"
#include "quarantine.h"
#include "reader.h"
#include "record/text.h"

#include <assert.h>

struct enable {
    const char *sink;
    bool from_now;
};

static int run_for_sink(sqlite3 *db, const char *sql, const char *sink, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(db, sql, &statement, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(statement, 1, sink, -1, SQLITE_STATIC);
    result = database_step(statement, error);
    sqlite3_finalize(statement);
    return result;
}

/* Where a new sink begins. What the first agent had sent already need not be sent again. */
static int first_cursor(struct store *store, bool from_now, int64_t *seq, struct error *error)
{
    *seq = store->next_seq - 1;
    if (from_now)
        return 0;
    int64_t imported;
    int result = database_integer(
        store->db, "SELECT value FROM meta WHERE key = 'imported_first_unsynced_seq'", &imported,
        error);
    *seq = imported > 0 ? imported - 1 : 0;
    return result;
}

static int run_enable(struct store *store, void *argument, struct error *error)
{
    const struct enable *enable = argument;
    sqlite3_stmt *insert = NULL;
    int64_t seq;
    int result = first_cursor(store, enable->from_now, &seq, error);
    if (result == 0)
        result = database_prepare(
            store->db,
            enable->from_now
                ? "INSERT INTO sink_cursors(delivered_seq, added_ms, sink, enabled, delivered_gap)"
                  " VALUES(?, ?, ?, 1, coalesce((SELECT max(id) FROM gaps), 0))"
                  " ON CONFLICT DO UPDATE SET enabled = 1"
                : "INSERT INTO sink_cursors(delivered_seq, added_ms, sink, enabled)"
                  " VALUES(?, ?, ?, 1) ON CONFLICT DO UPDATE SET enabled = 1",
            &insert, error);
    if (result != 0)
        return result;
    const int64_t values[] = {seq, store->clock->wall_ms(store->clock)};
    database_bind(insert, 2, values);
    sqlite3_bind_text(insert, 3, enable->sink, -1, SQLITE_STATIC);
    result = database_step(insert, error);
    sqlite3_finalize(insert);
    return result;
}

int store_sink_enable(struct store *store, const char *sink, bool from_now, struct error *error)
{
    assert(sink[0] != '\0');
    struct enable enable = {sink, from_now};
    return writer_call(store, run_enable, &enable, error);
}

struct keep {
    const char *const *sinks;
    int count;
};

static int run_keep(struct store *store, void *argument, struct error *error)
{
    const struct keep *keep = argument;
    int result = database_exec(store->db, "UPDATE sink_cursors SET enabled = 0", error);
    for (int i = 0; i < keep->count && result == 0; i++)
        result = run_for_sink(store->db, "UPDATE sink_cursors SET enabled = 1 WHERE sink = ?1",
                              keep->sinks[i], error);
    return result;
}

int store_sinks_keep_only(struct store *store, const char *const *sinks, int count,
                          struct error *error)
{
    struct keep keep = {sinks, count};
    return writer_call(store, run_keep, &keep, error);
}

/* ---- Steps of a delivery ---- */

/* A cursor that is not there (somebody took the database away) is made: it begins where the sink
 * is. */
static int save_cursor(struct store *store, const struct store_step *step, struct error *error)
{
    static const char sql[] =
        "INSERT INTO sink_cursors(delivered_seq, inflight_seq, failures, retry_at_ms, added_ms,"
        " sink, last_error, enabled) VALUES(?1, nullif(?2, 0), ?3, nullif(?4, 0), ?5, ?6,"
        " nullif(?7, ''), 1) ON CONFLICT DO UPDATE SET"
        " delivered_seq = max(delivered_seq, excluded.delivered_seq),"
        " inflight_seq = excluded.inflight_seq, failures = excluded.failures,"
        " retry_at_ms = excluded.retry_at_ms, last_error = excluded.last_error";
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(store->db, sql, &statement, error);
    if (result != 0)
        return result;
    const int64_t values[] = {step->delivered_seq, step->inflight_seq, step->failures,
                              step->retry_at_ms, store->clock->wall_ms(store->clock)};
    database_bind(statement, 5, values);
    sqlite3_bind_text(statement, 6, step->sink, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 7, step->last_error, -1, SQLITE_STATIC);
    result = database_step(statement, error);
    sqlite3_finalize(statement);
    return result;
}

static int run_step(struct store *store, void *argument, struct error *error)
{
    const struct store_step *step = argument;
    assert(step->delivered_seq < store->next_seq && step->failures >= 0);
    int result = save_cursor(store, step, error);
    if (result == 0 && step->told_gap > 0)
        result = gaps_mark_told(store, step->sink, step->told_gap, error);
    if (result == 0 && step->refused_json != NULL)
        result = quarantine_add(store, step, error);
    return result;
}

int store_save_step(struct store *store, const struct store_step *step, struct error *error)
{
    return writer_call(store, run_step, (void *)step, error);
}

/* ---- Reading ---- */

static void take_row(sqlite3_stmt *row, struct store_delivery *delivery)
{
    delivery->found = true;
    delivery->delivered_seq = sqlite3_column_int64(row, 0);
    delivery->inflight_seq = sqlite3_column_int64(row, 1);
    delivery->failures = sqlite3_column_int64(row, 2);
    delivery->retry_at_ms = sqlite3_column_int64(row, 3);
    text_copy(delivery->last_error, sizeof(delivery->last_error),
              (const char *)sqlite3_column_text(row, 4));
    delivery->quarantined = sqlite3_column_int64(row, 5);
    delivery->quarantined_lately = sqlite3_column_int64(row, 6);
    delivery->gaps = sqlite3_column_int64(row, 7);
}

int store_read_delivery(struct store_reader *reader, const char *sink, int64_t since_ms,
                        struct store_delivery *delivery, struct error *error)
{
    /* A gap that was written down again for a sink is one all the same. */
    static const char sql[] =
        "SELECT c.delivered_seq, c.inflight_seq, c.failures, c.retry_at_ms, c.last_error,"
        " (SELECT count(*) FROM quarantine WHERE sink = ?1),"
        " (SELECT count(*) FROM quarantine WHERE sink = ?1 AND wall_ms > ?2),"
        " (SELECT count(DISTINCT uuid) FROM gaps WHERE sink IS NULL OR sink = ?1)"
        " FROM sink_cursors c WHERE c.sink = ?1";
    sqlite3_stmt *statement = NULL;
    *delivery = (struct store_delivery){0};
    int result = database_prepare(reader->db, sql, &statement, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(statement, 1, sink, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, since_ms);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        take_row(statement, delivery);
    else if (code != SQLITE_DONE)
        result = database_fail(reader->db, error);
    sqlite3_finalize(statement);
    if (result == 0 && delivery->quarantined > 0)
        result = quarantine_count_row(reader, sink, delivery, error);
    return result;
}

int store_each_sink(struct store_reader *reader,
                    void (*visit)(const char *sink, bool enabled, void *context), void *context,
                    struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_DONE;
    int result = database_prepare(
        reader->db, "SELECT sink, enabled FROM sink_cursors ORDER BY sink", &statement, error);
    while (result == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW)
        visit((const char *)sqlite3_column_text(statement, 0),
              sqlite3_column_int(statement, 1) != 0, context);
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(reader->db, error);
    sqlite3_finalize(statement);
    return result;
}
