/* SPDX-License-Identifier: MIT */
#include "record.h"

#include "record/usage.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const sql[RECORD_STATEMENTS] = {
    [RECORD_INSERT] = "INSERT INTO heartbeats(seq, wall_ms, epoch, poll_interval_sec, is_playing,"
                      " credited_ms, overdraft_ms, flags, activity, decided_by, id)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, 0), nullif(?10, 0), ?11)",
    [RECORD_SPLIT] = "INSERT INTO day_splits VALUES(?, ?, ?)",
    [RECORD_DAY] = "INSERT INTO daily_rollups VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                   " ON CONFLICT DO UPDATE SET used_ms = used_ms + excluded.used_ms,"
                   " overdraft_ms = overdraft_ms + excluded.overdraft_ms,"
                   " last_heartbeat_ms = coalesce(nullif(excluded.last_heartbeat_ms, 0),"
                   " last_heartbeat_ms),"
                   " updated_ms = coalesce(nullif(excluded.updated_ms, 0), updated_ms)",
    [RECORD_SLOT] = "INSERT INTO usage_slots VALUES(?1, ?2, ?3, ?4, ?5)"
                    " ON CONFLICT DO UPDATE SET used_ms = used_ms + excluded.used_ms,"
                    " overdraft_ms = overdraft_ms + excluded.overdraft_ms",
    [RECORD_SESSION] = "INSERT INTO sessions VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                       " ON CONFLICT DO UPDATE SET end_ms = excluded.end_ms,"
                       " used_ms = excluded.used_ms, overdraft_ms = excluded.overdraft_ms",
    [RECORD_SESSION_NEWEST] = "SELECT id, activity, start_ms, end_ms, used_ms, overdraft_ms FROM"
                              " sessions WHERE device = ? ORDER BY id DESC LIMIT 1",
    [RECORD_TICK] = "INSERT OR REPLACE INTO last_tick(one, monotonic_ms, boottime_ms, wall_ms,"
                    " boot_id) VALUES(1, ?1, ?2, ?3, ?4)",
    [RECORD_NAME_ADD] = "INSERT OR IGNORE INTO names(name) VALUES(?)",
    [RECORD_NAME_FIND] = "SELECT id FROM names WHERE name = ?",
};

int record_init(struct record *record, sqlite3 *db, struct error *error)
{
    memset(record, 0, sizeof(*record));
    record->db = db;
    for (int i = 0; i < RECORD_STATEMENTS; i++) {
        int result = database_prepare(db, sql[i], &record->statements[i], error);
        if (result != 0) {
            record_finish(record);
            return result;
        }
    }
    return 0;
}

void record_finish(struct record *record)
{
    for (int i = 0; i < RECORD_STATEMENTS; i++) {
        sqlite3_finalize(record->statements[i]);
        record->statements[i] = NULL;
    }
}

void record_forget(struct record *record)
{
    memset(record->names, 0, sizeof(record->names));
    record->session = (struct session){0};
}

static int find_name(struct record *record, const char *name, int64_t *id, struct error *error)
{
    sqlite3_stmt *find = record->statements[RECORD_NAME_FIND];
    sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
    int code = sqlite3_step(find);
    if (code == SQLITE_ROW)
        *id = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(record->db, error);
}

int record_name(struct record *record, const char *name, int64_t *id, struct error *error)
{
    *id = 0;
    if (name[0] == '\0')
        return 0;
    for (int i = 0; i < RECORD_NAMES_CACHED; i++) {
        if (record->names[i].id != 0 && strcmp(record->names[i].name, name) == 0) {
            *id = record->names[i].id;
            return 0;
        }
    }
    int result = find_name(record, name, id, error);
    if (result == 0 && *id == 0) {
        sqlite3_bind_text(record->statements[RECORD_NAME_ADD], 1, name, -1, SQLITE_STATIC);
        result = database_step(record->statements[RECORD_NAME_ADD], error);
        *id = sqlite3_last_insert_rowid(record->db);
    }
    if (result != 0)
        return result;
    int slot = record->names_next++ % RECORD_NAMES_CACHED;
    record->names[slot].id = *id;
    snprintf(record->names[slot].name, sizeof(record->names[slot].name), "%s", name);
    return 0;
}

