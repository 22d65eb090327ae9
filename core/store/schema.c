/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include "backup.h"
#include "log.h"
#include "pages.h"
#include "platform/file.h"
#include "platform/process.h"
#include "record/uuid.h"
#include "salvage.h"
#include "sums.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UUID_PART(blob, from, count) "substr(hex(" blob "), " #from ", " #count ")"
#define UUID_TEXT(blob)                                                                            \
    "lower(" UUID_PART(blob, 1, 8) " || '-' || " UUID_PART(blob, 9, 4) " || '-' || " UUID_PART(    \
        blob, 13, 4) " || '-' || " UUID_PART(blob, 17, 4) " || '-' || " UUID_PART(blob, 21,        \
                                                                                  12) ")"

/* Small whole numbers cost no payload when they are 0 or 1, and NULL costs none at all: a heartbeat
 * takes 45 bytes. The id has no index: an index would double what each heartbeat writes. */
static const char tables_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
    "CREATE TABLE devices(id INTEGER PRIMARY KEY, device_id TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE epochs(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL, device INTEGER NOT NULL,"
    " first_seq INTEGER NOT NULL, created_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE names(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE heartbeats(seq INTEGER PRIMARY KEY, id BLOB NOT NULL, wall_ms INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, poll_interval_sec INTEGER NOT NULL, is_playing INTEGER NOT NULL,"
    " credited_ms INTEGER NOT NULL, overdraft_ms INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " activity INTEGER, decided_by INTEGER) STRICT;"
    "CREATE TABLE day_splits(seq INTEGER PRIMARY KEY, border_ms INTEGER NOT NULL,"
    " overdraft_before_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE daily_rollups(device INTEGER NOT NULL, date_utc INTEGER NOT NULL,"
    " used_ms INTEGER NOT NULL, overdraft_ms INTEGER NOT NULL, last_heartbeat_ms INTEGER NOT NULL,"
    " updated_ms INTEGER NOT NULL, PRIMARY KEY(device, date_utc)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE usage_slots(device INTEGER NOT NULL, slot INTEGER NOT NULL,"
    " activity INTEGER NOT NULL, used_ms INTEGER NOT NULL, overdraft_ms INTEGER NOT NULL,"
    " PRIMARY KEY(device, slot, activity)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sink_cursors(sink TEXT PRIMARY KEY, delivered_seq INTEGER NOT NULL,"
    " enabled INTEGER NOT NULL, added_ms INTEGER NOT NULL, inflight_seq INTEGER, failures INTEGER,"
    " retry_at_ms INTEGER, last_error TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE last_tick(one INTEGER PRIMARY KEY CHECK(one = 1), boot_id TEXT NOT NULL,"
    " monotonic_ms INTEGER NOT NULL, boottime_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL)"
    " STRICT;"
    "CREATE VIEW heartbeats_readable AS SELECT h.seq, " UUID_TEXT(
        "h.id") " AS id, d.device_id,"
                " strftime('%Y-%m-%dT%H:%M:%S', h.wall_ms / 1000, 'unixepoch')"
                " || printf('.%03dZ', h.wall_ms % 1000) AS timestamp_utc, h.is_playing, "
                "h.poll_interval_sec,"
                " a.name AS activity, h.credited_ms, h.overdraft_ms, b.name AS decided_by, h.flags,"
                " " UUID_TEXT(
                    "e.uuid") " AS epoch FROM heartbeats h JOIN epochs e ON e.id = h.epoch"
                              " JOIN devices d ON d.id = e.device LEFT JOIN names a ON a.id = "
                              "h.activity"
                              " LEFT JOIN names b ON b.id = h.decided_by;";

/* What was given up, and what was set aside. A gap belongs to one sink, or to all (sink NULL); each
 * sink remembers the newest one that it has delivered. A record in quarantine is kept whole: its
 * row may be pruned before somebody looks. */
