/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include "record/text.h"
#include "record/usage.h"
#include "salvage.h"
#include "schema.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sql[READER_STATEMENTS] = {
    [READER_AFTER] = "SELECT " READER_COLUMNS " WHERE h.seq > ?1 ORDER BY h.seq LIMIT ?2",
    [READER_BEFORE] = "SELECT " READER_COLUMNS " WHERE h.seq < ?1 ORDER BY h.seq DESC LIMIT ?2",
    [READER_ORIGIN] = "SELECT e.uuid, d.device_id FROM epochs e JOIN devices d ON d.id = e.device"
                      " WHERE e.id = ?",
    [READER_DAILY] = "SELECT used_ms, overdraft_ms, last_heartbeat_ms, updated_ms"
                     " FROM daily_rollups WHERE date_utc = ?1 AND"
                     " device = (SELECT id FROM devices WHERE device_id = ?2)",
    [READER_USAGE] = "SELECT coalesce(sum(used_ms), 0), coalesce(sum(overdraft_ms), 0)"
                     " FROM usage_slots WHERE slot >= ?1 AND slot < ?2 AND"
                     " device = (SELECT id FROM devices WHERE device_id = ?3)",
    [READER_USAGE_DAY] = "SELECT coalesce(max(min(last_heartbeat_ms, ?3)), 0),"
                         " coalesce(max(updated_ms), 0) FROM daily_rollups WHERE date_utc >= ?1"
                         " AND date_utc <= ?2 AND last_heartbeat_ms >= ?4 AND"
                         " device = (SELECT id FROM devices WHERE device_id = ?5)",
    /* seq has no holes but those that pruning makes at its old end: a difference is a count. */
    [READER_SINK] =
        "SELECT c.enabled, c.delivered_seq, max(0, coalesce((SELECT max(seq) FROM"
        " heartbeats), 0) - max(c.delivered_seq, coalesce((SELECT min(seq) - 1 FROM"
        " heartbeats), 0))), coalesce((SELECT wall_ms FROM heartbeats WHERE seq >"
        " c.delivered_seq ORDER BY seq LIMIT 1), 0) FROM sink_cursors c WHERE c.sink = ?",
};

static void disconnect(struct store_reader *reader)
{
    assert(reader->used_count == 0); /* its user would go on with a statement that is gone */
    for (int i = 0; i < READER_STATEMENTS; i++) {
        sqlite3_finalize(reader->statements[i]);
        reader->statements[i] = NULL;
    }
    for (int i = 0; i < READER_KEPT_MAX; i++) {
        sqlite3_finalize(reader->kept[i].statement);
        reader->kept[i] = (struct reader_kept){0};
    }
    database_close(reader->db);
    reader->db = NULL;
    reader->origin_epoch = 0;
}

/* SQLite makes the two files beside a database even for who only reads. Without a wal there is
 * nothing in them to miss. */
static bool needs_wal(const struct store_reader *reader)
{
    char wal[PATH_CAPACITY + 8];
    snprintf(wal, sizeof(wal), "%s-wal", reader->path);
    return !reader->leaves_no_trace || file_exists(wal);
}

static int connect(struct store_reader *reader, struct error *error)
{
    (void)file_identify(reader->path, &reader->identity);
    int result = needs_wal(reader) ? database_open_reader(&reader->db, reader->path, error)
                                   : database_open_look(&reader->db, reader->path, error);
    if (result == 0)
        result = schema_check_ours(reader->db, reader->path, error);
    for (int i = 0; i < READER_STATEMENTS && result == 0; i++)
        result = database_prepare(reader->db, sql[i], &reader->statements[i], error);
    if (result != 0)
        disconnect(reader);
    return result;
}

/* The database may have been made anew since: what was open is a file that nobody writes. */
static int follow(struct store_reader *reader, struct error *error)
{
    struct file_identity now;
    if (reader->used_count > 0)
        return 0;
    bool is_there = file_identify(reader->path, &now);
    if (reader->db != NULL && (!is_there || file_is_same(&now, &reader->identity)))
        return 0;
    disconnect(reader);
    return connect(reader, error);
}

static int open_reader(struct store_reader **reader, const char *path, bool leaves_no_trace,
                       struct error *error)
{
    struct store_reader *made = calloc(1, sizeof(*made));
    assert(made != NULL);
    made->leaves_no_trace = leaves_no_trace;
    made->path = strdup(path);
    assert(made->path != NULL);
    int result = connect(made, error);
    if (result != 0) {
        store_reader_close(made);
        return result;
    }
    *reader = made;
    return 0;
}

int store_reader_open(struct store_reader **reader, const char *path, struct error *error)
{
    return open_reader(reader, path, false, error);
}

int store_reader_look(struct store_reader **reader, const char *path, struct error *error)
{
    return open_reader(reader, path, true, error);
}

