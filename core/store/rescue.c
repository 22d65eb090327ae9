/* SPDX-License-Identifier: MIT */
/*
 * The database was deleted while the agent runs. The connection still has the file, though nobody
 * else can see it: what is in it goes into a new one at the same place.
 */
#include "store_internal.h"

#include "log.h"
#include "platform/paths.h"

#include <assert.h>
#include <stdio.h>

static void remove_beside(const char *path, const char *suffix)
{
    char file[PATH_CAPACITY];
    snprintf(file, sizeof(file), "%s%s", path, suffix);
    remove(file);
}

static int write_event(const char *copy, int64_t wall_ms, struct error *error)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(copy, &db, SQLITE_OPEN_READWRITE, NULL);
    int result = code == SQLITE_OK ? database_exec(db, "PRAGMA journal_mode = DELETE", error)
                                   : error_set(error, EXIT_CODE_DISK, "%s: cannot be opened", copy);
    /* Synced, and with it all that was copied. */
    if (result == 0)
        result = events_put(db, wall_ms,
                            "the database was deleted while the agent ran, and was made anew from "
                            "what the agent still had of it",
                            error);
    sqlite3_close(db);
    return result;
}

static int put_copy(struct store *store, const char *copy, struct error *error)
{
    char folder[PATH_CAPACITY];
    paths_parent(folder, store->path);
    remove(copy);
    int result = file_make_folder(folder, error);
    if (result == 0)
        result = database_copy(store->db, copy, error);
    if (result == 0)
        result = write_event(copy, store->clock->wall_ms(store->clock), error);
    if (result != 0)
        return result;
    /* They belong to the file that is gone. */
    remove_beside(store->path, "-wal");
    remove_beside(store->path, "-shm");
    return file_replace(copy, store->path, error);
}

/* The old connection finds its file gone from its place, and leaves what is there now alone. */
static int change_over(struct store *store, struct error *error)
{
    sqlite3 *db = NULL;
    struct record record;
    int result = database_open_writer(&db, store->path, error);
    if (result == 0)
        result = record_init(&record, db, error);
    if (result != 0) {
        database_close(db);
        return result;
    }
    record.device = store->record.device;
    record.epoch = store->record.epoch;
    record_finish(&store->record);
    database_close(store->db);
    store->db = db;
    store->record = record;
    transaction_watch_wal(store);
    (void)file_identify(store->path, &store->identity);
    return events_read(store, error);
}

static int rescue(struct store *store, struct error *error)
{
    char copy[PATH_CAPACITY];
    if (snprintf(copy, sizeof(copy), "%s.rescue", store->path) >= (int)sizeof(copy))
        return error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", store->path);
    struct error reason = {0};
    int result = put_copy(store, copy, &reason);
    if (result == 0)
        result = change_over(store, &reason);
    if (result != 0) {
        remove(copy);
        return error_set(error, EXIT_CODE_DISK, "%s: was deleted, and cannot be made anew: %s",
                         store->path, reason.text);
    }
    log_warning("store", "%s: %s", store->path, store->health.event);
    return 0;
}

/* Our wal is not the other file's: SQLite would write it over that. */
static void remove_our_wal(const struct store *store)
{
    char wal[PATH_CAPACITY + 8];
    struct file_identity now;
    snprintf(wal, sizeof(wal), "%s-wal", store->path);
    if (!file_identify(wal, &now) || !file_is_same(&now, &store->wal))
        return;
    remove_beside(store->path, "-wal");
    remove_beside(store->path, "-shm");
}

int rescue_if_gone(struct store *store, struct error *error)
{
    struct file_identity now;
    struct error reason = {0};
    assert(store->db != NULL);
    if (!file_identify(store->path, &now))
        return rescue(store, error);
    if (file_is_same(&now, &store->identity))
        return 0;
    remove_our_wal(store);
    error_set(&reason, EXIT_CODE_DISK,
              "%s: another file was put in its place while the agent ran; the next start uses it",
              store->path);
    transaction_give_up(store, reason.text);
    return error_set(error, EXIT_CODE_DISK, "%s", reason.text);
}
