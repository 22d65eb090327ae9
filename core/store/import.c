/* SPDX-License-Identifier: MIT */
/*
 * The first agent's database: backed up, and made into one of ours in its place.
 *
 * The new one is built beside the old one and renamed over it at the end, so that a crash leaves
 * either the one or the other. What the first agent had pruned is only in its daily totals: those
 * minutes are taken over, and are put into the quarter hours from noon on (UTC), under a name that
 * says so.
 */
#include "store_internal.h"

#include "log.h"
#include "platform/file.h"
#include "record/text.h"
#include "record/usage.h"
#include "schema.h"
#include "zone/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char unknown_time[] = "imported (time of day unknown)";

struct import {
    sqlite3 *old;
    sqlite3 *new;
    struct record record;
    int64_t wall_ms;
    int64_t next_seq;
    int64_t first_unsynced_seq; /* 0: none yet */
    int64_t skipped;
    int64_t covered_from_ms; /* the end of the newest day that its heartbeats do not cover */
};

static void seconds_of(sqlite3_stmt *row, int column, struct heartbeat *heartbeat)
{
    int64_t seconds = sqlite3_column_int64(row, column);
    heartbeat->poll_interval_sec =
        (int32_t)(seconds < 1                       ? 1
                  : seconds > POLL_INTERVAL_MAX_SEC ? POLL_INTERVAL_MAX_SEC
                                                    : seconds);
    if (heartbeat->is_playing)
        heartbeat->credited_ms = (int64_t)heartbeat->poll_interval_sec * 1000;
}

/* Each device of the old database has its own epoch, from its first row on. */
static int enter_device(struct import *import, const char *device_id, struct error *error)
{
    int64_t device;
    int result = store_find_device(import->new, device_id, &device, error);
    if (result != 0 || device == import->record.device)
        return result;
    import->record.device = device;
    return store_add_epoch(import->new, device, import->next_seq, import->wall_ms,
                           &import->record.epoch, error);
}

static int import_row(struct import *import, sqlite3_stmt *row, struct error *error)
{
    const char *id = (const char *)sqlite3_column_text(row, 0);
    const char *timestamp = (const char *)sqlite3_column_text(row, 2);
    char device_id[DEVICE_CAPACITY];
    text_copy(device_id, sizeof(device_id), (const char *)sqlite3_column_text(row, 1));
    struct heartbeat heartbeat = {.seq = import->next_seq,
                                  .is_playing = sqlite3_column_int(row, 3) != 0};
    if (id == NULL || timestamp == NULL || device_id[0] == '\0' || !uuid_parse(id, heartbeat.id) ||
        !civil_parse_timestamp(timestamp, &heartbeat.wall_ms)) {
        import->skipped++;
        return 0;
    }
    seconds_of(row, 4, &heartbeat);
    int result = enter_device(import, device_id, error);
    if (result == 0)
        result = record_heartbeat(&import->record, &heartbeat, import->wall_ms, error);
    if (sqlite3_column_type(row, 5) == SQLITE_NULL && import->first_unsynced_seq == 0)
        import->first_unsynced_seq = heartbeat.seq;
    import->next_seq++;
    return result;
}

static int import_rows(struct import *import, struct error *error)
{
    sqlite3_stmt *rows = NULL;
    int result = database_prepare(import->old,
                                  "SELECT id, device_id, timestamp_utc, is_playing,"
                                  " poll_interval_sec, synced_at FROM heartbeats"
                                  " ORDER BY device_id, timestamp_utc, rowid",
                                  &rows, error);
    int code = SQLITE_DONE;
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
        result = import_row(import, rows, error);
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(import->old, error);
    sqlite3_finalize(rows);
    return result;
}

/* What is in the new database for a day; -1 when it has none. */
static int day_so_far(struct import *import, int32_t date, int64_t *used_ms, struct error *error)
{
    char sql[160];
    snprintf(sql, sizeof(sql),
             "SELECT coalesce((SELECT used_ms FROM daily_rollups WHERE device = %" PRId64
             " AND date_utc = %d), -1)",
             import->record.device, (int)date);
    return database_integer(import->new, sql, used_ms, error);
}

static int add_remainder(struct import *import, int32_t date, int64_t ms, int64_t last_ms,
                         struct error *error)
{
    int64_t activity;
    int64_t slot = ((int64_t)date * CIVIL_DAY_MS + CIVIL_DAY_MS / 2) / USAGE_SLOT_MS;
    int result = record_name(&import->record, unknown_time, &activity, error);
    if (result == 0)
        result = record_add_day(&import->record, date, ms, 0, last_ms, import->wall_ms, error);
    /* The second half of a day holds 12 hours; what is beyond goes into its last quarter hour. */
    for (int i = 0; ms > 0 && result == 0; i++) {
        int64_t part = ms < USAGE_SLOT_MS || i == 47 ? ms : USAGE_SLOT_MS;
        result = record_add_slot(&import->record, slot + i, activity, part, 0, error);
        ms -= part;
    }
    int64_t end_ms = ((int64_t)date + 1) * CIVIL_DAY_MS;
    if (import->covered_from_ms < end_ms)
        import->covered_from_ms = end_ms;
    return result;
}

