/* SPDX-License-Identifier: MIT */
#include "salvage.h"

#include "log.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "salvage_rows.h"
#include "schema.h"
#include "store_internal.h"
#include "zone/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Whoever finds so many damaged ones beside each other has a disk, or a memory, to replace. */
enum { KEPT_MAX = 16 };
enum { SUFFIX_CAPACITY = 64 };

static const char *const companions[] = {"", "-wal", "-shm"};
enum { COMPANIONS_COUNT = sizeof(companions) / sizeof(companions[0]) };

/* ---- The note ---- */

static void note_path(char note[PATH_CAPACITY], const char *path)
{
    snprintf(note, PATH_CAPACITY, "%s.damaged", path);
}

void salvage_note_damage(const char *path)
{
    char note[PATH_CAPACITY];
    struct error error = {0};
    note_path(note, path);
    if (!file_exists(note) && file_make_private(note, &error) != 0)
        log_error("store", "%s", error.text);
}

bool salvage_is_noted(const char *path)
{
    char note[PATH_CAPACITY];
    note_path(note, path);
    return file_exists(note);
}

/* The text that the moved files get behind their name; "": none was chosen yet. */
static void read_note(const char *path, char suffix[SUFFIX_CAPACITY])
{
    char note[PATH_CAPACITY];
    note_path(note, path);
    int64_t got = file_read_start(note, suffix, SUFFIX_CAPACITY - 1);
    suffix[got > 0 ? got : 0] = '\0';
    suffix[strcspn(suffix, "\n/")] = '\0';
}

static int write_note(const char *path, const char *suffix, struct error *error)
{
    char note[PATH_CAPACITY];
    note_path(note, path);
    return file_write(note, suffix, strlen(suffix), error);
}

static void remove_note(const char *path)
{
    char note[PATH_CAPACITY];
    note_path(note, path);
    remove(note);
}

/* ---- Whose it is ---- */

/* So little of it is left that there is nothing to read. */
static bool begins_like_ours(const char *path)
{
    enum { HEADER_BYTES = 100 };
    static const unsigned char beginning[] = "SQLite format 3\0\x04\x00\x02\x02\x00\x40\x20\x20";
    unsigned char bytes[sizeof(beginning) - 1];
    int64_t got = file_read_start(path, bytes, sizeof(bytes));
    return got > 0 && file_size(path) < HEADER_BYTES && memcmp(bytes, beginning, (size_t)got) == 0;
}

static bool holds_our_tables(const char *path)
{
    return pages_hold_text(path, "CREATE TABLE heartbeats(seq INTEGER PRIMARY KEY, id BLOB NOT"
                                 " NULL, wall_ms INTEGER NOT NULL") ||
           pages_hold_text(path, "CREATE TABLE usage_slots(device INTEGER NOT NULL, slot INTEGER"
                                 " NOT NULL, activity INTEGER NOT NULL");
}

bool salvage_is_ours(const char *path)
{
    char wal[PATH_CAPACITY];
    snprintf(wal, sizeof(wal), "%s-wal", path);
    return begins_like_ours(path) || holds_our_tables(path) || holds_our_tables(wal);
}

/* ---- Moving it aside ---- */

struct kept {
    const char *name; /* of the database, without its folder */
    int count;
};

static bool count_kept(const char *name, void *context)
{
    struct kept *kept = context;
    size_t length = strlen(kept->name);
    const char *dash = strrchr(name, '-');
    if (strncmp(name, kept->name, length) == 0 &&
        strncmp(name + length, ".corrupt-", strlen(".corrupt-")) == 0 &&
        (dash == NULL || (strcmp(dash, "-wal") != 0 && strcmp(dash, "-shm") != 0)))
        kept->count++;
    return true;
}

static int choose_suffix(const char *path, int64_t wall_ms, char suffix[SUFFIX_CAPACITY],
                         struct error *error)
{
    char folder[PATH_CAPACITY];
    char target[PATH_CAPACITY];
    char time[CIVIL_TIMESTAMP_CAPACITY];
    const char *slash = strrchr(path, '/');
    struct kept kept = {.name = slash != NULL ? slash + 1 : path};
    paths_parent(folder, path);
    file_list(folder, count_kept, &kept);
    if (kept.count >= KEPT_MAX)
        return error_set(error, EXIT_CODE_DISK,
                         "%s: is damaged, as were %d before it that are kept beside it: look after "
                         "the disk and the memory of this machine, and move those away",
                         path, kept.count);
    civil_format_timestamp(wall_ms, time);
    for (int i = 1; i <= KEPT_MAX + 1; i++) {
        int length = snprintf(suffix, SUFFIX_CAPACITY, ".corrupt-%.4s%.2s%.2sT%.2s%.2s%.2sZ", time,
                              time + 5, time + 8, time + 11, time + 14, time + 17);
        if (i > 1)
            snprintf(suffix + length, SUFFIX_CAPACITY - (size_t)length, ".%d", i);
        snprintf(target, sizeof(target), "%s%s", path, suffix);
        if (!file_exists(target))
            break;
    }
    return write_note(path, suffix, error);
}

