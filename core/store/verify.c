/* SPDX-License-Identifier: MIT */
/* Do the totals equal what the heartbeats add up to? The sums are made in a database of their own
 * in memory, so that the work is bounded by days and slots and not by heartbeats. */
#include "reader.h"

#include "record/usage.h"
#include "zone/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct verify {
    struct store_reader *reader;
    sqlite3 *sums; /* in memory */
    sqlite3_stmt *add_day;
    sqlite3_stmt *add_slot;
    int64_t covered_from_ms; /* what lies before is not, or not wholly, covered by heartbeats */
    struct store_verify *result;
    void (*report)(const char *sentence, void *context);
    void *context;
};

static int open_sums(struct verify *verify, struct error *error)
{
    if (sqlite3_open(":memory:", &verify->sums) != SQLITE_OK)
        return database_fail(verify->sums, error);
    int result = database_exec(
        verify->sums,
        "CREATE TABLE day(device, date, used, over, PRIMARY KEY(device, date)) WITHOUT ROWID;"
        "CREATE TABLE slot(device, slot, activity, used, over, PRIMARY KEY(device, slot, activity))"
        " WITHOUT ROWID;",
        error);
    if (result == 0)
        result = database_prepare(verify->sums,
                                  "INSERT INTO day VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
                                  " used = used + excluded.used, over = over + excluded.over",
                                  &verify->add_day, error);
    if (result == 0)
        result =
            database_prepare(verify->sums,
                             "INSERT INTO slot VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
                             " used = used + excluded.used, over = over + excluded.over",
                             &verify->add_slot, error);
    return result;
}

static void tell(struct verify *verify, const char *sentence)
{
    verify->result->differences++;
    if (verify->report != NULL)
        verify->report(sentence, verify->context);
}

/* A row that no agent wrote cannot be split. */
static bool is_possible(const struct heartbeat *heartbeat)
{
    const int64_t credited = heartbeat->credited_ms;
    const int64_t over_first = heartbeat->overdraft_before_ms;
    const int64_t over_second = heartbeat->overdraft_ms - over_first;
    const int64_t last_ms = (int64_t)INT32_MAX * CIVIL_DAY_MS / 2;
    if (credited < 0 || credited > INT64_C(2000) * POLL_INTERVAL_MAX_SEC || over_first < 0 ||
        over_second < 0 || over_first + over_second > credited || heartbeat->wall_ms < -last_ms ||
        heartbeat->wall_ms > last_ms)
        return false;
    if (heartbeat->border_ms == 0)
        return over_first == 0;
    const int64_t second = heartbeat->wall_ms - heartbeat->border_ms;
    return second >= 0 && second <= credited && over_second <= second &&
           over_first <= credited - second;
}

static int add(struct verify *verify, sqlite3_stmt *row, struct error *error)
{
    struct heartbeat heartbeat;
    struct usage_part parts[USAGE_PARTS_MAX];
    reader_row(row, &heartbeat);
    int64_t device = sqlite3_column_int64(row, 13);
    int64_t activity = sqlite3_column_int64(row, 14);
    verify->result->heartbeats++;
    if (!is_possible(&heartbeat)) {
        char sentence[128];
        snprintf(sentence, sizeof(sentence),
                 "heartbeat %" PRId64 ": its times cannot be, and are not added up", heartbeat.seq);
        tell(verify, sentence);
        return 0;
    }

    const int64_t seen[] = {device, civil_date_utc(heartbeat.wall_ms), 0, 0};
    database_bind(verify->add_day, 4, seen);
    int result = database_step(verify->add_day, error);
    int count = usage_split(&heartbeat, parts);
    for (int i = 0; i < count && result == 0; i++) {
        const struct usage_part *part = &parts[i];
        const int64_t day[] = {device, part->date_utc, part->used_ms, part->overdraft_ms};
        const int64_t slot[] = {device, part->slot, activity, part->used_ms, part->overdraft_ms};
        database_bind(verify->add_day, 4, day);
        database_bind(verify->add_slot, 5, slot);
        result = database_step(verify->add_day, error);
        if (result == 0)
            result = database_step(verify->add_slot, error);
    }
    return result;
}

