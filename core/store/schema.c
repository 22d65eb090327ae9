/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include "platform/file.h"
#include "platform/process.h"
#include "record/uuid.h"

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

/* What makes of each version the next. */
static const char *const steps[DATABASE_VERSION] = {tables_1, tables_2};

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

static int identify(sqlite3 *db, const char *path, enum schema_kind *kind, struct error *error)
{
    int64_t application_id;
    int64_t version;
    int64_t tables;
    struct error reason = {0};
    if (database_integer(db, "PRAGMA application_id", &application_id, &reason) != 0 ||
        database_integer(db, "PRAGMA user_version", &version, &reason) != 0 ||
        database_integer(db, "SELECT count(*) FROM sqlite_schema", &tables, &reason) != 0)
        return error_set(
            error, EXIT_CODE_CONFIG,
            "%s; it is not a database of ClockBlock, and is left as it is: name another "
            "db_path",
            reason.text);
    if (application_id == DATABASE_APPLICATION_ID) {
        *kind = SCHEMA_OURS;
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
    enum { HEADER_BYTES = 100, APPLICATION_ID_AT = 68 };
    unsigned char header[HEADER_BYTES];
    int64_t got = file_read_start(path, header, sizeof(header));
    if (got < 0)
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be read", path);
    if (got < HEADER_BYTES || memcmp(header, "SQLite format 3", 16) != 0)
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: is no SQLite database, and is left as it is: name another db_path",
                         path);
    *application_id = big_endian(header + APPLICATION_ID_AT);
    if (*application_id != 0 && *application_id != DATABASE_APPLICATION_ID)
        return refuse_foreign(path, error);
    return 0;
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
    return result;
}

int schema_identify(const char *path, enum schema_kind *kind, struct error *error)
{
    uint32_t application_id = 0;
    *kind = SCHEMA_NEW;
    if (!file_exists(path))
        return 0;
    if (!file_is_regular(path))
        return error_set(error, EXIT_CODE_CONFIG, "%s: is no file: name another db_path", path);
    if (file_size(path) == 0)
        return 0;
    int result = identify_start(path, &application_id, error);
    if (result == 0 && application_id == 0)
        result = identify_unmarked(path, kind, error);
    if (result != 0 || *kind == SCHEMA_FIRST_AGENT)
        return result;

    /* Ours: what is still in its wal counts too. */
    sqlite3 *db = NULL;
    result = database_open_reader(&db, path, error);
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

int schema_migrate(sqlite3 *db, int64_t wall_ms, struct error *error)
{
    int64_t version;
    char pragmas[96];
    int result = database_integer(db, "PRAGMA user_version", &version, error);
    if (result != 0 || version == DATABASE_VERSION)
        return result;
    assert(version >= 0 && version < DATABASE_VERSION);
    snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             DATABASE_APPLICATION_ID, DATABASE_VERSION);
    result = database_exec(db, "BEGIN IMMEDIATE", error);
    for (int64_t step = version; step < DATABASE_VERSION && result == 0; step++)
        result = database_exec(db, steps[step], error);
    if (result == 0 && version == 0)
        result = put_installation(db, wall_ms, error);
    if (result == 0)
        result = database_exec(db, pragmas, error);
    if (result == 0)
        result = database_exec(db, "COMMIT", error);
    if (result != 0)
        database_exec(db, "ROLLBACK", NULL);
    return result;
}
