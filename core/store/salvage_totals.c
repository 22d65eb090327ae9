/* SPDX-License-Identifier: MIT */
/* Totals that were lost, or are of an earlier moment, are made of the heartbeats again. */
#include "salvage_rows.h"

#include "reader.h"
#include "record/usage.h"
#include "zone/civil.h"

#include <assert.h>

#define MAX_OF(column) #column " = max(" #column ", excluded." #column ")"

static_assert(USAGE_SLOT_MS == 900000 && CIVIL_DAY_MS == 86400000, "as in the SQL below");

/* The split of a heartbeat at a day's border is a row of its own, that may be another's or wrong.
 */
static bool border_can_be(const struct heartbeat *heartbeat)
{
    int64_t second_ms = heartbeat->wall_ms - heartbeat->border_ms;
    int64_t first_ms = heartbeat->credited_ms - second_ms;
    int64_t over_ms = heartbeat->overdraft_before_ms;
    return first_ms >= 0 && second_ms >= 0 && over_ms >= 0 && over_ms <= first_ms &&
           heartbeat->overdraft_ms - over_ms >= 0 && heartbeat->overdraft_ms - over_ms <= second_ms;
}

static int sum_row(sqlite3_stmt *row, sqlite3_stmt *add_day, sqlite3_stmt *add_slot,
                   struct error *error)
{
    struct heartbeat heartbeat;
    struct usage_part parts[USAGE_PARTS_MAX];
    reader_row(row, &heartbeat);
    int64_t device = sqlite3_column_int64(row, 13);
    const int64_t seen[] = {device, civil_date_utc(heartbeat.wall_ms), 0, 0, heartbeat.wall_ms};
    database_bind(add_day, 5, seen);
    int result = database_step(add_day, error);
    if (!border_can_be(&heartbeat)) {
        heartbeat.border_ms = 0;
        heartbeat.overdraft_before_ms = 0;
    }
    int count = usage_split(&heartbeat, parts);
    for (int i = 0; i < count && result == 0; i++) {
        const struct usage_part *part = &parts[i];
        const int64_t day[] = {device, part->date_utc, part->used_ms, part->overdraft_ms, 0};
        const int64_t slot[] = {device, part->slot, sqlite3_column_int64(row, 14), part->used_ms,
                                part->overdraft_ms};
        database_bind(add_day, 5, day);
        database_bind(add_slot, 5, slot);
        result = database_step(add_day, error);
        if (result == 0)
            result = database_step(add_slot, error);
    }
    return result;
}

static int sum_rows(sqlite3 *db, struct error *error)
{
    /* The columns of reader_row(), and behind them the numbers that totals are kept under. */
    static const char sql[] =
        "SELECT h.seq, h.wall_ms, h.poll_interval_sec, h.is_playing, h.credited_ms, h.overdraft_ms,"
        " h.flags, h.epoch, h.id, NULL, NULL, d.border_ms, d.overdraft_before_ms, e.device,"
        " coalesce(h.activity, 0) FROM heartbeats h JOIN epochs e ON e.id = h.epoch"
        " LEFT JOIN day_splits d ON d.seq = h.seq ORDER BY h.seq";
    sqlite3_stmt *rows = NULL;
    sqlite3_stmt *add_day = NULL;
    sqlite3_stmt *add_slot = NULL;
    int code = SQLITE_DONE;
    int result = database_prepare(db, sql, &rows, error);
    if (result == 0)
        result = database_prepare(db,
                                  "INSERT INTO temp.day VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                                  " SET used = used + excluded.used, over = over + excluded.over,"
                                  " last = max(last, excluded.last)",
                                  &add_day, error);
    if (result == 0)
        result = database_prepare(db,
                                  "INSERT INTO temp.slot VALUES(?, ?, ?, ?, ?) ON CONFLICT DO"
                                  " UPDATE SET used = used + excluded.used,"
                                  " over = over + excluded.over",
                                  &add_slot, error);
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
        result = sum_row(rows, add_day, add_slot, error);
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(db, error);
    sqlite3_finalize(rows);
    sqlite3_finalize(add_day);
    sqlite3_finalize(add_slot);
    return result;
}

/* Totals are never less than what the rows add up to. Where they are more, rows are lost: the rest
 * of the account cannot be checked against rows before that. */
int salvage_totals(sqlite3 *db, struct error *error)
{
    int result = database_exec(
        db,
        "CREATE TEMP TABLE day(device, date, used, over, last, PRIMARY KEY(device, date))"
        " WITHOUT ROWID;"
        "CREATE TEMP TABLE slot(device, slot, activity, used, over,"
        " PRIMARY KEY(device, slot, activity)) WITHOUT ROWID;",
        error);
    if (result == 0)
        result = sum_rows(db, error);
    if (result == 0)
        result = database_exec(
            db,
            "INSERT INTO daily_rollups SELECT device, date, used, over, last, last FROM temp.day"
            " WHERE true ON CONFLICT DO UPDATE SET " MAX_OF(used_ms) ", " MAX_OF(
                overdraft_ms) ", " MAX_OF(last_heartbeat_ms) ";"
                                                             "INSERT INTO usage_slots SELECT "
                                                             "device, slot, activity, used, over "
                                                             "FROM temp.slot"
                                                             " WHERE true ON CONFLICT DO UPDATE "
                                                             "SET " MAX_OF(used_ms) ", " MAX_OF(
                                                                 overdraft_ms) ";"
                                                                               "INSERT OR IGNORE "
                                                                               "INTO meta "
                                                                               "VALUES('pruned_"
                                                                               "before_ms', 0);"
                                                                               "UPDATE meta SET "
                                                                               "value = max(value,"
                                                                               " coalesce((SELECT "
                                                                               "max((s.slot + 1) * "
                                                                               "900000) FROM "
                                                                               "usage_slots s LEFT "
                                                                               "JOIN temp.slot t"
                                                                               " ON t.device = "
                                                                               "s.device AND "
                                                                               "t.slot = s.slot "
                                                                               "AND t.activity = "
                                                                               "s.activity"
                                                                               " WHERE s.slot * "
                                                                               "900000 >= "
                                                                               "meta.value AND "
                                                                               "(t.used IS NOT "
                                                                               "s.used_ms"
                                                                               " OR t.over IS NOT "
                                                                               "s.overdraft_ms)), "
                                                                               "0),"
                                                                               " coalesce((SELECT "
                                                                               "max((r.date_utc + "
                                                                               "1) * 86400000) "
                                                                               "FROM daily_rollups "
                                                                               "r LEFT JOIN"
                                                                               " temp.day t ON "
                                                                               "t.device = "
                                                                               "r.device AND "
                                                                               "t.date = r.date_utc"
                                                                               " WHERE r.date_utc "
                                                                               "* 86400000 >= "
                                                                               "meta.value AND "
                                                                               "(t.used IS NOT "
                                                                               "r.used_ms"
                                                                               " OR t.over IS NOT "
                                                                               "r.overdraft_ms)), "
                                                                               "0))"
                                                                               " WHERE key = "
                                                                               "'pruned_before_ms';"
                                                                               "DROP TABLE "
                                                                               "temp.day; DROP "
                                                                               "TABLE temp.slot;",
            error);
    return result;
}
