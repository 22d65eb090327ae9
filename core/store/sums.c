/* SPDX-License-Identifier: MIT */
#include "sums.h"

#include "can_be.h"
#include "reader.h"
#include "record/usage.h"
#include "sessions.h"
#include "zone/civil.h"

#include <assert.h>

enum { ADD_DAY, ADD_SLOT, ADD_SESSION, FIND_SESSION, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [ADD_DAY] = "INSERT INTO temp.day VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " used = used + excluded.used, over = over + excluded.over,"
                " last = max(last, excluded.last)",
    [ADD_SLOT] = "INSERT INTO temp.slot VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                 " used = used + excluded.used, over = over + excluded.over",
    [ADD_SESSION] = "INSERT OR REPLACE INTO temp.session VALUES(?, ?, ?, ?, ?, ?, ?)",
    [FIND_SESSION] = "SELECT id, activity, start_ms, end_ms, used, over FROM temp.session"
                     " WHERE device = ? ORDER BY id DESC LIMIT 1",
};

struct adding {
    sqlite3 *db;
    struct sums *sums;
    sqlite3_stmt *statements[STATEMENTS];
    struct session session; /* that goes on; device 0: none */
};

static int make_tables(sqlite3 *db, struct error *error)
{
    return database_exec(
        db,
        "CREATE TEMP TABLE day(device, date, used, over, last, PRIMARY KEY(device, date))"
        " WITHOUT ROWID;"
        "CREATE TEMP TABLE slot(device, slot, activity, used, over,"
        " PRIMARY KEY(device, slot, activity)) WITHOUT ROWID;"
        "CREATE TEMP TABLE session(id INTEGER PRIMARY KEY, device, activity, start_ms, end_ms,"
        " used, over);",
        error);
}

void sums_drop(sqlite3 *db)
{
    database_exec(db,
                  "DROP TABLE IF EXISTS temp.day; DROP TABLE IF EXISTS temp.slot;"
                  "DROP TABLE IF EXISTS temp.session;",
                  NULL);
}

/* ---- One heartbeat --------------------------------------------------------------------------- */

static bool border_can_be(const struct heartbeat *heartbeat)
{
    const int64_t over_first = heartbeat->overdraft_before_ms;
    const int64_t over_second = heartbeat->overdraft_ms - over_first;
    const int64_t second = heartbeat->wall_ms - heartbeat->border_ms;
    if (heartbeat->border_ms == 0 && over_first == 0)
        return true;
    return over_first >= 0 && over_second >= 0 && second >= 0 && second <= heartbeat->credited_ms &&
           over_second <= second && over_first <= heartbeat->credited_ms - second;
}

/* A row that no agent wrote cannot be split. */
static bool can_be(const struct heartbeat *heartbeat)
{
    return heartbeat->credited_ms >= 0 &&
           heartbeat->credited_ms <= INT64_C(2000) * POLL_INTERVAL_MAX_SEC &&
           heartbeat->overdraft_ms >= 0 && heartbeat->overdraft_ms <= heartbeat->credited_ms &&
           time_can_be(heartbeat->wall_ms) && heartbeat->poll_interval_sec >= 0 &&
           border_can_be(heartbeat);
}

static int put(struct adding *adding, int statement, int count, const int64_t *values,
               struct error *error)
{
    database_bind(adding->statements[statement], count, values);
    return database_step(adding->statements[statement], error);
}

static int add_usage(struct adding *adding, const struct heartbeat *heartbeat, int64_t device,
                     int64_t activity, struct error *error)
{
    struct usage_part parts[USAGE_PARTS_MAX];
    const int64_t seen[] = {device, civil_date_utc(heartbeat->wall_ms), 0, 0, heartbeat->wall_ms};
    int result = put(adding, ADD_DAY, 5, seen, error);
    int count = usage_split(heartbeat, parts);
    for (int i = 0; i < count && result == 0; i++) {
        const struct usage_part *part = &parts[i];
        const int64_t day[] = {device, part->date_utc, part->used_ms, part->overdraft_ms, 0};
        const int64_t slot[] = {device, part->slot, activity, part->used_ms, part->overdraft_ms};
        result = put(adding, ADD_DAY, 5, day, error);
        if (result == 0)
            result = put(adding, ADD_SLOT, 5, slot, error);
    }
    return result;
}

