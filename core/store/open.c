/* SPDX-License-Identifier: MIT */
/* Opening: what lies at the path, is it sound, and where does it go on. */
#include "store_internal.h"

#include "backup.h"
#include "can_be.h"
#include "gaps.h"
#include "log.h"
#include "platform/paths.h"
#include "salvage.h"
#include "schema.h"
#include "zone/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What it holds ---- */

/* The epoch goes on as long as the device keeps its name, and the database is no backup that was
 * put back. */
static int find_epoch(struct store *store, bool was_backup, struct error *error)
{
    int64_t newest_device;
    struct record *record = &store->record;
    int result = store_find_device(store->db, store->origin.device_id, &record->device, error);
    if (result == 0)
        result = database_integer(store->db, "SELECT max(id) FROM epochs", &record->epoch, error);
    if (result == 0)
        result = database_integer(store->db, "SELECT device FROM epochs ORDER BY id DESC LIMIT 1",
                                  &newest_device, error);
    if (result == 0 && (record->epoch == 0 || newest_device != record->device || was_backup))
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
        result = error_set(error, EXIT_CODE_DATA, "%s: is damaged: an id is not there",
                           sqlite3_db_filename(db, "main"));
    sqlite3_finalize(statement);
    return result;
}

/* A tick that is damaged is none: what was before it is not known. */
static void take_last_tick(struct store *store, sqlite3_stmt *row)
{
    struct tick *tick = &store->last_tick;
    snprintf(tick->boot_id, sizeof(tick->boot_id), "%s", (const char *)sqlite3_column_text(row, 0));
    tick->monotonic_ms = sqlite3_column_int64(row, 1);
    tick->boottime_ms = sqlite3_column_int64(row, 2);
    tick->wall_ms = sqlite3_column_int64(row, 3);
    store->has_last_tick = time_can_be(tick->monotonic_ms) && time_can_be(tick->boottime_ms) &&
                           time_can_be(tick->wall_ms);
    if (!store->has_last_tick)
        log_warning("store", "%s: the moment of the last heartbeat is damaged, and is ignored",
                    store->path);
}

static int read_last_tick(struct store *store, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    int result = database_prepare(
        store->db, "SELECT boot_id, monotonic_ms, boottime_ms, wall_ms FROM last_tick", &statement,
        error);
    if (result != 0)
        return result;
    if (sqlite3_step(statement) == SQLITE_ROW)
        take_last_tick(store, statement);
    sqlite3_finalize(statement);
    return 0;
}

static int take_backup_over(struct store *store, int64_t made_ms, struct error *error)
{
    char sentence[128];
    char made[CIVIL_TIMESTAMP_CAPACITY];
    civil_format_timestamp(made_ms, made);
    snprintf(sentence, sizeof(sentence),
             "the database is a backup of %s that was put back: a new epoch begins", made);
    log_info("store", "%s", sentence);
    int result = backup_unmark(store->db, error);
    if (result == 0)
        result = events_put(store->db, store->clock->wall_ms(store->clock), sentence, error);
    return result;
}

/* In one transaction: what the start changes. */
static int settle_state(struct store *store, struct error *error)
{
    int64_t newest;
    int64_t backup_ms = 0;
    int result = database_integer(store->db, STORE_NEWEST_SEQ, &newest, error);
    store->next_seq = newest + 1;
    store->health.durable_seq = newest;
    if (result == 0)
        result = database_integer(store->db, "SELECT min(seq) FROM heartbeats", &store->oldest_seq,
                                  error);
    if (result == 0)
        result = backup_moment(store->db, &backup_ms, error);
    if (result == 0)
        result = find_epoch(store, backup_ms != 0, error);
    if (result == 0 && backup_ms != 0)
        result = take_backup_over(store, backup_ms, error);
    if (result == 0)
        result = events_tell_holes(store, error);
    return result;
}

static int read_state(struct store *store, struct error *error)
{
    int result = database_exec(store->db, "BEGIN IMMEDIATE", error);
    if (result == 0)
        result = settle_state(store, error);
    if (result == 0)
        result = database_exec(store->db, "COMMIT", error);
    if (result != 0)
        database_exec(store->db, "ROLLBACK", NULL);
    if (result == 0)
        result = read_blob(store->db, "SELECT uuid FROM epochs ORDER BY id DESC LIMIT 1",
                           store->origin.epoch, error);
    if (result == 0)
        result = read_blob(store->db, "SELECT value FROM meta WHERE key = 'installation_id'",
                           store->installation_id, error);
    if (result == 0)
        result = read_last_tick(store, error);
    if (result == 0)
        result = events_read(store, error);
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
    store->max_bytes = options->max_bytes;
    store->pulse = options->pulse;
    store->health.storing = true;
    snprintf(store->origin.device_id, sizeof(store->origin.device_id), "%s", options->device_id);
    mutex_init(&store->lock);
    condition_init(&store->changed);
    return store;
}

void store_release(struct store *store)
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

/* Can everybody who reads it do so? */
static int check_readers(const char *path, struct error *error)
{
    struct store_reader *reader = NULL;
    int result = store_reader_open(&reader, path, error);
    store_reader_close(reader);
    return result;
}

static int open_sound(struct store **store, const struct store_options *options,
                      struct error *error)
{
    int result = prepare_file(options, error);
    if (result != 0)
        return result;
    struct store *made = allocate(options);
    result = database_open_writer(&made->db, options->path, error);
    /* At each start, and not only after one that was cut off: it is a matter of milliseconds, and a
     * disk forgets while it is off, too. */
    if (result == 0)
        result = database_check(made->db, error);
    if (result == 0)
        result = schema_migrate(made->db, made->clock->wall_ms(made->clock), error);
    if (result == 0)
        result = record_init(&made->record, made->db, error);
    if (result == 0)
        result = read_state(made, error);
    if (result == 0)
        result = check_readers(options->path, error);
    if (result == 0)
        result = retention_begin(made, error);
    if (result != 0) {
        store_release(made);
        return result;
    }
    *store = made;
    return 0;
}

static int open_or_salvage(struct store **store, const struct store_options *options,
                           struct error *error)
{
    int64_t wall_ms = options->clock->wall_ms(options->clock);
    struct error reason = {0};
    int result = EXIT_CODE_DATA;
    if (!salvage_is_noted(options->path))
        result = open_sound(store, options, &reason);
    if (result == EXIT_CODE_DATA) {
        if (reason.text[0] != '\0')
            log_warning("store", "%s", reason.text);
        result = salvage(options->path, options->device_id, wall_ms, &reason);
        if (result == 0)
            result = open_sound(store, options, &reason);
    }
    if (result == 0)
        return 0;
    /* Nothing more can be salvaged of what was just made. */
    return error_set(error, result == EXIT_CODE_DATA ? EXIT_CODE_DISK : result, "%s", reason.text);
}

int store_open(struct store **store, const struct store_options *options, struct error *error)
{
    int result = open_or_salvage(store, options, error);
    if (result != 0)
        return result;
    struct store *made = *store;
    assert(made->next_seq > made->oldest_seq && made->record.epoch > 0);
    (void)file_identify(made->path, &made->identity);
    transaction_watch_wal(made);
    ballast_place(made->path);
    writer_measure(made);
    return 0;
}
