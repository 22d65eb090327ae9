/* SPDX-License-Identifier: MIT */
/* Opening and closing, and the few calls that need no file of their own. */
#include "store_internal.h"

#include "log.h"
#include "platform/paths.h"
#include "platform/process.h"
#include "schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- Opening ---- */

/* The epoch goes on as long as the device keeps its name. */
static int find_epoch(struct store *store, struct error *error)
{
    int64_t newest_device;
    struct record *record = &store->record;
    int result = store_find_device(store->db, store->origin.device_id, &record->device, error);
    if (result == 0)
        result = database_integer(store->db, "SELECT max(id) FROM epochs", &record->epoch, error);
    if (result == 0)
        result = database_integer(store->db, "SELECT device FROM epochs ORDER BY id DESC LIMIT 1",
                                  &newest_device, error);
    if (result == 0 && (record->epoch == 0 || newest_device != record->device))
        result = store_add_epoch(store->db, record->device, store->next_seq,
                                 store->clock->wall_ms(store->clock), &record->epoch, error);
    return result;
}

static int read_blob(sqlite3 *db, const char *sql, uint8_t uuid[UUID_BYTES], struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(db, sql, &statement, error);
    if (result != 0)
        return result;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == UUID_BYTES)
        memcpy(uuid, sqlite3_column_blob(statement, 0), UUID_BYTES);
    else
        result = database_fail(db, error);
    sqlite3_finalize(statement);
    return result;
}

static int read_last_tick(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(
        store->db, "SELECT boot_id, monotonic_ms, boottime_ms, wall_ms FROM last_tick", &statement,
        error);
    if (result != 0)
        return result;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        struct tick *tick = &store->last_tick;
        store->has_last_tick = true;
        snprintf(tick->boot_id, sizeof(tick->boot_id), "%s",
                 (const char *)sqlite3_column_text(statement, 0));
        tick->monotonic_ms = sqlite3_column_int64(statement, 1);
        tick->boottime_ms = sqlite3_column_int64(statement, 2);
        tick->wall_ms = sqlite3_column_int64(statement, 3);
    }
    sqlite3_finalize(statement);
    return 0;
}

static int read_state(struct store *store, struct error *error)
{
    int64_t newest;
    int result = database_integer(store->db,
                                  "SELECT max(coalesce((SELECT max(seq) FROM heartbeats), 0),"
                                  " coalesce((SELECT max(delivered_seq) FROM sink_cursors), 0))",
                                  &newest, error);
    store->next_seq = newest + 1;
    if (result == 0)
        result = database_integer(store->db, "SELECT min(seq) FROM heartbeats", &store->oldest_seq,
                                  error);
    if (result == 0)
        result = find_epoch(store, error);
    if (result == 0)
        result = read_blob(store->db, "SELECT uuid FROM epochs ORDER BY id DESC LIMIT 1",
                           store->origin.epoch, error);
    if (result == 0)
        result = read_blob(store->db, "SELECT value FROM meta WHERE key = 'installation_id'",
                           store->installation_id, error);
    if (result == 0)
        result = read_last_tick(store, error);
    store->health.durable_seq = newest;
    return result;
}

static int prepare_file(const struct store_options *options, struct error *error)
{
    char folder[PATH_CAPACITY];
    enum schema_kind kind;
    paths_parent(folder, options->path);
    int result = file_make_folder(folder, error);
    if (result == 0)
        result = schema_identify(options->path, &kind, error);
    if (result == 0 && kind == SCHEMA_FIRST_AGENT)
        result = import_first_agent(options->path, options->clock->wall_ms(options->clock), error);
    if (result == 0)
        result = file_make_private(options->path, error);
    return result;
}

static struct store *allocate(const struct store_options *options)
{
    struct store *store = calloc(1, sizeof(*store));
    assert(store != NULL && options->clock != NULL && options->retention_days > 0);
    store->clock = options->clock;
    store->path = strdup(options->path);
    assert(store->path != NULL);
    store->commit_interval_ms = options->commit_interval_ms;
    store->retention_days = options->retention_days;
    store->health.storing = true;
    snprintf(store->origin.device_id, sizeof(store->origin.device_id), "%s", options->device_id);
    mutex_init(&store->lock);
    condition_init(&store->changed);
    return store;
}