void store_reader_close(struct store_reader *reader)
{
    if (reader == NULL)
        return;
    disconnect(reader);
    free(reader->path);
    free(reader);
}

/* Every statement is reset as soon as its rows are read: an open one would keep the wal from being
 * folded back. */
static int done(struct store_reader *reader, sqlite3_stmt *statement, int code, struct error *error)
{
    int result = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : database_fail(reader->db, error);
    /* The writer, which may never come by this page, looks for the note. */
    if (result != 0 && !reader->leaves_no_trace && database_is_damaged(reader->db))
        salvage_note_damage(reader->path);
    sqlite3_reset(statement);
    return result;
}

static bool is_kept(const struct reader_kept *kept, const char *sql_text)
{
    return kept->statement != NULL && !kept->is_used &&
           strcmp(sqlite3_sql(kept->statement), sql_text) == 0;
}

/* Prepared once, and kept where there is a place. */
static int take(struct store_reader *reader, const char *sql_text, sqlite3_stmt **statement,
                struct error *error)
{
    struct reader_kept *place = NULL;
    for (int i = 0; i < READER_KEPT_MAX; i++) {
        struct reader_kept *kept = &reader->kept[i];
        if (is_kept(kept, sql_text)) {
            kept->is_used = true;
            *statement = kept->statement;
            return 0;
        }
        if (place == NULL && kept->statement == NULL)
            place = kept;
    }
    int result = database_prepare(reader->db, sql_text, statement, error);
    if (result == 0 && place != NULL)
        *place = (struct reader_kept){.statement = *statement, .is_used = true};
    return result;
}

int reader_prepare(struct store_reader *reader, const char *sql_text, const char *device_id,
                   int count, const int64_t *values, sqlite3_stmt **statement, struct error *error)
{
    int result = follow(reader, error);
    if (result == 0)
        result = take(reader, sql_text, statement, error);
    if (result != 0)
        return result;
    reader->used_count++;
    sqlite3_bind_text(*statement, 1, device_id, -1, SQLITE_STATIC);
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(*statement, i + 2, values[i]);
    return 0;
}

int reader_end(struct store_reader *reader, sqlite3_stmt *statement, int code, struct error *error)
{
    int result = done(reader, statement, code, error);
    reader->used_count--;
    sqlite3_clear_bindings(statement); /* the texts were borrowed */
    for (int i = 0; i < READER_KEPT_MAX; i++) {
        if (reader->kept[i].statement != statement)
            continue;
        reader->kept[i].is_used = false;
        return result;
    }
    sqlite3_finalize(statement);
    return result;
}

static void copy_name(char *target, size_t capacity, sqlite3_stmt *row, int column)
{
    text_copy(target, capacity, (const char *)sqlite3_column_text(row, column));
}

void reader_row(sqlite3_stmt *row, struct heartbeat *heartbeat)
{
    *heartbeat = (struct heartbeat){
        .seq = sqlite3_column_int64(row, 0),
        .wall_ms = sqlite3_column_int64(row, 1),
        .poll_interval_sec = sqlite3_column_int(row, 2),
        .is_playing = sqlite3_column_int(row, 3) != 0,
        .credited_ms = sqlite3_column_int64(row, 4),
        .overdraft_ms = sqlite3_column_int64(row, 5),
        .flags = (uint32_t)sqlite3_column_int64(row, 6),
        .border_ms = sqlite3_column_int64(row, 11),
        .overdraft_before_ms = sqlite3_column_int64(row, 12),
    };
    if (sqlite3_column_bytes(row, 8) == UUID_BYTES)
        memcpy(heartbeat->id, sqlite3_column_blob(row, 8), UUID_BYTES);
    copy_name(heartbeat->activity, sizeof(heartbeat->activity), row, 9);
    copy_name(heartbeat->decided_by, sizeof(heartbeat->decided_by), row, 10);
}

static int find_origin(struct store_reader *reader, int64_t epoch, struct error *error)
{
    assert(reader->db != NULL);
    if (reader->origin_epoch == epoch)
        return 0;
    sqlite3_stmt *statement = reader->statements[READER_ORIGIN];
    database_bind(statement, 1, &epoch);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == UUID_BYTES) {
        memcpy(reader->origin.epoch, sqlite3_column_blob(statement, 0), UUID_BYTES);
        copy_name(reader->origin.device_id, sizeof(reader->origin.device_id), statement, 1);
        reader->origin_epoch = epoch;
    }
    return done(reader, statement, code, error);
}