static const char tables_2[] =
    "CREATE TABLE gaps(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL, sink TEXT,"
    " epoch INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL,"
    " count INTEGER NOT NULL, reason TEXT NOT NULL, wall_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE quarantine(sink TEXT NOT NULL, seq INTEGER NOT NULL, json TEXT NOT NULL,"
    " reason TEXT NOT NULL, wall_ms INTEGER NOT NULL, PRIMARY KEY(sink, seq))"
    " STRICT, WITHOUT ROWID;"
    "ALTER TABLE sink_cursors ADD COLUMN delivered_gap INTEGER NOT NULL DEFAULT 0;";

/* The household's account. A day is closed with the borders and the allowance that were in force:
 * its totals are those of its slots. Dates are the household's, allowance NULL is unlimited. A
 * grant stands beside what was used and changes none of it. A session is contiguous play of one
 * activity (0: unnamed), and has the seq of its first heartbeat; those before this version are made
 * of the heartbeats that are still there. */
static const char tables_3[] =
    "CREATE TABLE grants(id INTEGER PRIMARY KEY, uuid BLOB NOT NULL, device INTEGER NOT NULL,"
    " date INTEGER NOT NULL, granted_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL,"
    " granted_by TEXT NOT NULL, note TEXT) STRICT;"
    "CREATE TABLE local_days(device INTEGER NOT NULL, date INTEGER NOT NULL,"
    " start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, allowance_ms INTEGER,"
    " granted_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL, overdraft_ms INTEGER NOT NULL,"
    " PRIMARY KEY(device, date)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sessions(id INTEGER PRIMARY KEY, device INTEGER NOT NULL,"
    " activity INTEGER NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,"
    " used_ms INTEGER NOT NULL, overdraft_ms INTEGER NOT NULL) STRICT;";

/* What makes of each version the next. */
static const char *const steps[DATABASE_VERSION] = {tables_1, tables_2, tables_3};

static int refuse_foreign(const char *path, struct error *error)
{
    return error_set(error, EXIT_CODE_CONFIG,
                     "%s: is a database of another program, and is left as it is: name another "
                     "db_path",
                     path);
}

static bool can_read(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    bool can = sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK;
    sqlite3_finalize(statement);
    return can;
}

static bool is_first_agent(sqlite3 *db)
{
    return can_read(db, "SELECT id, device_id, timestamp_utc, is_playing, poll_interval_sec,"
                        " synced_at, rowid FROM heartbeats") &&
           can_read(db, "SELECT device_id, date_utc, minutes_used, last_heartbeat_at"
                        " FROM daily_rollups");
}

/* The version stands in the header and in a table. Of a database that a newer ClockBlock made both
 * are newer. */
static bool contradicts(sqlite3 *db, int64_t version)
{
    int64_t told = 0;
    (void)database_integer(db, "SELECT value FROM meta WHERE key = 'version'", &told, NULL);
    return version <= 0 || (told > 0 && told <= DATABASE_VERSION && told != version);
}

static int identify(sqlite3 *db, const char *path, enum schema_kind *kind, struct error *error)
{
    int64_t application_id;
    int64_t version;
    int64_t tables;
    struct error reason = {0};
    if (database_integer(db, "PRAGMA application_id", &application_id, &reason) != 0 ||
        database_integer(db, "PRAGMA user_version", &version, &reason) != 0 ||
        database_integer(db, "SELECT count(*) FROM sqlite_schema", &tables, &reason) != 0)
        return error_set(error, reason.code, "%s", reason.text);
    if (application_id == DATABASE_APPLICATION_ID) {
        *kind = SCHEMA_OURS;
        if (contradicts(db, version))
            return error_set(error, EXIT_CODE_DATA,
                             "%s: is damaged: its version is not what its tables say", path);
        if (version <= DATABASE_VERSION)
            return 0;
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: was written by a newer ClockBlock (database version %" PRId64
                         ", this one knows %d), and is left as it is: install the newer one",
                         path, version, DATABASE_VERSION);
    }
    if (application_id != 0 || (tables > 0 && !is_first_agent(db)))
        return refuse_foreign(path, error);
    *kind = tables == 0 ? SCHEMA_NEW : SCHEMA_FIRST_AGENT;
    return 0;
}

