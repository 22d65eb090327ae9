/* SPDX-License-Identifier: MIT */
/* The closed days of the household. */
#include "can_be.h"
#include "reader.h"
#include "store_internal.h"

#include "record/usage.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdlib.h>

#define DAY "start_ms, end_ms, coalesce(allowance_ms, -1), granted_ms, used_ms, overdraft_ms"

static_assert(USAGE_SLOT_MS == 900000 && ALLOWANCE_UNLIMITED == -1, "as in the SQL below");

/* ---- Closing --------------------------------------------------------------------------------- */

static int close_day(struct store *store, int32_t date, const struct day_account *day,
                     struct error *error)
{
    static const char sql[] =
        "INSERT OR REPLACE INTO local_days SELECT ?1, ?2, ?3, ?4, nullif(?5, -1),"
        " coalesce((SELECT sum(granted_ms) FROM grants WHERE device = ?1 AND date = ?2), 0),"
        " coalesce(sum(used_ms), 0), coalesce(sum(overdraft_ms), 0) FROM usage_slots"
        " WHERE device = ?1 AND slot >= ?3 / 900000 AND slot < ?4 / 900000";
    assert(day->start_ms <= day->end_ms);
    const int64_t values[] = {store->record.device, date, day->start_ms, day->end_ms,
                              day->allowance_ms};
    return database_change(store->db, sql, 5, values, error);
}

int closed_days_turn(struct store *store, const struct store_turn *turn, struct error *error)
{
    int result = 0;
    assert(turn->closed_count <= STORE_CLOSED_MAX);
    for (int i = 0; i < turn->closed_count && result == 0; i++)
        result = close_day(store, turn->closed[i].date, &turn->closed[i].day, error);
    if (result != 0 || !turn->opens)
        return result;
    const int64_t opened[] = {store->record.device, turn->opened_date, turn->opened_allowance_ms};
    result = database_change(store->db, "DELETE FROM local_days WHERE device = ? AND date = ?", 2,
                             opened, error);
    if (result == 0)
        result = database_change(
            store->db, "INSERT OR REPLACE INTO meta VALUES('opened ' || ?1, ?2 || ' ' || ?3)", 3,
            opened, error);
    return result;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* A row that is damaged is none: its day is that of the calendar. */
#define DAYS_OF_DEVICE " FROM local_days WHERE device = " READER_DEVICE " AND " CLOSED_DAY_CAN_BE

static struct day_account day_of(sqlite3_stmt *row, int column)
{
    return (struct day_account){.start_ms = sqlite3_column_int64(row, column),
                                .end_ms = sqlite3_column_int64(row, column + 1),
                                .allowance_ms = sqlite3_column_int64(row, column + 2),
                                .granted_ms = sqlite3_column_int64(row, column + 3),
                                .used_ms = sqlite3_column_int64(row, column + 4),
                                .overdraft_ms = sqlite3_column_int64(row, column + 5)};
}

static void take_neighbour(sqlite3_stmt *row, int32_t date, struct store_neighbours *neighbours)
{
    int32_t found = sqlite3_column_int(row, 0);
    struct day_account day = day_of(row, 1);
    if (found < date) {
        neighbours->has_before = true;
        neighbours->before_date = found;
        neighbours->before_end_ms = day.end_ms;
    } else if (found == date) {
        neighbours->is_closed = true;
        neighbours->day = day;
    } else {
        neighbours->has_after = true;
        neighbours->after_date = found;
        neighbours->after_start_ms = day.start_ms;
    }
}

int store_read_newest(struct store_reader *reader, const char *device_id, int64_t *wall_ms,
                      bool *found, struct error *error)
{
    static const char sql[] = "SELECT wall_ms FROM heartbeats WHERE epoch IN (SELECT id FROM epochs"
                              " WHERE device = " READER_DEVICE
                              ") AND " TIME_CAN_BE("wall_ms") " ORDER BY seq DESC LIMIT 1";
    sqlite3_stmt *row = NULL;
    *found = false;
    int result = reader_prepare(reader, sql, device_id, 0, NULL, &row, error);
    if (result != 0)
        return result;
    int code = sqlite3_step(row);
    *found = code == SQLITE_ROW;
    *wall_ms = *found ? sqlite3_column_int64(row, 0) : 0;
    return reader_end(reader, row, code, error);
}

int store_read_opened(struct store_reader *reader, const char *device_id, int32_t date,
                      int64_t *allowance_ms, struct error *error)
{
    static const char sql[] = "SELECT value FROM meta WHERE key = 'opened ' || " READER_DEVICE;
    sqlite3_stmt *row = NULL;
    int result = reader_prepare(reader, sql, device_id, 0, NULL, &row, error);
    if (result != 0)
        return result;
    int code = sqlite3_step(row);
    char *end = NULL;
    const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
    if (text != NULL && strtoll(text, &end, 10) == date) {
        int64_t opened_ms = strtoll(end, NULL, 10);
        bool can_be = opened_ms >= ALLOWANCE_UNLIMITED && opened_ms <= CIVIL_DAY_MS;
        *allowance_ms = can_be ? opened_ms : *allowance_ms;
    }
    return reader_end(reader, row, code, error);
}

int store_read_neighbours(struct store_reader *reader, const char *device_id, int32_t date,
                          struct store_neighbours *neighbours, struct error *error)
{
    static const char sql[] =
        "SELECT date, " DAY DAYS_OF_DEVICE " AND date IN (?2, (SELECT max(date)" DAYS_OF_DEVICE
        " AND date < ?2), (SELECT min(date)" DAYS_OF_DEVICE " AND date > ?2))";
    sqlite3_stmt *row = NULL;
    *neighbours = (struct store_neighbours){0};
    int result = reader_prepare(reader, sql, device_id, 1, (const int64_t[]){date}, &row, error);
    if (result != 0)
        return result;
    int code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW)
        take_neighbour(row, date, neighbours);
    return reader_end(reader, row, code, error);
}

int store_each_day(struct store_reader *reader, const char *device_id, int32_t from, int32_t to,
                   store_visit_day visit, void *context, struct error *error)
{
    static const char sql[] =
        "SELECT date, " DAY DAYS_OF_DEVICE " AND date >= ?2 AND date <= ?3 ORDER BY date";
    const int64_t values[] = {from, to};
    sqlite3_stmt *row = NULL;
    int result = reader_prepare(reader, sql, device_id, 2, values, &row, error);
    if (result != 0)
        return result;
    int code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        struct day_account day = day_of(row, 1);
        visit(sqlite3_column_int(row, 0), &day, context);
    }
    return reader_end(reader, row, code, error);
}

int store_is_blank(struct store_reader *reader, const char *device_id, int32_t from, int32_t to,
                   bool *blank, struct error *error)
{
    /* A day of the household touches at most the UTC days on either side of its own. */
    static const char sql[] =
        "SELECT NOT (EXISTS (SELECT 1 FROM daily_rollups WHERE device = " READER_DEVICE
        " AND date_utc BETWEEN ?2 - 1 AND ?3 + 1 AND used_ms > 0) OR EXISTS (SELECT 1 FROM grants"
        " WHERE device = " READER_DEVICE " AND date BETWEEN ?2 AND ?3))";
    const int64_t values[] = {from, to};
    sqlite3_stmt *row = NULL;
    int result = reader_prepare(reader, sql, device_id, 2, values, &row, error);
    if (result != 0)
        return result;
    int code = sqlite3_step(row);
    *blank = code == SQLITE_ROW && sqlite3_column_int(row, 0) != 0;
    return reader_end(reader, row, code, error);
}
