/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include "store/delivery.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The store ---- */

int fixture_setup_bare(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/clockblock-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/clockblock.db", fixture->folder);
    fake_clock_init(&fixture->clock, NOON_MS);
    fixture->options = (struct store_options){.path = fixture->path,
                                              .device_id = "pc-01",
                                              .clock = &fixture->clock.clock,
                                              .retention_days = 30};
    *state = fixture;
    return 0;
}

int fixture_setup(void **state)
{
    fixture_setup_bare(state);
    fixture_open(*state);
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    (void)store_close(fixture->store, NULL);
    DIR *folder = opendir(fixture->folder);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[sizeof(fixture->folder) + sizeof(entry->d_name) + 1];
        snprintf(path, sizeof(path), "%s/%s", fixture->folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)remove(path);
    }
    closedir(folder);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

void fixture_open(struct fixture *fixture)
{
    struct error error = {0};
    int result = store_open(&fixture->store, &fixture->options, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, 0);
}

void fixture_start(struct fixture *fixture)
{
    struct error error = {0};
    if (fixture->store == NULL)
        fixture_open(fixture);
    assert_int_equal(store_start(fixture->store, &error), 0);
}

void fixture_close(struct fixture *fixture)
{
    struct error error = {0};
    int result = store_close(fixture->store, &error);
    fixture->store = NULL;
    fixture->clock.waiting = NULL;
    assert_string_equal(error.text, "");
    assert_int_equal(result, 0);
}

void fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
}

void fixture_open_fails(struct fixture *fixture, int code, const char *word)
{
    struct error error = {0};
    struct store *store = NULL;
    int result = store_open(&store, &fixture->options, &error);
    if (strstr(error.text, fixture->path) == NULL || strstr(error.text, word) == NULL)
        fail_msg("the sentence should name the file and say '%s': %s", word, error.text);
    assert_int_equal(result, code);
    assert_int_equal(error.code, code);
    assert_null(store);
}

/* ---- Heartbeats ---- */

struct heartbeat fixture_heartbeat(struct fixture *fixture, int64_t wall_ms, bool is_playing)
{
    struct heartbeat heartbeat = {
        .wall_ms = wall_ms, .poll_interval_sec = 5, .is_playing = is_playing};
    uint32_t number = ++fixture->made;
    memset(heartbeat.id, 0xC1, sizeof(heartbeat.id));
    memcpy(heartbeat.id, &number, sizeof(number));
    if (is_playing) {
        heartbeat.credited_ms = 5000;
        snprintf(heartbeat.activity, sizeof(heartbeat.activity), "Minecraft");
        snprintf(heartbeat.decided_by, sizeof(heartbeat.decided_by), "process");
    }
    return heartbeat;
}

void fixture_put(struct fixture *fixture, const struct heartbeat *heartbeat)
{
    struct tick tick = {.monotonic_ms = heartbeat->wall_ms - NOON_MS + 1000000,
                        .boottime_ms = heartbeat->wall_ms - NOON_MS + 2000000,
                        .wall_ms = heartbeat->wall_ms};
    snprintf(tick.boot_id, sizeof(tick.boot_id), "%s", fixture->clock.clock.boot_id);
    store_put(fixture->store, heartbeat, &tick, NULL);
}

void fixture_put_many(struct fixture *fixture, int64_t wall_ms, int count, bool is_playing)
{
    for (int i = 0; i < count; i++) {
        struct heartbeat heartbeat =
            fixture_heartbeat(fixture, wall_ms + i * INT64_C(5000), is_playing);
        fixture_put(fixture, &heartbeat);
        if (i % 10000 == 9999)
            fixture_settle(fixture); /* the ring is not made for more */
    }
    fixture_settle(fixture);
}

void fixture_settle(struct fixture *fixture)
{
    struct error error = {0};
    int result = store_settle(fixture->store, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, 0);
}

struct store_reader *fixture_reader(struct fixture *fixture)
{
    struct store_reader *reader = NULL;
    struct error error = {0};
    int result = store_reader_open(&reader, fixture->path, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(result, 0);
    return reader;
}

struct store_daily fixture_daily(struct fixture *fixture, int32_t date)
{
    struct store_daily daily;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_read_daily(reader, fixture->options.device_id, date, &daily, &error), 0);
    store_reader_close(reader);
    return daily;
}

int fixture_deliver(struct fixture *fixture, int64_t seq)
{
    const struct store_step step = {.sink = FIXTURE_SINK, .delivered_seq = seq, .last_error = ""};
    struct error error = {0};
    return store_save_step(fixture->store, &step, &error);
}

struct store_sink_state fixture_sink(struct fixture *fixture)
{
    struct store_sink_state state;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_read_sink(reader, FIXTURE_SINK, &state, &error), 0);
    store_reader_close(reader);
    return state;
}

struct store_health fixture_health(struct fixture *fixture)
{
    struct store_health health;
    store_get_health(fixture->store, &health);
    return health;
}

/* ---- The file, from outside ---- */

static sqlite3 *open_outside(const char *path, int flags)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, flags, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

void fixture_text(const struct fixture *fixture, const char *sql, char *text, size_t capacity)
{
    sqlite3 *db = open_outside(fixture->path, SQLITE_OPEN_READONLY);
    sqlite3_stmt *statement = NULL;
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    text[0] = '\0';
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL)
        snprintf(text, capacity, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

int64_t fixture_integer(const struct fixture *fixture, const char *sql)
{
    char text[32];
    fixture_text(fixture, sql, text, sizeof(text));
    return text[0] != '\0' ? strtoll(text, NULL, 10) : -1;
}

void fixture_exec(const char *path, const char *sql)
{
    sqlite3 *db = open_outside(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

unsigned char *fixture_read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    unsigned char *bytes = malloc((size_t)status.st_size + 1);
    assert_non_null(bytes);
    *length = fread(bytes, 1, (size_t)status.st_size, file);
    assert_int_equal(*length, status.st_size);
    fclose(file);
    return bytes;
}

void fixture_write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

void fixture_assert_same_file(const char *path, const unsigned char *bytes, size_t length)
{
    size_t now;
    unsigned char *read = fixture_read_file(path, &now);
    assert_int_equal(now, length);
    assert_memory_equal(read, bytes, length);
    free(read);
}