int store_read_after(struct store_reader *reader, int64_t after_seq, int limit,
                     struct heartbeat *heartbeats, int *count, struct heartbeat_origin *origin,
                     struct error *error)
{
    assert(limit > 0 && after_seq >= 0);
    *count = 0;
    int result = follow(reader, error);
    if (result != 0)
        return result;
    sqlite3_stmt *statement = reader->statements[READER_AFTER];
    const int64_t values[] = {after_seq, limit};
    database_bind(statement, 2, values);
    int64_t epoch = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t row_epoch = sqlite3_column_int64(statement, 7);
        if (*count > 0 && row_epoch != epoch)
            break; /* a batch is of one origin */
        epoch = row_epoch;
        reader_row(statement, &heartbeats[(*count)++]);
    }
    result = done(reader, statement, code, error);
    if (result == 0 && *count > 0)
        result = find_origin(reader, epoch, error);
    *origin = reader->origin;
    return result;
}

int store_read_before(struct store_reader *reader, int64_t before_seq, int limit, store_visit visit,
                      void *context, struct error *error)
{
    assert(limit > 0 && before_seq >= 0);
    int result = follow(reader, error);
    if (result != 0)
        return result;
    sqlite3_stmt *statement = reader->statements[READER_BEFORE];
    const int64_t values[] = {before_seq, limit};
    database_bind(statement, 2, values);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && result == 0) {
        struct heartbeat heartbeat;
        reader_row(statement, &heartbeat);
        result = find_origin(reader, sqlite3_column_int64(statement, 7), error);
        if (result == 0)
            visit(&heartbeat, &reader->origin, context);
    }
    int ended = done(reader, statement, code, error);
    return result != 0 ? result : ended;
}

int store_read_daily(struct store_reader *reader, const char *device_id, int32_t date_utc,
                     struct store_daily *daily, struct error *error)
{
    *daily = (struct store_daily){0};
    int result = follow(reader, error);
    if (result != 0)
        return result;
    sqlite3_stmt *statement = reader->statements[READER_DAILY];
    sqlite3_bind_int64(statement, 1, date_utc);
    sqlite3_bind_text(statement, 2, device_id, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *daily = (struct store_daily){.found = true,
                                      .used_ms = sqlite3_column_int64(statement, 0),
                                      .overdraft_ms = sqlite3_column_int64(statement, 1),
                                      .last_heartbeat_ms = sqlite3_column_int64(statement, 2),
                                      .updated_ms = sqlite3_column_int64(statement, 3)};
    return done(reader, statement, code, error);
}

static int read_usage_day(struct store_reader *reader, const char *device_id, int64_t from_ms,
                          int64_t to_ms, struct store_daily *total, struct error *error)
{
    sqlite3_stmt *statement = reader->statements[READER_USAGE_DAY];
    const int64_t values[] = {civil_date_utc(from_ms), civil_date_utc(to_ms - 1), to_ms, from_ms};
    database_bind(statement, 4, values);
    sqlite3_bind_text(statement, 5, device_id, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        total->last_heartbeat_ms = sqlite3_column_int64(statement, 0);
        total->updated_ms = sqlite3_column_int64(statement, 1);
        total->found = total->last_heartbeat_ms != 0;
    }
    return done(reader, statement, code, error);
}

int store_read_usage(struct store_reader *reader, const char *device_id, int64_t from_ms,
                     int64_t to_ms, struct store_daily *total, struct error *error)
{
    assert(from_ms % USAGE_SLOT_MS == 0 && to_ms % USAGE_SLOT_MS == 0 && from_ms <= to_ms);
    *total = (struct store_daily){0};
    int result = follow(reader, error);
    if (result != 0)
        return result;
    sqlite3_stmt *statement = reader->statements[READER_USAGE];
    const int64_t values[] = {from_ms / USAGE_SLOT_MS, to_ms / USAGE_SLOT_MS};
    database_bind(statement, 2, values);
    sqlite3_bind_text(statement, 3, device_id, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        total->used_ms = sqlite3_column_int64(statement, 0);
        total->overdraft_ms = sqlite3_column_int64(statement, 1);
    }
    result = done(reader, statement, code, error);
    return result == 0 ? read_usage_day(reader, device_id, from_ms, to_ms, total, error) : result;
}

int store_read_sink(struct store_reader *reader, const char *sink, struct store_sink_state *state,
                    struct error *error)
{
    *state = (struct store_sink_state){0};
    int result = follow(reader, error);
    if (result != 0)
        return result;
    assert(sink[0] != '\0');
    sqlite3_stmt *statement = reader->statements[READER_SINK];
    sqlite3_bind_text(statement, 1, sink, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *state = (struct store_sink_state){.found = true,
                                           .enabled = sqlite3_column_int(statement, 0) != 0,
                                           .delivered_seq = sqlite3_column_int64(statement, 1),
                                           .pending = sqlite3_column_int64(statement, 2),
                                           .oldest_pending_ms = sqlite3_column_int64(statement, 3)};
    return done(reader, statement, code, error);
}
