/* SPDX-License-Identifier: MIT */
/* Bonus minutes: rows of their own, beside what was used. */
#include "reader.h"
#include "store_internal.h"

#include "platform/process.h"
#include "record/text.h"

#include <assert.h>

/* ---- Writing --------------------------------------------------------------------------------- */

static int insert(struct store *store, const struct store_grant *grant, struct error *error)
{
    static const char sql[] = "INSERT INTO grants(device, date, granted_ms, wall_ms, uuid,"
                              " granted_by, note) VALUES(?, ?, ?, ?, ?, ?, nullif(?, ''))";
    const int64_t values[] = {store->record.device, grant->date, grant->granted_ms, grant->wall_ms};
    uint8_t random[UUID_RANDOM_BYTES];
    uint8_t uuid[UUID_BYTES];
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(store->db, sql, &statement, error);
    if (result != 0)
        return result;
    process_random(random, sizeof(random));
    uuid_random(random, uuid);
    database_bind(statement, 4, values);
    sqlite3_bind_blob(statement, 5, uuid, sizeof(uuid), SQLITE_STATIC);
    sqlite3_bind_text(statement, 6, grant->by, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 7, grant->note, -1, SQLITE_STATIC);
    result = database_step(statement, error);
    sqlite3_finalize(statement);
    return result;
}

static int add_to_closed_day(struct store *store, const struct store_grant *grant,
                             struct error *error)
{
    const int64_t values[] = {grant->granted_ms, store->record.device, grant->date};
    return database_change(store->db,
                           "UPDATE local_days SET granted_ms = granted_ms + ?"
                           " WHERE device = ? AND date = ?",
                           3, values, error);
}

static int run_add(struct store *store, void *argument, struct error *error)
{
    struct store_grant *grant = argument;
    grant->wall_ms = store->clock->wall_ms(store->clock);
    int result = insert(store, grant, error);
    grant->id = sqlite3_last_insert_rowid(store->db);
    return result == 0 ? add_to_closed_day(store, grant, error) : result;
}

int store_grant_add(struct store *store, struct store_grant *grant, struct error *error)
{
    assert(grant->granted_ms != 0 && grant->by[0] != '\0');
    return writer_call(store, run_add, grant, error);
}

/* ---- Reading --------------------------------------------------------------------------------- */

int store_read_granted(struct store_reader *reader, const char *device_id, int32_t date,
                       int64_t *granted_ms, struct error *error)
{
    static const char sql[] = "SELECT coalesce(sum(granted_ms), 0) FROM grants WHERE device"
                              " = " READER_DEVICE " AND date = ?2";
    sqlite3_stmt *row = NULL;
    *granted_ms = 0;
    int result = reader_prepare(reader, sql, device_id, 1, (const int64_t[]){date}, &row, error);
    if (result != 0)
        return result;
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW)
        *granted_ms = sqlite3_column_int64(row, 0);
    return reader_end(reader, row, code, error);
}

int store_each_grant(struct store_reader *reader, const char *device_id, int32_t from, int32_t to,
                     store_visit_grant visit, void *context, struct error *error)
{
    static const char sql[] =
        "SELECT id, date, granted_ms, wall_ms, granted_by, note FROM grants WHERE"
        " device = " READER_DEVICE " AND date >= ?2 AND date <= ?3 ORDER BY date, id";
    const int64_t values[] = {from, to};
    sqlite3_stmt *row = NULL;
    int result = reader_prepare(reader, sql, device_id, 2, values, &row, error);
    if (result != 0)
        return result;
    int code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        struct store_grant grant = {.id = sqlite3_column_int64(row, 0),
                                    .date = sqlite3_column_int(row, 1),
                                    .granted_ms = sqlite3_column_int64(row, 2),
                                    .wall_ms = sqlite3_column_int64(row, 3)};
        text_copy(grant.by, sizeof(grant.by), (const char *)sqlite3_column_text(row, 4));
        text_copy(grant.note, sizeof(grant.note), (const char *)sqlite3_column_text(row, 5));
        visit(&grant, context);
    }
    return reader_end(reader, row, code, error);
}
