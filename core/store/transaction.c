/* SPDX-License-Identifier: MIT */
/* How every change of the file begins and ends, and what a failing disk means for the next one. */
#include "store_internal.h"

#include "log.h"
#include "salvage.h"

#include <assert.h>
#include <stdio.h>

enum { WAL_PAGES_MAX = 1000 }; /* 20 minutes of play */

/* An fsync that failed must not be tried again on the same handle: the kernel may have dropped what
 * it could not write, and say that all is well. */
static bool is_final(const struct store *store)
{
    int code = sqlite3_extended_errcode(store->db);
    /* A disk that became read-only took nothing, and so lost nothing. SQLite does not always keep
     * the system's error: the disk is asked. */
    bool took_nothing = code == SQLITE_IOERR_WRITE && file_is_read_only(store->path);
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ||
           (code == SQLITE_IOERR_WRITE && !took_nothing);
}

static bool is_full(int code)
{
    return (code & 0xFF) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE;
}

void transaction_give_up(struct store *store, const char *why)
{
    assert(why[0] != '\0');
    log_error("store", "%s; the agent has to end", why);
    mutex_lock(&store->lock);
    store->health.failed_for_good = true;
    store->health.storing = false;
    snprintf(store->health.problem, sizeof(store->health.problem), "%.255s", why);
    condition_broadcast(&store->changed);
    mutex_unlock(&store->lock);
}

/* After a call that failed: is there no going on with this handle? */
static void judge(struct store *store)
{
    struct error error = {0};
    bool is_damaged = database_is_damaged(store->db);
    store->is_full = is_full(sqlite3_extended_errcode(store->db));
    if (!is_damaged && !is_final(store))
        return;
    database_fail(store->db, &error);
    if (is_damaged)
        salvage_note_damage(store->path);
    transaction_give_up(store, error.text);
}

/* SQLite would do this by itself after a commit, and keep an fsync that failed to itself. */
void transaction_fold_wal(struct store *store)
{
    store->wal_pages = 0;
    int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code != SQLITE_OK)
        judge(store);
}

static int note_wal(void *context, sqlite3 *db, const char *name, int pages)
{
    struct store *store = context;
    (void)db;
    (void)name;
    store->wal_pages = pages;
    return SQLITE_OK;
}

void transaction_watch_wal(struct store *store)
{
    sqlite3_wal_hook(store->db, note_wal, store);
}

int transaction_begin(struct store *store, struct error *error)
{
    if (store->health.failed_for_good) /* the writer's own word: no lock is needed */
        return error_set(error, EXIT_CODE_DISK, "%s", store->health.problem);
    assert(sqlite3_get_autocommit(store->db) != 0); /* one change at a time */
    int result = rescue_if_gone(store, error);
    if (result != 0)
        return result;
    result = database_exec(store->db, "BEGIN IMMEDIATE", error);
    if (result != 0)
        judge(store);
    return result;
}

int transaction_end(struct store *store, int result, struct error *error)
{
    assert(result != 0 || sqlite3_get_autocommit(store->db) == 0);
    if (result == 0)
        result = database_exec(store->db, "COMMIT", error);
    if (result == 0) {
        if (store->wal_pages >= WAL_PAGES_MAX)
            transaction_fold_wal(store);
        return 0;
    }
    judge(store);
    database_exec(store->db, "ROLLBACK", NULL);
    record_forget(&store->record);
    return result;
}