static int move_aside(const char *path, const char *suffix, struct error *error)
{
    char from[PATH_CAPACITY];
    char to[PATH_CAPACITY];
    int result = 0;
    assert(suffix[0] != '\0'); /* else each would be renamed to itself */
    for (int i = 0; i < COMPANIONS_COUNT && result == 0; i++) {
        snprintf(from, sizeof(from), "%s%s", path, companions[i]);
        snprintf(to, sizeof(to), "%s%s%s", path, suffix, companions[i]);
        if (file_exists(from) && !file_exists(to))
            result = file_replace(from, to, error);
    }
    return result;
}

/* ---- The new one ---- */

static int write_event(sqlite3 *db, const char *path, const char *suffix, int64_t wall_ms,
                       const struct salvage_result *found, struct error *error)
{
    char sentence[512];
    const char *slash = strrchr(path, '/');
    snprintf(sentence, sizeof(sentence),
             "the database was damaged: %" PRId64 " heartbeats were salvaged, %" PRId64
             " between them could not be read; the damaged one is kept as %.256s%s",
             found->heartbeats, found->missing, slash != NULL ? slash + 1 : path, suffix);
    log_warning("store", "%s", sentence);
    return events_put(db, wall_ms, sentence, error);
}

static int fill(sqlite3 *db, struct pages *pages, const char *device_id, int64_t wall_ms,
                struct salvage_result *found, struct error *error)
{
    int64_t device;
    int64_t epoch;
    int64_t newest;
    int result = database_exec(db, "BEGIN IMMEDIATE", error);
    if (result == 0)
        result = salvage_rows(db, pages, device_id, wall_ms, found, error);
    if (result == 0)
        result = database_integer(db, STORE_NEWEST_SEQ, &newest, error);
    if (result == 0)
        result = store_find_device(db, device_id, &device, error);
    if (result == 0)
        result = store_add_epoch(db, device, newest + 1, wall_ms, &epoch, error);
    if (result == 0 && found->missing > 0)
        result = database_exec(db, "INSERT INTO meta VALUES('untold_holes', 1)", error);
    if (result == 0)
        result = database_exec(db, "COMMIT", error);
    return result;
}

/* While it is filled nothing needs to be safe: a crash begins anew. The last change is, and with
 * it all before. */
static int build(const char *path, const char *temporary, const char *suffix, const char *device_id,
                 int64_t wall_ms, struct error *error)
{
    char database[PATH_CAPACITY];
    char wal[PATH_CAPACITY + 8];
    struct pages *pages = NULL;
    struct salvage_result found = {0};
    sqlite3 *db = NULL;
    assert(suffix[0] != '\0'); /* it would be read and written at once */
    snprintf(database, sizeof(database), "%s%s", path, suffix);
    snprintf(wal, sizeof(wal), "%s-wal", database);
    int result = pages_open(&pages, database, wal, error);
    if (result == 0)
        result = file_make_private(temporary, error);
    if (result == 0)
        result = database_open_writer(&db, temporary, error);
    if (result == 0)
        result = schema_migrate(db, wall_ms, error);
    if (result == 0)
        result =
            database_exec(db, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF;", error);
    if (result == 0)
        result = fill(db, pages, device_id, wall_ms, &found, error);
    if (result == 0)
        result = database_exec(db, "PRAGMA synchronous = FULL", error);
    if (result == 0)
        result = write_event(db, path, suffix, wall_ms, &found, error);
    database_close(db);
    pages_close(pages);
    return result;
}

static void remove_remains(const char *temporary)
{
    static const char *const remains[] = {"", "-wal", "-shm", "-journal"};
    char file[PATH_CAPACITY];
    for (size_t i = 0; i < sizeof(remains) / sizeof(remains[0]); i++) {
        snprintf(file, sizeof(file), "%s%s", temporary, remains[i]);
        remove(file);
    }
}

int salvage(const char *path, const char *device_id, int64_t wall_ms, struct error *error)
{
    char suffix[SUFFIX_CAPACITY];
    char target[PATH_CAPACITY];
    char temporary[PATH_CAPACITY];
    if (strlen(path) + SUFFIX_CAPACITY > PATH_CAPACITY)
        return error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", path);
    read_note(path, suffix);
    int result = suffix[0] == '\0' ? choose_suffix(path, wall_ms, suffix, error) : 0;
    if (result != 0)
        return result;
    snprintf(target, sizeof(target), "%s%s", path, suffix);
    snprintf(temporary, sizeof(temporary), "%s.salvage", path);
    bool was_done = file_exists(path) && file_exists(target); /* and a crash kept the note */
    if (!was_done) {
        log_warning("store", "%s is damaged, and is moved aside", path);
        remove_remains(temporary);
        result = move_aside(path, suffix, error);
        if (result == 0 && file_exists(target))
            result = build(path, temporary, suffix, device_id, wall_ms, error);
        if (result == 0 && file_exists(target))
            result = file_replace(temporary, path, error);
    }
    if (result == 0)
        remove_note(path);
    return result;
}