static int add_all(struct verify *verify, struct error *error)
{
    /* The same columns as everywhere, and behind them the numbers that totals are kept under. */
    static const char sql[] =
        "SELECT h.seq, h.wall_ms, h.poll_interval_sec, h.is_playing, h.credited_ms, h.overdraft_ms,"
        " h.flags, h.epoch, h.id, NULL, NULL, d.border_ms, d.overdraft_before_ms, e.device,"
        " coalesce(h.activity, 0) FROM heartbeats h JOIN epochs e ON e.id = h.epoch"
        " LEFT JOIN day_splits d ON d.seq = h.seq ORDER BY h.seq";
    sqlite3_stmt *rows = NULL;
    int result = database_prepare(verify->reader->db, sql, &rows, error);
    if (result != 0)
        return result;
    database_exec(verify->sums, "BEGIN", NULL);
    int code;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW && result == 0)
        result = add(verify, rows, error);
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(verify->reader->db, error);
    sqlite3_finalize(rows);
    database_exec(verify->sums, "COMMIT", NULL);
    return result;
}

static void differ(struct verify *verify, const char *what, const int64_t *key, int64_t used,
                   int64_t over, int64_t sum_used, int64_t sum_over)
{
    char sentence[256];
    char when[CIVIL_TIMESTAMP_CAPACITY];
    bool is_day = strcmp(what, "day") == 0;
    civil_format_timestamp(is_day ? key[1] * CIVIL_DAY_MS : key[1] * USAGE_SLOT_MS, when);
    snprintf(sentence, sizeof(sentence),
             "%s from %s (device %" PRId64 "): stored %" PRId64 " ms used and %" PRId64
             " ms overdraft, its heartbeats add up to %" PRId64 " and %" PRId64,
             what, when, key[0], used, over, sum_used, sum_over);
    tell(verify, sentence);
}

/* Takes the sum with this key out of the table, so that what is left at the end has no row at all.
 */
static bool take_sum(struct verify *verify, const char *table, int keys, const int64_t *key,
                     int64_t *used, int64_t *over)
{
    char sql[160];
    sqlite3_stmt *statement = NULL;
    bool is_day = keys == 2;
    snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE device = ? AND %s = ?%s RETURNING used, over",
             table, is_day ? "date" : "slot", is_day ? "" : " AND activity = ?");
    *used = 0;
    *over = 0;
    if (database_prepare(verify->sums, sql, &statement, NULL) != 0)
        return false;
    database_bind(statement, keys, key);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found) {
        *used = sqlite3_column_int64(statement, 0);
        *over = sqlite3_column_int64(statement, 1);
    }
    sqlite3_finalize(statement);
    return found;
}

struct comparison {
    const char *table; /* of the sums: "day" or "slot" */
    const char *sql;   /* keys, used, overdraft of what is stored */
    int keys;
    int64_t unit_ms;
    int64_t *checked;
    int64_t *skipped;
};

static void compare_row(struct verify *verify, const struct comparison *comparison,
                        sqlite3_stmt *row)
{
    int64_t key[3] = {0};
    int64_t sum_used;
    int64_t sum_over;
    for (int i = 0; i < comparison->keys; i++)
        key[i] = sqlite3_column_int64(row, i);
    int64_t used = sqlite3_column_int64(row, comparison->keys);
    int64_t over = sqlite3_column_int64(row, comparison->keys + 1);
    bool found = take_sum(verify, comparison->table, comparison->keys, key, &sum_used, &sum_over);
    if (key[1] * comparison->unit_ms < verify->covered_from_ms) {
        (*comparison->skipped)++;
        return;
    }
    (*comparison->checked)++;
    if (!found || used != sum_used || over != sum_over)
        differ(verify, comparison->table, key, used, over, sum_used, sum_over);
}

