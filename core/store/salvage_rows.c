/* SPDX-License-Identifier: MIT */
/*
 * A record tells by the shape of its values which table it is from. Several versions of a row may
 * be found, in pages that were written over by the wal: the first one found is the newest, and of
 * numbers that only rise, the highest counts.
 */
#include "salvage_rows.h"

#include "can_be.h"
#include "record/usage.h"
#include "store_internal.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Letters of a shape: n the rowid (stored as NULL), u a UUID, i a number, t a text; I and T may be
 * NULL; a anything. */
struct shape {
    const char *table;
    const char *values;
    int at_least; /* values of a row that was written by an older version */
    bool is_index;
    const char *insert;
};

enum {
    SHAPE_HEARTBEAT,
    SHAPE_DAY,
    SHAPE_SLOT,
    SHAPE_CURSOR,
    SHAPE_NAME,
    SHAPE_DEVICE,
    SHAPE_CLOSED_DAY,
    SHAPE_SESSION
};
static const struct shape shapes[] = {
    [SHAPE_HEARTBEAT] = {"heartbeats", "nuiiiiiiiII", 11, false,
                         "INSERT OR IGNORE INTO heartbeats SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                         " ?9, ?10, ?11 WHERE NOT ?12 OR ?1 <= coalesce((SELECT max(seq) FROM"
                         " heartbeats) + 64, ?1)"},
    [SHAPE_DAY] = {"daily_rollups", "iiiiii", 6, true,
                   "INSERT INTO daily_rollups VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                   " ON CONFLICT DO UPDATE SET " MAX_OF(used_ms) ", " MAX_OF(
                       overdraft_ms) ", " MAX_OF(last_heartbeat_ms) ", " MAX_OF(updated_ms)},
    [SHAPE_SLOT] = {"usage_slots", "iiiii", 5, true,
                    "INSERT INTO usage_slots VALUES(?1, ?2, ?3, ?4, ?5)"
                    " ON CONFLICT DO UPDATE SET " MAX_OF(used_ms) ", " MAX_OF(overdraft_ms)},
    [SHAPE_CURSOR] = {"sink_cursors", "tiiiIIITi", 8, true,
                      "INSERT INTO sink_cursors VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
                      " coalesce(?9, 0)) ON CONFLICT DO UPDATE SET " MAX_OF(
                          delivered_seq) ", " MAX_OF(delivered_gap)},
    [SHAPE_NAME] = {"names", "nt", 2, false, "INSERT OR IGNORE INTO names VALUES(?1, ?2)"},
    [SHAPE_DEVICE] = {"devices", "nt", 2, false, "INSERT OR IGNORE INTO devices VALUES(?1, ?2)"},
    [SHAPE_CLOSED_DAY] =
        {"local_days", "iiiiIiii", 8, true,
         "INSERT OR IGNORE INTO local_days SELECT * FROM (SELECT ?1 AS device,"
         " ?2 AS date, ?3 AS start_ms, ?4 AS end_ms, ?5, ?6, ?7, ?8) WHERE " CLOSED_DAY_CAN_BE},
    [SHAPE_SESSION] = {"sessions", "niiiiii", 7, false,
                       "INSERT OR IGNORE INTO sessions VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
    {"epochs", "nuiii", 5, false, "INSERT OR IGNORE INTO epochs VALUES(?1, ?2, ?3, ?4, ?5)"},
    {"day_splits", "nii", 3, false, "INSERT OR IGNORE INTO day_splits VALUES(?1, ?2, ?3)"},
    {"last_tick", "ntiii", 5, false, "INSERT OR IGNORE INTO last_tick VALUES(?1, ?2, ?3, ?4, ?5)"},
    {"gaps", "nuTiiiiti", 9, false,
     "INSERT OR IGNORE INTO gaps VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
    {"quarantine", "titti", 5, true, "INSERT OR IGNORE INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5)"},
    {"grants", "nuiiiitT", 8, false,
     "INSERT OR IGNORE INTO grants VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    /* The unique indexes on names and devices look the same. */
    {"meta", "ta", 2, true,
     "INSERT OR IGNORE INTO meta SELECT ?1, ?2 WHERE ?1 IN ('created_ms', 'installation_id',"
     " 'pruned_before_ms', 'imported_first_unsynced_seq')"},
};
enum { SHAPES_COUNT = sizeof(shapes) / sizeof(shapes[0]) };

struct salvage {
    sqlite3 *db;
    const char *device_id;
    sqlite3_stmt *inserts[SHAPES_COUNT];
    int64_t roots[SHAPES_COUNT];
    bool only_lonely; /* the second time: heartbeats whose seq is in doubt */
    int result;       /* of the first insert that the disk did not take */
    struct error *error;
};

/* ---- What a record is ---- */

static bool value_fits(char letter, const struct pages_value *value)
{
    bool is_null = value->kind == PAGES_NULL;
    switch (letter) {
    case 'n':
        return is_null;
    case 'u':
        return value->kind == PAGES_BLOB && value->length == UUID_BYTES;
    case 'i':
        return value->kind == PAGES_INTEGER;
    case 'I':
        return is_null || value->kind == PAGES_INTEGER;
    case 't':
        return value->kind == PAGES_TEXT;
    case 'T':
        return is_null || value->kind == PAGES_TEXT;
    default:
        return true;
    }
}

static bool fits(const struct shape *shape, const struct pages_record *record)
{
    if (record->is_index != shape->is_index || record->count < shape->at_least ||
        record->count > (int)strlen(shape->values))
        return false;
    for (int i = 0; i < record->count; i++)
        if (!value_fits(shape->values[i], &record->values[i]))
            return false;
    return record->is_index || record->rowid > 0;
}

static bool is_between(int64_t low, int64_t number, int64_t high)
{
    return low <= number && number <= high;
}

static bool heartbeat_can_be(const struct pages_value *values)
{
    int64_t credited_ms = values[6].integer;
    return time_can_be(values[2].integer) && values[3].integer > 0 &&
           is_between(1, values[4].integer, POLL_INTERVAL_MAX_SEC) &&
           is_between(0, values[5].integer, 1) &&
           is_between(0, credited_ms, INT64_C(2000) * POLL_INTERVAL_MAX_SEC) &&
           is_between(0, values[7].integer, credited_ms) &&
           is_between(0, values[8].integer, UINT32_MAX);
}

static bool total_can_be(const struct pages_value *key, const struct pages_value *total)
{
    return key->integer > 0 && is_between(0, total[0].integer, CIVIL_DAY_MS) &&
           is_between(0, total[1].integer, total[0].integer);
}

static bool session_can_be(const struct pages_value *values)
{
    int64_t used_ms = values[5].integer;
    return values[1].integer > 0 && values[2].integer >= 0 &&
           values[3].integer <= values[4].integer && used_ms > 0 &&
           is_between(0, values[6].integer, used_ms);
}

static bool can_be(int shape, const struct pages_record *record)
{
    const struct pages_value *values = record->values;
    switch (shape) {
    case SHAPE_HEARTBEAT:
        return heartbeat_can_be(values);
    case SHAPE_DAY:
        return total_can_be(&values[0], &values[2]);
    case SHAPE_SLOT:
        return total_can_be(&values[0], &values[3]);
    case SHAPE_SESSION:
        return session_can_be(values);
    case SHAPE_CURSOR:
        return values[1].integer >= 0;
    default:
        return true;
    }
}

/* Names and devices look the same: where their table begins tells them apart. The map of pages may
 * be damaged too; then the one device that is known is told from a name. */
static bool is_of_table(const struct salvage *salvage, int shape, const struct pages_record *record)
{
    if (shape != SHAPE_NAME && shape != SHAPE_DEVICE)
        return true;
    if (record->root == salvage->roots[SHAPE_NAME] || record->root == salvage->roots[SHAPE_DEVICE])
        return record->root == salvage->roots[shape];
    const struct pages_value *name = &record->values[1];
    bool is_device = (size_t)name->length == strlen(salvage->device_id) &&
                     memcmp(name->bytes, salvage->device_id, (size_t)name->length) == 0;
    return is_device == (shape == SHAPE_DEVICE);
}

/* ---- Into the new database ---- */

static void bind_value(sqlite3_stmt *statement, int index, const struct pages_value *value)
{
    if (value->kind == PAGES_INTEGER)
        sqlite3_bind_int64(statement, index, value->integer);
    else if (value->kind == PAGES_TEXT)
        sqlite3_bind_text(statement, index, (const char *)value->bytes, value->length,
                          SQLITE_TRANSIENT);
    else if (value->kind == PAGES_BLOB)
        sqlite3_bind_blob(statement, index, value->bytes, value->length, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(statement, index);
}

static void insert(struct salvage *salvage, int shape, const struct pages_record *record)
{
    sqlite3_stmt *statement = salvage->inserts[shape];
    assert(shape < SHAPES_COUNT && record->count <= sqlite3_bind_parameter_count(statement));
    sqlite3_clear_bindings(statement);
    for (int i = 0; i < record->count; i++)
        bind_value(statement, i + 1, &record->values[i]);
    if (!record->is_index)
        sqlite3_bind_int64(statement, 1, record->rowid);
    if (shape == SHAPE_HEARTBEAT) /* one in doubt does not make a hole of millions */
        sqlite3_bind_int(statement, record->count + 1, salvage->only_lonely);
    int code = sqlite3_step(statement) & 0xFF;
    /* What a table does not take cannot be right, and is left out. */
    if (code != SQLITE_DONE && code != SQLITE_CONSTRAINT && code != SQLITE_MISMATCH)
        salvage->result = database_fail(salvage->db, salvage->error);
    sqlite3_reset(statement);
}

static void take(const struct pages_record *record, void *context)
{
    struct salvage *salvage = context;
    for (int i = 0; i < SHAPES_COUNT && salvage->result == 0; i++) {
        if (!fits(&shapes[i], record) || !is_of_table(salvage, i, record))
            continue;
        bool in_doubt = i == SHAPE_HEARTBEAT && record->is_lonely;
        if (in_doubt == salvage->only_lonely && can_be(i, record))
            insert(salvage, i, record);
        return;
    }
}

/* Every database of ours was made by the same statements, and so begins its tables at the same
 * pages: those of the new one tell of the old one. */
static int prepare(struct salvage *salvage)
{
    char sql[96];
    int result = 0;
    for (int i = 0; i < SHAPES_COUNT && result == 0; i++) {
        snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'",
                 shapes[i].table);
        result = database_integer(salvage->db, sql, &salvage->roots[i], salvage->error);
        if (result == 0)
            result = database_prepare(salvage->db, shapes[i].insert, &salvage->inserts[i],
                                      salvage->error);
    }
    return result;
}

/* ---- What the rows refer to ---- */

static int name_what_is_lost(sqlite3 *db, const char *device_id, struct error *error)
{
    int64_t device;
    int result = database_exec(
        db,
        "DELETE FROM meta WHERE key = 'installation_id' AND (typeof(value) <> 'blob' OR"
        " length(value) <> 16);"
        "INSERT OR IGNORE INTO meta SELECT key, value FROM temp.made; DROP TABLE temp.made;"
        "INSERT OR IGNORE INTO names SELECT id, 'lost name ' || id FROM (SELECT activity AS id FROM"
        " heartbeats UNION SELECT decided_by FROM heartbeats UNION SELECT activity FROM"
        " usage_slots UNION SELECT activity FROM sessions) WHERE id > 0 AND id NOT IN (SELECT id "
        "FROM names);",
        error);
    sqlite3_stmt *add = NULL;
    if (result == 0)
        result = database_prepare(db,
                                  "INSERT OR IGNORE INTO devices SELECT max(device), ? FROM epochs"
                                  " WHERE device NOT IN (SELECT id FROM devices)",
                                  &add, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(add, 1, device_id, -1, SQLITE_STATIC);
    result = database_step(add, error);
    sqlite3_finalize(add);
    if (result == 0)
        result = store_find_device(db, device_id, &device, error);
    if (result == 0)
        result = database_exec(
            db,
            "INSERT OR IGNORE INTO devices SELECT id, 'lost device ' || id FROM (SELECT device AS"
            " id FROM epochs UNION SELECT device FROM daily_rollups UNION SELECT device FROM"
            " usage_slots UNION SELECT device FROM sessions UNION SELECT device FROM local_days"
            " UNION SELECT device FROM grants) WHERE id NOT IN (SELECT id FROM devices);",
            error);
    return result;
}

/* An epoch whose UUID is lost gets a new one: its heartbeats are sent again, under it. */
static int replace_lost_epochs(sqlite3 *db, const char *device_id, int64_t wall_ms,
                               struct error *error)
{
    static const char lost[] = "SELECT min(epoch) FROM heartbeats WHERE epoch NOT IN"
                               " (SELECT id FROM epochs)";
    char sql[128];
    int64_t device;
    int64_t epoch;
    int64_t made = 0;
    int64_t first_seq = 0;
    int result = store_find_device(db, device_id, &device, error);
    if (result == 0)
        result = database_integer(db, lost, &epoch, error);
    while (result == 0 && epoch > 0) {
        snprintf(sql, sizeof(sql), "SELECT min(seq) FROM heartbeats WHERE epoch = %lld",
                 (long long)epoch);
        result = database_integer(db, sql, &first_seq, error);
        if (result == 0)
            result = store_add_epoch(db, device, first_seq, wall_ms, &made, error);
        snprintf(sql, sizeof(sql), "UPDATE epochs SET id = %lld WHERE id = %lld", (long long)epoch,
                 (long long)made);
        if (result == 0)
            result = database_exec(db, sql, error);
        if (result == 0)
            result = database_integer(db, lost, &epoch, error);
    }
    return result;
}

static int count_rows(sqlite3 *db, struct salvage_result *result, struct error *error)
{
    int code = database_integer(db, "SELECT count(*) FROM heartbeats", &result->heartbeats, error);
    if (code == 0)
        code = database_integer(
            db, "SELECT max(seq) - min(seq) + 1 - count(*) FROM heartbeats HAVING count(*) > 0",
            &result->missing, error);
    return code;
}

int salvage_rows(sqlite3 *db, struct pages *pages, const char *device_id, int64_t wall_ms,
                 struct salvage_result *result, struct error *error)
{
    assert(sqlite3_get_autocommit(db) == 0);
    struct salvage salvage = {.db = db, .device_id = device_id, .error = error};
    /* What a new database knows of itself counts only where the old one does not tell. */
    salvage.result = database_exec(
        db, "CREATE TEMP TABLE made AS SELECT key, value FROM meta; DELETE FROM meta;", error);
    if (salvage.result == 0)
        salvage.result = prepare(&salvage);
    if (salvage.result == 0)
        pages_visit(pages, take, &salvage);
    salvage.only_lonely = true;
    if (salvage.result == 0)
        pages_visit(pages, take, &salvage);
    for (int i = 0; i < SHAPES_COUNT; i++)
        sqlite3_finalize(salvage.inserts[i]);
    int code = salvage.result;
    if (code == 0)
        code = name_what_is_lost(db, device_id, error);
    if (code == 0)
        code = replace_lost_epochs(db, device_id, wall_ms, error);
    if (code == 0)
        code = salvage_totals(db, error);
    return code == 0 ? count_rows(db, result, error) : code;
}
