/* SPDX-License-Identifier: MIT */
/* Devices and their epochs. */
#include "store_internal.h"

#include "platform/process.h"

#include <assert.h>

int store_find_device(sqlite3 *db, const char *device_id, int64_t *device, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(db, "INSERT OR IGNORE INTO devices(device_id) VALUES(?)",
                                  &statement, error);
    if (result == 0) {
        sqlite3_bind_text(statement, 1, device_id, -1, SQLITE_STATIC);
        result = database_step(statement, error);
    }
    sqlite3_finalize(statement);
    if (result == 0)
        result =
            database_prepare(db, "SELECT id FROM devices WHERE device_id = ?", &statement, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(statement, 1, device_id, -1, SQLITE_STATIC);
    *device = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return *device > 0 ? 0 : database_fail(db, error);
}

int store_add_epoch(sqlite3 *db, int64_t device, int64_t first_seq, int64_t wall_ms, int64_t *epoch,
                    struct error *error)
{
    assert(device > 0 && first_seq > 0);
    uint8_t random[UUID_RANDOM_BYTES];
    uint8_t uuid[UUID_BYTES];
    process_random(random, sizeof(random));
    uuid_random(random, uuid);
    sqlite3_stmt *insert = NULL;
    int result = database_prepare(
        db, "INSERT INTO epochs(device, first_seq, created_ms, uuid) VALUES(?, ?, ?, ?)", &insert,
        error);
    if (result != 0)
        return result;
    const int64_t values[] = {device, first_seq, wall_ms};
    database_bind(insert, 3, values);
    sqlite3_bind_blob(insert, 4, uuid, sizeof(uuid), SQLITE_STATIC);
    result = database_step(insert, error);
    *epoch = sqlite3_last_insert_rowid(db);
    sqlite3_finalize(insert);
    return result;
}