int record_add_day(struct record *record, int32_t date_utc, int64_t used_ms, int64_t overdraft_ms,
                   int64_t last_heartbeat_ms, int64_t updated_ms, struct error *error)
{
    const int64_t values[] = {record->device, date_utc,          used_ms,
                              overdraft_ms,   last_heartbeat_ms, updated_ms};
    assert(used_ms >= 0 && overdraft_ms >= 0 && overdraft_ms <= used_ms);
    database_bind(record->statements[RECORD_DAY], 6, values);
    return database_step(record->statements[RECORD_DAY], error);
}

int record_add_slot(struct record *record, int64_t slot, int64_t activity, int64_t used_ms,
                    int64_t overdraft_ms, struct error *error)
{
    const int64_t values[] = {record->device, slot, activity, used_ms, overdraft_ms};
    assert(used_ms >= 0 && overdraft_ms >= 0 && overdraft_ms <= used_ms);
    database_bind(record->statements[RECORD_SLOT], 5, values);
    return database_step(record->statements[RECORD_SLOT], error);
}

static int insert(struct record *record, const struct heartbeat *heartbeat, int64_t activity,
                  struct error *error)
{
    int64_t decided_by;
    int result = record_name(record, heartbeat->decided_by, &decided_by, error);
    if (result != 0)
        return result;
    const int64_t values[] = {heartbeat->seq,
                              heartbeat->wall_ms,
                              record->epoch,
                              heartbeat->poll_interval_sec,
                              heartbeat->is_playing,
                              heartbeat->credited_ms,
                              heartbeat->overdraft_ms,
                              heartbeat->flags,
                              activity,
                              decided_by};
    sqlite3_stmt *statement = record->statements[RECORD_INSERT];
    database_bind(statement, 10, values);
    sqlite3_bind_blob(statement, 11, heartbeat->id, UUID_BYTES, SQLITE_STATIC);
    result = database_step(statement, error);
    if (result != 0 || (heartbeat->border_ms == 0 && heartbeat->overdraft_before_ms == 0))
        return result;
    const int64_t split[] = {heartbeat->seq, heartbeat->border_ms, heartbeat->overdraft_before_ms};
    database_bind(record->statements[RECORD_SPLIT], 3, split);
    return database_step(record->statements[RECORD_SPLIT], error);
}

int record_heartbeat(struct record *record, const struct heartbeat *heartbeat, int64_t updated_ms,
                     struct error *error)
{
    int64_t activity;
    struct usage_part parts[USAGE_PARTS_MAX];
    assert(heartbeat->seq > 0 && record->epoch > 0);
    int result = record_name(record, heartbeat->activity, &activity, error);
    if (result == 0)
        result = insert(record, heartbeat, activity, error);

    /* The day of the sample has a row also when nothing was played on it. */
    int32_t date = civil_date_utc(heartbeat->wall_ms);
    int64_t used_ms = 0;
    int64_t overdraft_ms = 0;
    int count = usage_split(heartbeat, parts);
    for (int i = 0; i < count && result == 0; i++) {
        const struct usage_part *part = &parts[i];
        result =
            record_add_slot(record, part->slot, activity, part->used_ms, part->overdraft_ms, error);
        if (part->date_utc == date) {
            used_ms += part->used_ms;
            overdraft_ms += part->overdraft_ms;
        } else if (result == 0) {
            result = record_add_day(record, part->date_utc, part->used_ms, part->overdraft_ms, 0, 0,
                                    error);
        }
    }
    if (result == 0)
        result = record_add_day(record, date, used_ms, overdraft_ms, heartbeat->wall_ms, updated_ms,
                                error);
    return result == 0 ? sessions_record(record, heartbeat, activity, error) : result;
}

int record_tick(struct record *record, const struct tick *tick, struct error *error)
{
    const int64_t values[] = {tick->monotonic_ms, tick->boottime_ms, tick->wall_ms};
    assert(memchr(tick->boot_id, '\0', sizeof(tick->boot_id)) != NULL);
    sqlite3_stmt *statement = record->statements[RECORD_TICK];
    database_bind(statement, 3, values);
    sqlite3_bind_text(statement, 4, tick->boot_id, -1, SQLITE_STATIC);
    return database_step(statement, error);
}