int schema_check_ours(sqlite3 *db, const char *path, struct error *error)
{
    enum schema_kind kind = SCHEMA_NEW;
    int result = identify(db, path, &kind, error);
    if (result == 0 && kind != SCHEMA_OURS)
        return error_set(error, EXIT_CODE_CONFIG, "%s: is not a database of ClockBlock%s", path,
                         kind == SCHEMA_FIRST_AGENT ? " yet: start the agent to import it" : "");
    return result;
}

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* What the first bytes of the file tell (https://sqlite.org/fileformat.html, section 1.3), so that
 * SQLite does not even open what is not ours. A database whose first changes are still in its wal
 * tells 0. */
static int identify_start(const char *path, uint32_t *application_id, struct error *error)
{
    enum { HEADER_BYTES = 100, APPLICATION_ID_AT = 68, WAL_FORMAT = 2 };
    unsigned char header[HEADER_BYTES] = {0};
    int64_t got = file_read_start(path, header, sizeof(header));
    if (got < 0)
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be read", path);
    bool is_database = got == HEADER_BYTES && memcmp(header, "SQLite format 3", 16) == 0;
    /* SQLite takes one with a higher version for a newer format, and only reads it. */
    bool is_writable = header[18] <= WAL_FORMAT && header[19] <= WAL_FORMAT;
    *application_id = is_database ? big_endian(header + APPLICATION_ID_AT) : 0;
    if (is_database && is_writable &&
        (*application_id == 0 || *application_id == DATABASE_APPLICATION_ID))
        return 0;
    if (salvage_is_ours(path))
        return error_set(error, EXIT_CODE_DATA, "%s: is damaged: its header", path);
    if (is_database)
        return refuse_foreign(path, error);
    return error_set(error, EXIT_CODE_CONFIG,
                     "%s: is no SQLite database, and is left as it is: name another db_path", path);
}

/* Its tables decide about a database that nobody put a mark on. Whoever has to recover it first is
 * known only after this: a look leaves nothing beside what is not ours. */
static int identify_unmarked(const char *path, enum schema_kind *kind, struct error *error)
{
    sqlite3 *db = NULL;
    int result = database_open_look(&db, path, error);
    if (result == 0)
        result = identify(db, path, kind, error);
    database_close(db);
    if (result == 0)
        return 0;
    if (salvage_is_ours(path))
        return error_set(error, EXIT_CODE_DATA, "%s: is damaged: its header", path);
    return result == EXIT_CODE_CONFIG
               ? result
               : error_set(error, EXIT_CODE_CONFIG,
                           "%s; it is not a database of ClockBlock, and is left as it is: name "
                           "another db_path",
                           error != NULL ? error->text : path);
}

static bool has_beside(const char *path, const char *suffix)
{
    char file[PATH_CAPACITY];
    snprintf(file, sizeof(file), "%s%s", path, suffix);
    return file_size(file) > 0;
}

int schema_glance(const char *path, enum schema_kind *kind, struct error *error)
{
    uint32_t application_id = 0;
    *kind = SCHEMA_NEW;
    if (!file_exists(path))
        return 0;
    if (!file_is_regular(path))
        return error_set(error, EXIT_CODE_CONFIG, "%s: is no file: name another db_path", path);
    /* SQLite would delete a wal beside an empty file. */
    if (file_size(path) == 0)
        return has_beside(path, "-wal")
                   ? error_set(error, EXIT_CODE_DATA, "%s: is damaged: it is empty", path)
                   : 0;
    int result = identify_start(path, &application_id, error);
    if (result == 0 && application_id != 0)
        *kind = SCHEMA_OURS;
    else if (result == 0)
        result = identify_unmarked(path, kind, error);
    return result;
}

int schema_check_wal(const char *path, struct error *error)
{
    char wal[PATH_CAPACITY];
    char shm[PATH_CAPACITY];
    snprintf(wal, sizeof(wal), "%s-wal", path);
    snprintf(shm, sizeof(shm), "%s-shm", path);
    if (!pages_wal_is_damaged(wal, shm))
        return 0;
    return error_set(error, EXIT_CODE_DATA, "%s: is damaged: its -wal", path);
}

int schema_identify(const char *path, enum schema_kind *kind, struct error *error)
{
    int result = schema_glance(path, kind, error);
    if (result != 0 || *kind == SCHEMA_FIRST_AGENT || file_size(path) == 0)
        return result;

    sqlite3 *db = NULL;
    result = schema_check_wal(path, error);
    if (result == 0)
        result = has_beside(path, "-journal") ? database_open_undo(&db, path, error)
                                              : database_open_reader(&db, path, error);
    if (result == 0)
        result = identify(db, path, kind, error);
    database_close(db);
    return result;
}

static int put_installation(sqlite3 *db, int64_t wall_ms, struct error *error)
{
    uint8_t random[UUID_RANDOM_BYTES];
    uint8_t uuid[UUID_BYTES];
    process_random(random, sizeof(random));
    uuid_random(random, uuid);
    sqlite3_stmt *insert = NULL;
    int result = database_prepare(
        db, "INSERT INTO meta VALUES('created_ms', ?), ('installation_id', ?)", &insert, error);
    if (result == 0) {
        sqlite3_bind_int64(insert, 1, wall_ms);
        sqlite3_bind_blob(insert, 2, uuid, sizeof(uuid), SQLITE_STATIC);
        result = database_step(insert, error);
    }
    sqlite3_finalize(insert);
    return result;
}

static int make_step(sqlite3 *db, int64_t version, int64_t wall_ms, struct error *error)
{
    char numbers[256];
    assert(version >= 0 && version < DATABASE_VERSION);
    snprintf(numbers, sizeof(numbers),
             "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64 ";"
             "INSERT INTO meta VALUES('version', %" PRId64 ")"
             " ON CONFLICT DO UPDATE SET value = excluded.value;",
             DATABASE_APPLICATION_ID, version + 1, version + 1);
    int result = database_exec(db, "BEGIN IMMEDIATE", error);
    if (result == 0)
        result = database_exec(db, steps[version], error);
    if (result == 0 && version == 0)
        result = put_installation(db, wall_ms, error);
    if (result == 0 && version == 2)
        result = sums_fill_sessions(db, error);
    if (result == 0)
        result = database_exec(db, numbers, error);
    if (result == 0)
        result = database_exec(db, "COMMIT", error);
    if (result != 0)
        database_exec(db, "ROLLBACK", NULL);
    return result;
}

static int back_up(sqlite3 *db, int64_t version, int64_t wall_ms, struct error *error)
{
    char backup[PATH_CAPACITY];
    const char *path = sqlite3_db_filename(db, "main");
    if (snprintf(backup, sizeof(backup), "%s.v%d-backup", path, (int)version) >=
        (int)sizeof(backup))
        return error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", path);
    struct error reason = {0};
    int result = backup_make(db, backup, wall_ms, &reason);
    if (result != 0)
        return error_set(error, EXIT_CODE_DISK,
                         "%s; the database stays at version %d until it is backed up", reason.text,
                         (int)version);
    log_info("store", "the database goes from version %d to %d; what it was is kept as %s",
             (int)version, DATABASE_VERSION, backup);
    return 0;
}

int schema_migrate(sqlite3 *db, int64_t wall_ms, struct error *error)
{
    int64_t version;
    int result = database_integer(db, "PRAGMA user_version", &version, error);
    assert(result != 0 || (version >= 0 && version <= DATABASE_VERSION));
    if (result == 0 && version > 0 && version < DATABASE_VERSION)
        result = back_up(db, version, wall_ms, error);
    for (; result == 0 && version < DATABASE_VERSION; version++)
        result = make_step(db, version, wall_ms, error);
    return result;
}
