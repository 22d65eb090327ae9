/* SPDX-License-Identifier: MIT */
/* How far each sink got: one row per sink. */
#include "store_internal.h"

#include <assert.h>

struct enable {
    const char *sink;
    bool from_now;
};

static int bind_and_step(sqlite3 *db, const char *sql, const char *sink, int64_t value,
                         struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(db, sql, &statement, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(statement, 1, sink, -1, SQLITE_STATIC);
    if (sqlite3_bind_parameter_count(statement) > 1)
        sqlite3_bind_int64(statement, 2, value);
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
            "INSERT INTO sink_cursors(delivered_seq, added_ms, sink, enabled) VALUES(?, ?, ?, 1)"
            " ON CONFLICT DO UPDATE SET enabled = 1",
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
        result = bind_and_step(store->db, "UPDATE sink_cursors SET enabled = 1 WHERE sink = ?1",
                               keep->sinks[i], 0, error);
    return result;
}

int store_sinks_keep_only(struct store *store, const char *const *sinks, int count,
                          struct error *error)
{
    struct keep keep = {sinks, count};
    return writer_call(store, run_keep, &keep, error);
}

struct advance {
    const char *sink;
    int64_t seq;
};

static int run_advance(struct store *store, void *argument, struct error *error)
{
    const struct advance *advance = argument;
    assert(advance->seq < store->next_seq);
    int result = bind_and_step(store->db,
                               "UPDATE sink_cursors SET delivered_seq = ?2 WHERE sink = ?1 AND"
                               " delivered_seq <= ?2",
                               advance->sink, advance->seq, error);
    assert(result != 0 || sqlite3_changes(store->db) == 1);
    return result;
}

int store_sink_advance(struct store *store, const char *sink, int64_t seq, struct error *error)
{
    struct advance advance = {sink, seq};
    return writer_call(store, run_advance, &advance, error);
}