static int import_day(struct import *import, sqlite3_stmt *row, struct error *error)
{
    char device_id[DEVICE_CAPACITY];
    const char *date_text = (const char *)sqlite3_column_text(row, 1);
    const char *last = (const char *)sqlite3_column_text(row, 3);
    double minutes = sqlite3_column_double(row, 2);
    int32_t date;
    int64_t last_ms = 0;
    int64_t so_far = 0;
    text_copy(device_id, sizeof(device_id), (const char *)sqlite3_column_text(row, 0));
    if (date_text == NULL || !civil_parse_date(date_text, &date) || !(minutes >= 0) ||
        minutes > 1440 || device_id[0] == '\0') {
        import->skipped++;
        return 0;
    }
    if (last == NULL || !civil_parse_timestamp(last, &last_ms))
        last_ms = (int64_t)date * CIVIL_DAY_MS;
    int result = store_find_device(import->new, device_id, &import->record.device, error);
    if (result == 0)
        result = day_so_far(import, date, &so_far, error);
    int64_t missing = (int64_t)(minutes * 60000 + 0.5) - (so_far > 0 ? so_far : 0);
    /* Ours splits a credit at midnight, and the first agent did not: a few seconds are no loss. */
    bool is_less = missing > 2 * (int64_t)sqlite3_column_int(row, 4) * 1000;
    if (result == 0 && (so_far < 0 || is_less))
        result = add_remainder(import, date, missing, so_far < 0 ? last_ms : 0, error);
    return result;
}

static int import_days(struct import *import, struct error *error)
{
    sqlite3_stmt *rows = NULL;
    int result = database_prepare(import->old,
                                  "SELECT device_id, date_utc, minutes_used, last_heartbeat_at,"
                                  " coalesce((SELECT max(poll_interval_sec) FROM heartbeats), 5)"
                                  " FROM daily_rollups",
                                  &rows, error);
    int code = SQLITE_DONE;
    while (result == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW)
        result = import_day(import, rows, error);
    if (result == 0 && code != SQLITE_DONE)
        result = database_fail(import->old, error);
    sqlite3_finalize(rows);
    return result;
}

static int write_meta(struct import *import, struct error *error)
{
    char sql[256];
    int64_t unsynced =
        import->first_unsynced_seq != 0 ? import->first_unsynced_seq : import->next_seq;
    snprintf(sql, sizeof(sql),
             "INSERT INTO meta VALUES('imported_first_unsynced_seq', %" PRId64 "),"
             " ('pruned_before_ms', %" PRId64 ")",
             unsynced, import->covered_from_ms);
    return database_exec(import->new, sql, error);
}

static int import_all(struct import *import, struct error *error)
{
    int result = record_init(&import->record, import->new, error);
    if (result == 0)
        result = database_exec(import->new, "BEGIN IMMEDIATE", error);
    if (result == 0)
        result = import_rows(import, error);
    if (result == 0)
        result = import_days(import, error);
    if (result == 0)
        result = write_meta(import, error);
    if (result == 0)
        result = database_exec(import->new, "COMMIT", error);
    record_finish(&import->record);
    return result;
}

static int build(const char *path, const char *temporary, int64_t wall_ms, struct import *import,
                 struct error *error)
{
    *import = (struct import){.wall_ms = wall_ms, .next_seq = 1};
    remove(temporary);
    int result = database_open_reader(&import->old, path, error);
    if (result == 0)
        result = file_make_private(temporary, error);
    if (result == 0)
        result = database_open_writer(&import->new, temporary, error);
    if (result == 0)
        result = schema_migrate(import->new, wall_ms, error);
    if (result == 0)
        result = import_all(import, error);
    /* One file, without a wal beside it, can be renamed in one step. */
    if (result == 0)
        result = database_exec(import->new, "PRAGMA journal_mode = DELETE", error);
    database_close(import->new);
    database_close(import->old);
    return result;
}

/* A copy of the old one, as SQLite sees it: with what may still be in its journal. */
static int back_up(const char *path, const char *backup, struct error *error)
{
    sqlite3 *old = NULL;
    int result = database_open_reader(&old, path, error);
    if (result == 0)
        result = database_copy(old, backup, error);
    database_close(old);
    return result;
}

/* Takes in what its journal or wal still holds, and leaves a single file. */
static int settle_old(const char *path, struct error *error)
{
    sqlite3 *old = NULL;
    if (sqlite3_open_v2(path, &old, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sqlite3_close(old);
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be opened for writing", path);
    }
    int result = database_exec(old, "PRAGMA journal_mode = DELETE", error);
    sqlite3_close(old);
    return result;
}

static void choose_backup(const char *path, char backup[PATH_CAPACITY])
{
    snprintf(backup, PATH_CAPACITY, "%s.first-agent", path);
    for (int i = 2; file_exists(backup) && i < 1000; i++)
        snprintf(backup, PATH_CAPACITY, "%s.first-agent-%d", path, i);
}

int import_first_agent(const char *path, int64_t wall_ms, struct error *error)
{
    char backup[PATH_CAPACITY];
    char temporary[PATH_CAPACITY];
    struct import import;
    if (strlen(path) + 32 > PATH_CAPACITY)
        return error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", path);
    choose_backup(path, backup);
    snprintf(temporary, sizeof(temporary), "%s.import", path);
    int result = settle_old(path, error);
    if (result == 0)
        result = back_up(path, backup, error);
    if (result == 0)
        result = build(path, temporary, wall_ms, &import, error);
    if (result == 0)
        result = file_replace(temporary, path, error);
    if (result != 0)
        return result;
    log_info("store",
             "imported %" PRId64 " heartbeats of the first agent (%" PRId64
             " rows could not be read); its database is kept as %s",
             import.next_seq - 1, import.skipped, backup);
    return 0;
}
