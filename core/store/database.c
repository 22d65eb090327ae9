/* SPDX-License-Identifier: MIT */
#include "database.h"

#include "platform/file.h"
#include "pulse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int refuse(sqlite3 *db, const char *path, struct error *error)
{
    bool is_damage = db != NULL && database_is_damaged(db);
    int result = error_set(error, is_damage ? EXIT_CODE_DATA : EXIT_CODE_DISK,
                           "%s: the database cannot be opened: %s", path,
                           db != NULL ? sqlite3_errmsg(db) : "out of memory");
    sqlite3_close(db);
    return result;
}

/* A statement may take minutes: its thread does not stand still. */
static int on_progress(void *context)
{
    (void)context;
    pulse_beat();
    return 0;
}

static void harden(sqlite3 *db)
{
    enum { STEPS = 50000 }; /* a few milliseconds */
    sqlite3_progress_handler(db, STEPS, on_progress, NULL);
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Few and small statements: the default of 48 KB for each connection is too much. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 32);
}

/* A file system that cannot share memory between processes has no wal, and says so only here. */
static int demand_wal(sqlite3 *db, const char *path, struct error *error)
{
    int64_t is_wal = 0;
    int result = database_integer(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode",
                                  &is_wal, error);
    if (result != 0 || is_wal == 1)
        return result;
    return error_set(error, EXIT_CODE_DISK,
                     "%s: its file system has no write-ahead log: put db_path on a local disk",
                     path);
}

