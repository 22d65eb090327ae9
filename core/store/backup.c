/* SPDX-License-Identifier: MIT */
#include "backup.h"

#include "platform/file.h"
#include "reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The mark is synced, and all that was written before it. */
static int mark(const char *path, int64_t wall_ms, struct error *error)
{
    sqlite3 *copy = NULL;
    char sql[192];
    snprintf(sql, sizeof(sql),
             "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
             "INSERT INTO meta VALUES('backup_ms', %" PRId64 ")"
             " ON CONFLICT DO UPDATE SET value = excluded.value",
             wall_ms);
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE, NULL);
    int result = code == SQLITE_OK ? database_exec(copy, sql, error)
                                   : error_set(error, EXIT_CODE_DISK, "%s: cannot be opened", path);
    sqlite3_close(copy);
    return result;
}

int backup_make(sqlite3 *db, const char *target, int64_t wall_ms, struct error *error)
{
    char part[PATH_CAPACITY];
    if (snprintf(part, sizeof(part), "%s.part", target) >= (int)sizeof(part))
        return error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", target);
    remove(part);
    int result = database_copy(db, part, error);
    if (result == 0)
        result = mark(part, wall_ms, error);
    if (result == 0)
        result = file_replace(part, target, error);
    if (result != 0)
        remove(part);
    return result;
}

int backup_moment(sqlite3 *db, int64_t *wall_ms, struct error *error)
{
    return database_integer(db, "SELECT value FROM meta WHERE key = 'backup_ms'", wall_ms, error);
}

int backup_unmark(sqlite3 *db, struct error *error)
{
    return database_exec(db, "DELETE FROM meta WHERE key = 'backup_ms'", error);
}

int store_backup(struct store_reader *reader, const char *target, int64_t wall_ms,
                 struct error *error)
{
    assert(target[0] != '\0');
    if (file_exists(target))
        return error_set(error, EXIT_CODE_USAGE, "%s: is there already, and is left as it is",
                         target);
    return backup_make(reader->db, target, wall_ms, error);
}