static void release(struct store *store)
{
    record_finish(&store->record);
    /* What cannot be synced is not touched again: the wal is there for the next process. */
    if (store->health.failed_for_good)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    database_close(store->db);
    condition_finish(&store->changed);
    mutex_finish(&store->lock);
    free(store->ring.entries);
    free(store->path);
    free(store);
}

int store_open(struct store **store, const struct store_options *options, struct error *error)
{
    int result = prepare_file(options, error);
    if (result != 0)
        return result;
    struct store *made = allocate(options);
    result = database_open_writer(&made->db, options->path, error);
    if (result == 0)
        result = schema_migrate(made->db, made->clock->wall_ms(made->clock), error);
    if (result == 0)
        result = record_init(&made->record, made->db, error);
    if (result == 0)
        result = read_state(made, error);
    if (result == 0)
        result = retention_begin(made, error);
    if (result != 0) {
        release(made);
        return result;
    }
    transaction_watch_wal(made);
    writer_measure(made);
    *store = made;
    return 0;
}

int store_start(struct store *store, struct error *error)
{
    int result = wakeup_init(&store->wakeup);
    if (result == 0) {
        store->running = true;
        result = thread_start(&store->thread, "store", writer_work, store);
        store->running = result == 0;
    }
    if (result != 0)
        return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made for the store: %s",
                         strerror(result));
    return 0;
}

int store_close(struct store *store, struct error *error)
{
    if (store == NULL)
        return 0;
    if (store->running) {
        mutex_lock(&store->lock);
        store->stopping = true;
        wakeup_signal(&store->wakeup);
        mutex_unlock(&store->lock);
        thread_join(&store->thread);
        wakeup_finish(&store->wakeup);
        store->running = false;
    } else {
        writer_drain(store);
    }
    int lost = store->ring.count;
    if (lost > 0)
        error_set(error, EXIT_CODE_DISK, "%d heartbeats could not be stored: %s", lost,
                  store->health.problem);
    release(store);
    return lost > 0 ? EXIT_CODE_DISK : 0;
}

/* ---- Small calls ---- */

const struct heartbeat_origin *store_origin(const struct store *store)
{
    return &store->origin;
}

bool store_last_tick(const struct store *store, struct tick *tick)
{
    *tick = store->last_tick;
    return store->has_last_tick;
}

void store_installation_id(const struct store *store, uint8_t uuid[UUID_BYTES])
{
    memcpy(uuid, store->installation_id, UUID_BYTES);
}

void store_put(struct store *store, const struct heartbeat *heartbeat, const struct tick *tick)
{
    assert(heartbeat->seq == 0 && heartbeat->credited_ms >= 0);
    mutex_lock(&store->lock);
    if (store->ring.count == 0)
        store->waiting_since_ms = store->clock->monotonic_ms(store->clock);
    ring_put(&store->ring, heartbeat, tick);
    store->fresh = true;
    if (store->running)
        wakeup_signal(&store->wakeup);
    mutex_unlock(&store->lock);
}

int store_settle(struct store *store, struct error *error)
{
    if (!store->running)
        return writer_drain(store) ? 0
                                   : error_set(error, EXIT_CODE_DISK, "%s", store->health.problem);
    mutex_lock(&store->lock);
    int64_t target = store->ring.put;
    /* An attempt that is under way already tells nothing about now. */
    int64_t begun = store->attempts;
    while (store->committed < target && store->failed_attempt <= begun) {
        store->hurry = true;
        wakeup_signal(&store->wakeup);
        condition_wait(&store->changed, &store->lock);
    }
    int result = 0;
    if (store->committed < target)
        result = error_set(error, EXIT_CODE_DISK, "%s", store->health.problem);
    mutex_unlock(&store->lock);
    return result;
}

void store_watch(struct store *store, struct wakeup *wakeup)
{
    mutex_lock(&store->lock);
    assert(store->watchers_count < WATCHERS_MAX);
    store->watchers[store->watchers_count++] = wakeup;
    mutex_unlock(&store->lock);
}

void store_get_health(struct store *store, struct store_health *health)
{
    mutex_lock(&store->lock);
    *health = store->health;
    health->waiting = store->ring.count;
    health->dropped = store->ring.dropped;
    mutex_unlock(&store->lock);
}