int database_open_writer(sqlite3 **db, const char *path, struct error *error)
{
    sqlite3 *opened = NULL;
    if (sqlite3_open_v2(path, &opened,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return refuse(opened, path, error);
    harden(opened);
    /* Somebody with a database tool may hold the lock for a moment. */
    sqlite3_busy_timeout(opened, 1000);
    /* The page size counts only for a new file, the rest for each connection. */
    int result = database_exec(opened,
                               "PRAGMA page_size = 1024; PRAGMA auto_vacuum = INCREMENTAL;"
                               "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
                               "PRAGMA cache_size = -256; PRAGMA mmap_size = 0;"
                               "PRAGMA journal_size_limit = 1048576;",
                               error);
    if (result == 0)
        result = demand_wal(opened, path, error);
    if (result != 0) {
        sqlite3_close(opened);
        return result;
    }
    *db = opened;
    return 0;
}

int database_open_reader(sqlite3 **db, const char *path, struct error *error)
{
    sqlite3 *opened = NULL;
    if (sqlite3_open_v2(path, &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return refuse(opened, path, error);
    harden(opened);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_busy_timeout(opened, 5000);
    int result = database_exec(
        opened, "PRAGMA cache_size = -256; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;",
        error);
    if (result != 0) {
        sqlite3_close(opened);
        return result;
    }
    *db = opened;
    return 0;
}

static char *put_escaped(char *next, const char *path)
{
    static const char digits[] = "0123456789abcdef";
    for (; *path != '\0'; path++) {
        unsigned char c = (unsigned char)*path;
        if (strchr("%?#", c) == NULL) {
            *next++ = *path;
            continue;
        }
        *next++ = '%';
        *next++ = digits[c >> 4];
        *next++ = digits[c & 0x0F];
    }
    return next;
}

int database_open_look(sqlite3 **db, const char *path, struct error *error)
{
    static const char scheme[] = "file:";
    static const char option[] = "?immutable=1";
    char *uri = malloc(3 * strlen(path) + sizeof(scheme) + sizeof(option));
    assert(uri != NULL);
    memcpy(uri, scheme, sizeof(scheme));
    memcpy(put_escaped(uri + strlen(scheme), path), option, sizeof(option));
    int code = sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    free(uri);
    if (code != SQLITE_OK) {
        int result = refuse(*db, path, error);
        *db = NULL;
        return result;
    }
    harden(*db);
    return 0;
}

int database_open_undo(sqlite3 **db, const char *path, struct error *error)
{
    int code = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        int result = refuse(*db, path, error);
        *db = NULL;
        return result;
    }
    harden(*db);
    return 0;
}

void database_close(sqlite3 *db)
{
    int result = sqlite3_close(db);
    assert(result == SQLITE_OK); /* else a statement was not finalized */
    (void)result;
}

/* What the user can do about it. */
static const char *advice(int code)
{
    switch (code & 0xFF) {
    case SQLITE_FULL:
        return "; free some space on its disk";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return "; see to it that the user of this agent may write it and its folder";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "; another program holds it: end that program";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "; what can be read of it is salvaged when the agent starts";
    case SQLITE_IOERR:
        return "; the disk may be failing: look into the system's log";
    default:
        return "";
    }
}

bool database_is_damaged(sqlite3 *db)
{
    int code = sqlite3_extended_errcode(db) & 0xFF;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* Our statements are right: one that is not understood finds other tables than ours. */
static bool is_not_understood(sqlite3 *db)
{
    int code = sqlite3_extended_errcode(db) & 0xFF;
    return code == SQLITE_ERROR || code == SQLITE_FORMAT || code == SQLITE_MISMATCH;
}

int database_fail(sqlite3 *db, struct error *error)
{
    const char *path = sqlite3_db_filename(db, "main");
    bool is_damage = database_is_damaged(db) || is_not_understood(db);
    return error_set(error, is_damage ? EXIT_CODE_DATA : EXIT_CODE_DISK, "%s: %s%s",
                     path != NULL ? path : "the database", sqlite3_errmsg(db),
                     advice(sqlite3_extended_errcode(db)));
}

int database_exec(sqlite3 *db, const char *sql, struct error *error)
{
    assert(db != NULL);
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : database_fail(db, error);
}

void database_begin_check(sqlite3 *db)
{
    enum { START_MS = 10 * 1000, BYTES_PER_MS = 1000 }; /* of a card that is slow */
    const char *path = sqlite3_db_filename(db, "main");
    int64_t bytes = path != NULL ? file_size(path) : 0;
    pulse_excuse(START_MS + bytes / BYTES_PER_MS);
}

static int check_once(sqlite3 *db, struct error *error)
{
    sqlite3_stmt *check = NULL;
    int result = database_prepare(db, "PRAGMA quick_check(1)", &check, error);
    if (result != 0)
        return result;
    database_begin_check(db);
    int code = sqlite3_step(check);
    pulse_beat();
    const char *found = code == SQLITE_ROW ? (const char *)sqlite3_column_text(check, 0) : NULL;
    if (found == NULL)
        result = database_fail(db, error);
    else if (strcmp(found, "ok") != 0)
        result = error_set(error, EXIT_CODE_DATA, "%s: is damaged: %s",
                           sqlite3_db_filename(db, "main"), found);
    sqlite3_finalize(check);
    return result;
}

/* A page that the disk did not give this time is found damaged too: only one that it does not give
 * again is. */
int database_check(sqlite3 *db, struct error *error)
{
    int result = check_once(db, error);
    return result == 0 ? 0 : check_once(db, error);
}

int database_copy(sqlite3 *db, const char *target, struct error *error)
{
    sqlite3_stmt *copy = NULL;
    int result = file_make_private(target, error);
    if (result == 0)
        result = database_prepare(db, "VACUUM INTO ?", &copy, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(copy, 1, target, -1, SQLITE_STATIC);
    result = database_step(copy, error);
    sqlite3_finalize(copy);
    return result;
}

int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement, struct error *error)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK)
        return 0;
    return database_fail(db, error);
}

int database_integer(sqlite3 *db, const char *sql, int64_t *value, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    *value = 0;
    int result = database_prepare(db, sql, &statement, error);
    if (result != 0)
        return result;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(statement, 0);
    else if (code != SQLITE_DONE)
        result = database_fail(db, error);
    sqlite3_finalize(statement);
    return result;
}

void database_bind(sqlite3_stmt *statement, int count, const int64_t *values)
{
    for (int i = 0; i < count; i++) {
        int result = sqlite3_bind_int64(statement, i + 1, values[i]);
        assert(result == SQLITE_OK);
        (void)result;
    }
}

int database_step(sqlite3_stmt *statement, struct error *error)
{
    assert(sqlite3_stmt_busy(statement) == 0); /* whoever used it before reset it */
    int code = sqlite3_step(statement);
    int result = 0;
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        result = database_fail(sqlite3_db_handle(statement), error);
    sqlite3_reset(statement);
    return result;
}

int database_change(sqlite3 *db, const char *sql, int count, const int64_t *values,
                    struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(db, sql, &statement, error);
    if (result != 0)
        return result;
    database_bind(statement, count, values);
    result = database_step(statement, error);
    sqlite3_finalize(statement);
    return result;
}