static int put_session(struct adding *adding, struct error *error)
{
    int64_t values[SESSION_COLUMNS];
    if (adding->session.id == 0)
        return 0;
    session_columns(&adding->session, values);
    return put(adding, ADD_SESSION, SESSION_COLUMNS, values, error);
}

/* The heartbeats of another device follow: its newest session may go on. */
static int enter_device(struct adding *adding, int64_t device, struct error *error)
{
    sqlite3_stmt *find = adding->statements[FIND_SESSION];
    int result = put_session(adding, error);
    if (result != 0)
        return result;
    adding->session = (struct session){.device = device};
    database_bind(find, 1, &device);
    int code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        adding->session = (struct session){.id = sqlite3_column_int64(find, 0),
                                           .device = device,
                                           .activity = sqlite3_column_int64(find, 1),
                                           .start_ms = sqlite3_column_int64(find, 2),
                                           .end_ms = sqlite3_column_int64(find, 3),
                                           .used_ms = sqlite3_column_int64(find, 4),
                                           .overdraft_ms = sqlite3_column_int64(find, 5)};
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(adding->db, error);
}

static int add_session(struct adding *adding, const struct heartbeat *heartbeat, int64_t device,
                       int64_t activity, struct error *error)
{
    if (heartbeat->credited_ms == 0)
        return 0;
    int result = adding->session.device == device ? 0 : enter_device(adding, device, error);
    if (result != 0)
        return result;
    struct session before = adding->session;
    if (session_take(&adding->session, heartbeat, activity) || before.id == 0)
        return 0;
    int64_t values[SESSION_COLUMNS];
    session_columns(&before, values);
    return put(adding, ADD_SESSION, SESSION_COLUMNS, values, error);
}

static int add(struct adding *adding, sqlite3_stmt *row, struct error *error)
{
    struct heartbeat heartbeat;
    reader_row(row, &heartbeat);
    int64_t device = sqlite3_column_int64(row, 13);
    int64_t activity = sqlite3_column_int64(row, 14);
    adding->sums->heartbeats++;
    if (adding->sums->mends_borders && !border_can_be(&heartbeat)) {
        heartbeat.border_ms = 0;
        heartbeat.overdraft_before_ms = 0;
    }
    if (!can_be(&heartbeat)) {
        if (adding->sums->refuse != NULL)
            adding->sums->refuse(heartbeat.seq, adding->sums->context);
        return 0;
    }
    int result = add_usage(adding, &heartbeat, device, activity, error);
    return result == 0 ? add_session(adding, &heartbeat, device, activity, error) : result;
}

/* ---- All of them ----------------------------------------------------------------------------- */

static int add_all(struct adding *adding, struct error *error)
{
    /* The columns of reader_row(), and behind them the numbers that totals are kept under. */
    static const char select[] =
        "SELECT h.seq, h.wall_ms, h.poll_interval_sec, h.is_playing, h.credited_ms, h.overdraft_ms,"
        " h.flags, h.epoch, h.id, NULL, NULL, d.border_ms, d.overdraft_before_ms, e.device,"
        " coalesce(h.activity, 0) FROM heartbeats h JOIN epochs e ON e.id = h.epoch"
        " LEFT JOIN day_splits d ON d.seq = h.seq ORDER BY h.seq";
    sqlite3_stmt *rows = NULL;
    int code = SQLITE_DONE;
    int result = database_prepare(adding->db, select, &rows, error);
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
        result = add(adding, rows, error);
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(adding->db, error);
    sqlite3_finalize(rows);
    return result == 0 ? put_session(adding, error) : result;
}

int sums_make(sqlite3 *db, struct sums *sums, struct error *error)
{
    struct adding adding = {.db = db, .sums = sums};
    assert(sqlite3_get_autocommit(db) == 0);
    int result = make_tables(db, error);
    for (int i = 0; i < STATEMENTS && result == 0; i++)
        result = database_prepare(db, sql[i], &adding.statements[i], error);
    if (result == 0)
        result = add_all(&adding, error);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(adding.statements[i]);
    return result;
}

int sums_fill_sessions(sqlite3 *db, struct error *error)
{
    struct sums sums = {0};
    int result = sums_make(db, &sums, error);
    if (result == 0)
        result = database_exec(db, "INSERT INTO sessions SELECT * FROM temp.session", error);
    sums_drop(db);
    return result;
}