/* Sums that no stored row took: rows that are missing. */
static int compare_rest(struct verify *verify, const struct comparison *comparison,
                        struct error *error)
{
    char sql[128];
    sqlite3_stmt *rows = NULL;
    snprintf(sql, sizeof(sql), "SELECT device, %s, used, over FROM %s",
             comparison->keys == 2 ? "date" : "slot", comparison->table);
    int result = database_prepare(verify->sums, sql, &rows, error);
    while (result == 0 && sqlite3_step(rows) == SQLITE_ROW) {
        const int64_t key[] = {sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1)};
        if (key[1] * comparison->unit_ms >= verify->covered_from_ms)
            differ(verify, comparison->table, key, 0, 0, sqlite3_column_int64(rows, 2),
                   sqlite3_column_int64(rows, 3));
    }
    sqlite3_finalize(rows);
    return result;
}

static int compare(struct verify *verify, const struct comparison *comparison, struct error *error)
{
    sqlite3_stmt *rows = NULL;
    int result = database_prepare(verify->reader->db, comparison->sql, &rows, error);
    if (result != 0)
        return result;
    int code;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW)
        compare_row(verify, comparison, rows);
    if (code != SQLITE_DONE)
        result = database_fail(verify->reader->db, error);
    sqlite3_finalize(rows);
    return result == 0 ? compare_rest(verify, comparison, error) : result;
}

static int compare_all(struct verify *verify, struct error *error)
{
    struct store_verify *result = verify->result;
    const struct comparison days = {
        "day",
        "SELECT device, date_utc, used_ms, overdraft_ms FROM daily_rollups",
        2,
        CIVIL_DAY_MS,
        &result->days_checked,
        &result->days_skipped};
    const struct comparison slots = {
        "slot",
        "SELECT device, slot, activity, used_ms, overdraft_ms FROM usage_slots",
        3,
        USAGE_SLOT_MS,
        &result->slots_checked,
        &result->slots_skipped};
    int code = compare(verify, &days, error);
    return code == 0 ? compare(verify, &slots, error) : code;
}

static int check_integrity(struct verify *verify, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result =
        database_prepare(verify->reader->db, "PRAGMA integrity_check(1)", &statement, error);
    if (result != 0)
        return result;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        snprintf(verify->result->integrity, sizeof(verify->result->integrity), "%.255s",
                 (const char *)sqlite3_column_text(statement, 0));
    else
        result = database_fail(verify->reader->db, error);
    sqlite3_finalize(statement);
    return result;
}

static int verify_all(struct verify *verify, struct error *error)
{
    /* One read transaction: a running agent must not move what is being compared. */
    sqlite3 *db = verify->reader->db;
    int code = open_sums(verify, error);
    if (code == 0)
        code = database_exec(db, "BEGIN", error);
    if (code != 0)
        return code;
    code = database_integer(db, "SELECT value FROM meta WHERE key = 'pruned_before_ms'",
                            &verify->covered_from_ms, error);
    if (code == 0)
        code = check_integrity(verify, error);
    if (code == 0)
        code = add_all(verify, error);
    if (code == 0)
        code = compare_all(verify, error);
    database_exec(db, "COMMIT", NULL);
    return code;
}

int store_verify(struct store_reader *reader, struct store_verify *result,
                 void (*report)(const char *sentence, void *context), void *context,
                 struct error *error)
{
    *result = (struct store_verify){0};
    struct verify verify = {
        .reader = reader, .result = result, .report = report, .context = context};
    int code = verify_all(&verify, error);
    sqlite3_finalize(verify.add_day);
    sqlite3_finalize(verify.add_slot);
    sqlite3_close(verify.sums);
    return code;
}
