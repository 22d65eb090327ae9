/* SPDX-License-Identifier: MIT */
#include "fake_clock.h"
#include "platform/file.h"
#include "record/usage.h"
#include "store/delivery.h"
#include "zone/civil.h"

#include <ftw.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

struct fixture {
    char folder[128];
    char path[256];
    struct fake_clock clock;
    struct store *store;
    uint8_t next_id;
};

static int64_t noon_ms(void)
{
    return (int64_t)civil_date(2026, 1, 16) * CIVIL_DAY_MS + CIVIL_DAY_MS / 2;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    const char *parent = getenv("TMPDIR");
    snprintf(fixture->folder, sizeof(fixture->folder), "%.80s/clb-store-XXXXXX",
             parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof(fixture->path), "%s/clockblock.db", fixture->folder);
    fake_clock_init(&fixture->clock, noon_ms());
    *state = fixture;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store, NULL);
    nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

/* ---- What the tests do again and again ---- */

static int try_open(struct fixture *fixture, const char *device_id, struct error *error)
{
    struct store_options options = {.path = fixture->path,
                                    .device_id = device_id,
                                    .clock = &fixture->clock.clock,
                                    .retention_days = 30};
    return store_open(&fixture->store, &options, error);
}

static void open_as(struct fixture *fixture, const char *device_id)
{
    struct error error = {0};
    if (try_open(fixture, device_id, &error) != 0)
        fail_msg("%s", error.text);
}

static void open_store(struct fixture *fixture)
{
    open_as(fixture, "pc-01");
}

static void close_store(struct fixture *fixture)
{
    struct error error = {0};
    int result = store_close(fixture->store, &error);
    fixture->store = NULL;
    if (result != 0)
        fail_msg("%s", error.text);
}

static void settle(struct fixture *fixture)
{
    struct error error = {0};
    if (store_settle(fixture->store, &error) != 0)
        fail_msg("%s", error.text);
}

static struct heartbeat beat(struct fixture *fixture, int64_t wall_ms, int64_t credited_ms)
{
    struct heartbeat heartbeat = {.wall_ms = wall_ms,
                                  .credited_ms = credited_ms,
                                  .poll_interval_sec = 5,
                                  .is_playing = credited_ms > 0,
                                  .id = {[15] = ++fixture->next_id}};
    if (credited_ms > 0) {
        snprintf(heartbeat.activity, sizeof(heartbeat.activity), "Minecraft");
        snprintf(heartbeat.decided_by, sizeof(heartbeat.decided_by), "games");
    }
    return heartbeat;
}

static void put(struct fixture *fixture, const struct heartbeat *heartbeat)
{
    struct tick tick = {.monotonic_ms = fixture->clock.monotonic_ms,
                        .boottime_ms = fixture->clock.monotonic_ms + 7,
                        .wall_ms = heartbeat->wall_ms};
    snprintf(tick.boot_id, sizeof(tick.boot_id), "boot-1");
    store_put(fixture->store, heartbeat, &tick, NULL);
}

static void put_at(struct fixture *fixture, int64_t wall_ms, int64_t credited_ms)
{
    struct heartbeat heartbeat = beat(fixture, wall_ms, credited_ms);
    put(fixture, &heartbeat);
}

static struct store_reader *open_reader(struct fixture *fixture)
{
    struct store_reader *reader = NULL;
    struct error error = {0};
    if (store_reader_open(&reader, fixture->path, &error) != 0)
        fail_msg("%s", error.text);
    return reader;
}

static struct store_daily daily(struct fixture *fixture, const char *device_id, int32_t date)
{
    struct store_daily found;
    struct store_reader *reader = open_reader(fixture);
    assert_int_equal(store_read_daily(reader, device_id, date, &found, NULL), 0);
    store_reader_close(reader);
    return found;
}

static int read_after(struct fixture *fixture, int64_t seq, int limit, struct heartbeat *rows,
                      struct heartbeat_origin *origin)
{
    int count = -1;
    struct store_reader *reader = open_reader(fixture);
    assert_int_equal(store_read_after(reader, seq, limit, rows, &count, origin, NULL), 0);
    store_reader_close(reader);
    return count;
}

static void print_sentence(const char *sentence, void *context)
{
    char *last = context;
    snprintf(last, 256, "%s", sentence);
}

static struct store_verify verify(struct fixture *fixture, char sentence[256])
{
    struct store_verify found;
    struct error error = {0};
    struct store_reader *reader = open_reader(fixture);
    sentence[0] = '\0';
    if (store_verify(reader, &found, print_sentence, sentence, &error) != 0)
        fail_msg("%s", error.text);
    store_reader_close(reader);
    return found;
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t query(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

/* ---- What the first agent's tests asked of it ---- */

static void the_first_agents_tables_exist(void **state)
{
    struct fixture *fixture = *state;
    open_store(fixture);
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                                          " AND name IN ('heartbeats', 'daily_rollups')"),
                     2);
}

static void the_database_is_private(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    open_store(fixture);
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_playing_heartbeat_adds_its_seconds(void **state)
{
    struct fixture *fixture = *state;
    open_store(fixture);
    put_at(fixture, noon_ms(), 5000);
    settle(fixture);
    struct store_daily day = daily(fixture, "pc-01", civil_date(2026, 1, 16));
    assert_true(day.found);
    assert_int_equal(day.used_ms, 5000);
    assert_float_equal((double)day.used_ms / MINUTE_MS, 5.0 / 60, 1e-9);
    assert_int_equal(day.overdraft_ms, 0);
    assert_int_equal(day.last_heartbeat_ms, noon_ms());
    assert_false(daily(fixture, "pc-01", civil_date(2026, 1, 15)).found);
    assert_false(daily(fixture, "pc-02", civil_date(2026, 1, 16)).found);
}

static void an_idle_heartbeat_adds_nothing_and_is_seen(void **state)
{
    struct fixture *fixture = *state;
    open_store(fixture);
    put_at(fixture, noon_ms(), 5000);
    put_at(fixture, noon_ms() + 5000, 0);
    settle(fixture);
    struct store_daily day = daily(fixture, "pc-01", civil_date(2026, 1, 16));
    assert_int_equal(day.used_ms, 5000);
    assert_int_equal(day.last_heartbeat_ms, noon_ms() + 5000);
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM usage_slots"), 1);
}

/* ---- Totals ---- */

static void midnight_splits_a_credit(void **state)
{
    struct fixture *fixture = *state;
    int32_t date = civil_date(2026, 1, 16);
    int64_t midnight_ms = (int64_t)(date + 1) * CIVIL_DAY_MS;
    open_store(fixture);
    struct heartbeat heartbeat = beat(fixture, midnight_ms + 2000, 5000);
    heartbeat.overdraft_ms = 4000; /* the last 2.5 s before midnight, the last 1.5 s after it */
    heartbeat.border_ms = midnight_ms;
    heartbeat.overdraft_before_ms = 2500;
    put(fixture, &heartbeat);
    settle(fixture);

    struct store_daily before = daily(fixture, "pc-01", date);
    struct store_daily after = daily(fixture, "pc-01", date + 1);
    assert_int_equal(before.used_ms, 3000);
    assert_int_equal(before.overdraft_ms, 2500);
    assert_int_equal(after.used_ms, 2000);
    assert_int_equal(after.overdraft_ms, 1500);
    assert_int_equal(after.last_heartbeat_ms, midnight_ms + 2000);

    struct heartbeat read;
    struct heartbeat_origin origin;
    assert_int_equal(read_after(fixture, 0, 1, &read, &origin), 1);
    assert_int_equal(read.border_ms, midnight_ms);
    assert_int_equal(read.overdraft_before_ms, 2500);
}

static void a_quarter_hour_splits_a_credit(void **state)
{
    struct fixture *fixture = *state;
    struct store_daily total;
    open_store(fixture);
    put_at(fixture, noon_ms() + 1000, 5000);
    settle(fixture);
    struct store_reader *reader = open_reader(fixture);
    assert_int_equal(
        store_read_usage(reader, "pc-01", noon_ms() - USAGE_SLOT_MS, noon_ms(), &total, NULL), 0);
    assert_int_equal(total.used_ms, 4000);
    assert_int_equal(
        store_read_usage(reader, "pc-01", noon_ms(), noon_ms() + USAGE_SLOT_MS, &total, NULL), 0);
    assert_int_equal(total.used_ms, 1000);
    assert_int_equal(total.last_heartbeat_ms, noon_ms() + 1000);
    assert_int_equal(store_read_usage(reader, "pc-01", noon_ms() + USAGE_SLOT_MS,
                                      noon_ms() + 2 * USAGE_SLOT_MS, &total, NULL),
                     0);
    assert_int_equal(total.used_ms, 0);
    store_reader_close(reader);
}

static void a_heartbeat_comes_back_as_it_went(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat read[2];
    struct heartbeat_origin origin;
    open_store(fixture);
    struct heartbeat heartbeat = beat(fixture, noon_ms() + 123, 4567);
    heartbeat.overdraft_ms = 1234;
    heartbeat.flags = HEARTBEAT_LATE | HEARTBEAT_CLOCK_STEP;
    put(fixture, &heartbeat);
    put_at(fixture, noon_ms() + 5123, 0);
    settle(fixture);
    assert_int_equal(read_after(fixture, 0, 2, read, &origin), 2);
    assert_int_equal(read[0].seq, 1);
    assert_int_equal(read[0].wall_ms, heartbeat.wall_ms);
    assert_int_equal(read[0].credited_ms, 4567);
    assert_int_equal(read[0].overdraft_ms, 1234);
    assert_int_equal(read[0].poll_interval_sec, 5);
    assert_int_equal(read[0].flags, HEARTBEAT_LATE | HEARTBEAT_CLOCK_STEP);
    assert_true(read[0].is_playing);
    assert_memory_equal(read[0].id, heartbeat.id, UUID_BYTES);
    assert_string_equal(read[0].activity, "Minecraft");
    assert_string_equal(read[0].decided_by, "games");
    assert_int_equal(read[1].seq, 2);
    assert_false(read[1].is_playing);
    assert_string_equal(read[1].activity, "");
    assert_string_equal(read[1].decided_by, "");
    assert_string_equal(origin.device_id, "pc-01");
    assert_memory_equal(origin.epoch, store_origin(fixture->store)->epoch, UUID_BYTES);
}

static void collect_seq(const struct heartbeat *heartbeat, const struct heartbeat_origin *origin,
                        void *context)
{
    char *text = context;
    size_t used = strlen(text);
    snprintf(text + used, 64 - used, "%d%s ", (int)heartbeat->seq, origin->device_id);
}

static void history_is_read_backwards(void **state)
{
    struct fixture *fixture = *state;
    char seen[64] = "";
    open_store(fixture);
    for (int i = 0; i < 4; i++)
        put_at(fixture, noon_ms() + i * 5000, 0);
    settle(fixture);
    struct store_reader *reader = open_reader(fixture);
    assert_int_equal(store_read_before(reader, INT64_MAX, 2, collect_seq, seen, NULL), 0);
    assert_string_equal(seen, "4pc-01 3pc-01 ");
    assert_int_equal(store_read_before(reader, 3, 9, collect_seq, seen, NULL), 0);
    assert_string_equal(seen, "4pc-01 3pc-01 2pc-01 1pc-01 ");
    store_reader_close(reader);
}

/* ---- Sinks and retention ---- */

enum { OLD_DAYS = 40 };

static void put_old_and_new(struct fixture *fixture, int old, int new)
{
    int64_t old_ms = noon_ms() - (int64_t)OLD_DAYS * CIVIL_DAY_MS;
    for (int i = 0; i < old; i++)
        put_at(fixture, old_ms + i * 5000, 5000);
    for (int i = 0; i < new; i++)
        put_at(fixture, noon_ms() + i * 5000, 5000);
    settle(fixture);
}

static int64_t prune(struct fixture *fixture)
{
    int64_t deleted = -1;
    struct error error = {0};
    if (store_prune(fixture->store, &deleted, &error) != 0)
        fail_msg("%s", error.text);
    return deleted;
}

static void pruning_keeps_what_is_new(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat row;
    struct heartbeat_origin origin;
    char sentence[256];
    open_store(fixture);
    put_old_and_new(fixture, 700, 3); /* more than one slice */
    assert_int_equal(prune(fixture), 700);
    assert_int_equal(read_after(fixture, 0, 1, &row, &origin), 1);
    assert_int_equal(row.seq, 701);
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM heartbeats"), 3);
    /* Totals stay, and verify passes over what has no heartbeats any more. */
    struct store_daily day = daily(fixture, "pc-01", civil_date_utc(noon_ms()) - OLD_DAYS);
    assert_int_equal(day.used_ms, 700 * 5000);
    struct store_verify found = verify(fixture, sentence);
    assert_string_equal(sentence, "");
    assert_int_equal(found.differences, 0);
    assert_int_equal(found.days_skipped, 1);
    assert_int_equal(found.days_checked, 1);
    assert_int_equal(prune(fixture), 0);
}

static void pruning_keeps_what_is_not_sent(void **state)
{
    static const char *const nobody[] = {NULL};
    struct fixture *fixture = *state;
    open_store(fixture);
    assert_int_equal(store_sink_enable(fixture->store, "cloud", false, NULL), 0);
    assert_int_equal(store_sink_enable(fixture->store, "log", false, NULL), 0);
    put_old_and_new(fixture, 10, 2);
    assert_int_equal(
        store_save_step(fixture->store,
                        &(struct store_step){.sink = "log", .delivered_seq = 12, .last_error = ""},
                        NULL),
        0);
    assert_int_equal(prune(fixture), 0);
    assert_int_equal(
        store_save_step(fixture->store,
                        &(struct store_step){.sink = "cloud", .delivered_seq = 4, .last_error = ""},
                        NULL),
        0);
    assert_int_equal(prune(fixture), 4);
    assert_int_equal(query(fixture->path, "SELECT min(seq) FROM heartbeats"), 5);
    /* A sink that was switched off waits for nothing. */
    assert_int_equal(store_sinks_keep_only(fixture->store, nobody, 0, NULL), 0);
    assert_int_equal(prune(fixture), 6);
}

static void pruning_keeps_the_newest(void **state)
{
    struct fixture *fixture = *state;
    open_store(fixture);
    put_old_and_new(fixture, 5, 0);
    assert_int_equal(prune(fixture), 4);
    assert_int_equal(query(fixture->path, "SELECT seq FROM heartbeats"), 5);
    close_store(fixture);
    open_store(fixture);
    put_at(fixture, noon_ms(), 5000);
    settle(fixture);
    assert_int_equal(query(fixture->path, "SELECT max(seq) FROM heartbeats"), 6);
}

static struct store_sink_state sink_state(struct fixture *fixture, const char *sink)
{
    struct store_sink_state found;
    struct store_reader *reader = open_reader(fixture);
    assert_int_equal(store_read_sink(reader, sink, &found, NULL), 0);
    store_reader_close(reader);
    return found;
}

static void delivered_rows_are_not_read_again(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat rows[8];
    struct heartbeat_origin origin;
    open_store(fixture);
    put_at(fixture, noon_ms(), 5000);
    settle(fixture);
    assert_int_equal(store_sink_enable(fixture->store, "cloud", false, NULL), 0);
    assert_int_equal(store_sink_enable(fixture->store, "late", true, NULL), 0);
    put_at(fixture, noon_ms() + 5000, 5000);
    put_at(fixture, noon_ms() + 10000, 0);
    settle(fixture);
    assert_int_equal(sink_state(fixture, "cloud").pending, 3);
    assert_int_equal(sink_state(fixture, "cloud").oldest_pending_ms, noon_ms());
    assert_int_equal(sink_state(fixture, "late").pending, 2);
    assert_false(sink_state(fixture, "nobody").found);

    assert_int_equal(
        store_save_step(fixture->store,
                        &(struct store_step){.sink = "cloud", .delivered_seq = 2, .last_error = ""},
                        NULL),
        0);
    close_store(fixture);
    open_store(fixture);
    /* What is enabled again goes on where it was. */
    assert_int_equal(store_sink_enable(fixture->store, "cloud", false, NULL), 0);
    struct store_sink_state cloud = sink_state(fixture, "cloud");
    assert_true(cloud.enabled);
    assert_int_equal(cloud.delivered_seq, 2);
    assert_int_equal(cloud.pending, 1);
    assert_int_equal(read_after(fixture, cloud.delivered_seq, 8, rows, &origin), 1);
    assert_int_equal(rows[0].seq, 3);
    assert_int_equal(
        store_save_step(fixture->store,
                        &(struct store_step){.sink = "cloud", .delivered_seq = 3, .last_error = ""},
                        NULL),
        0);
    cloud = sink_state(fixture, "cloud");
    assert_int_equal(cloud.pending, 0);
    assert_int_equal(cloud.oldest_pending_ms, 0);
}

/* ---- Reopening ---- */

static void seq_and_epoch_go_on(void **state)
{
    struct fixture *fixture = *state;
    uint8_t installation[2][UUID_BYTES];
    open_store(fixture);
    struct heartbeat_origin first = *store_origin(fixture->store);
    store_installation_id(fixture->store, installation[0]);
    put_at(fixture, noon_ms(), 5000);
    put_at(fixture, noon_ms() + 5000, 5000);
    close_store(fixture); /* commits what waits */
    open_store(fixture);
    store_installation_id(fixture->store, installation[1]);
    assert_memory_equal(installation[0], installation[1], UUID_BYTES);
    assert_memory_equal(store_origin(fixture->store)->epoch, first.epoch, UUID_BYTES);
    put_at(fixture, noon_ms() + 10000, 5000);
    settle(fixture);
    assert_int_equal(query(fixture->path, "SELECT max(seq) FROM heartbeats"), 3);
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM epochs"), 1);
}

static void a_new_device_begins_an_epoch(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat rows[8];
    struct heartbeat_origin origin;
    open_as(fixture, "pc-01");
    struct heartbeat_origin first = *store_origin(fixture->store);
    put_at(fixture, noon_ms(), 5000);
    put_at(fixture, noon_ms() + 5000, 5000);
    close_store(fixture);
    open_as(fixture, "pc-02");
    struct heartbeat_origin second = *store_origin(fixture->store);
    assert_string_equal(second.device_id, "pc-02");
    assert_memory_not_equal(first.epoch, second.epoch, UUID_BYTES);
    put_at(fixture, noon_ms() + 10000, 4000);
    settle(fixture);
    /* A batch stops where the epoch changes. */
    assert_int_equal(read_after(fixture, 0, 8, rows, &origin), 2);
    assert_string_equal(origin.device_id, "pc-01");
    assert_memory_equal(origin.epoch, first.epoch, UUID_BYTES);
    assert_int_equal(read_after(fixture, 2, 8, rows, &origin), 1);
    assert_string_equal(origin.device_id, "pc-02");
    assert_int_equal(rows[0].seq, 3);
    assert_int_equal(daily(fixture, "pc-01", civil_date(2026, 1, 16)).used_ms, 10000);
    assert_int_equal(daily(fixture, "pc-02", civil_date(2026, 1, 16)).used_ms, 4000);
}

static void the_last_tick_survives(void **state)
{
    struct fixture *fixture = *state;
    struct tick tick;
    open_store(fixture);
    assert_false(store_last_tick(fixture->store, &tick));
    put_at(fixture, noon_ms(), 5000);
    settle(fixture);
    fake_clock_advance(&fixture->clock, 5000);
    put_at(fixture, noon_ms() + 5000, 0);
    close_store(fixture);
    open_store(fixture);
    assert_true(store_last_tick(fixture->store, &tick));
    assert_int_equal(tick.monotonic_ms, fixture->clock.monotonic_ms);
    assert_int_equal(tick.boottime_ms, fixture->clock.monotonic_ms + 7);
    assert_int_equal(tick.wall_ms, noon_ms() + 5000);
    assert_string_equal(tick.boot_id, "boot-1");
}

/* ---- verify ---- */

static void put_some(struct fixture *fixture)
{
    open_store(fixture);
    for (int i = 0; i < 600; i++) /* from quarter to quarter hour, and over midnight */
        put_at(fixture, noon_ms() + CIVIL_DAY_MS / 2 + (i - 300) * 5000, i % 7 == 0 ? 0 : 5000);
    settle(fixture);
}

static void verify_finds_nothing_in_good_data(void **state)
{
    struct fixture *fixture = *state;
    char sentence[256];
    put_some(fixture);
    struct store_verify found = verify(fixture, sentence);
    assert_string_equal(sentence, "");
    assert_string_equal(found.integrity, "ok");
    assert_int_equal(found.heartbeats, 600);
    assert_int_equal(found.days_checked, 2);
    assert_int_equal(found.slots_checked, 4);
    assert_int_equal(found.days_skipped + found.slots_skipped, 0);
    assert_int_equal(found.differences, 0);
}

static void check_planted(struct fixture *fixture, const char *sql, int64_t differences,
                          const char *kind)
{
    char sentence[256];
    put_some(fixture);
    close_store(fixture);
    execute(fixture->path, sql);
    struct store_verify found = verify(fixture, sentence);
    assert_int_equal(found.differences, differences);
    if (strncmp(sentence, kind, strlen(kind)) != 0)
        fail_msg("it says: %s", sentence);
}

static void verify_finds_a_wrong_slot(void **state)
{
    check_planted(*state,
                  "UPDATE usage_slots SET used_ms = used_ms + 1 WHERE slot ="
                  " (SELECT min(slot) FROM usage_slots)",
                  1, "slot");
}

static void verify_finds_wrong_overdraft(void **state)
{
    check_planted(*state,
                  "UPDATE daily_rollups SET overdraft_ms = 1 WHERE date_utc ="
                  " (SELECT max(date_utc) FROM daily_rollups)",
                  1, "day");
}

static void verify_finds_a_missing_day(void **state)
{
    check_planted(*state,
                  "DELETE FROM daily_rollups WHERE date_utc ="
                  " (SELECT max(date_utc) FROM daily_rollups)",
                  1, "day");
}

static void verify_finds_a_missing_slot(void **state)
{
    check_planted(*state,
                  "DELETE FROM usage_slots WHERE slot = (SELECT max(slot) FROM usage_slots)", 1,
                  "slot");
}

static void verify_finds_an_extra_slot(void **state)
{
    check_planted(*state,
                  "INSERT INTO usage_slots SELECT device, max(slot) + 9, activity, 1000, 0"
                  " FROM usage_slots",
                  1, "slot");
}

/* A total that nothing was played in is too many all the same. */
static void verify_finds_an_extra_day(void **state)
{
    check_planted(*state,
                  "INSERT INTO daily_rollups SELECT device, max(date_utc) + 9, 0, 0, 0, 0"
                  " FROM daily_rollups",
                  1, "day");
}

/* ---- What is not ours ---- */

static void check_refused_unchanged(struct fixture *fixture, const char *word)
{
    char *before;
    char *after;
    size_t length_before;
    size_t length_after;
    struct error error = {0};
    assert_int_equal(file_read(fixture->path, 1 << 20, &before, &length_before, &error), 0);
    assert_int_equal(try_open(fixture, "pc-01", &error), EXIT_CODE_CONFIG);
    if (strstr(error.text, word) == NULL || strstr(error.text, fixture->path) == NULL)
        fail_msg("it says: %s", error.text);
    assert_int_equal(file_read(fixture->path, 1 << 20, &after, &length_after, &error), 0);
    assert_int_equal(length_before, length_after);
    assert_memory_equal(before, after, length_before);
    free(before);
    free(after);
}

static void a_newer_database_is_refused(void **state)
{
    struct fixture *fixture = *state;
    open_store(fixture);
    put_at(fixture, noon_ms(), 5000);
    close_store(fixture);
    execute(fixture->path,
            "PRAGMA user_version = 99; UPDATE meta SET value = 99 WHERE key = 'version'");
    check_refused_unchanged(fixture, "newer");
}

static void a_foreign_database_is_refused(void **state)
{
    struct fixture *fixture = *state;
    execute(fixture->path, "CREATE TABLE notes(text); INSERT INTO notes VALUES('mine')");
    check_refused_unchanged(fixture, "another program");
    execute(fixture->path, "CREATE TABLE heartbeats(id)"); /* half of the first agent's tables */
    check_refused_unchanged(fixture, "another program");
    execute(fixture->path, "CREATE TABLE daily_rollups(id); PRAGMA application_id = 4711");
    check_refused_unchanged(fixture, "another program");
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void a_text_file_is_refused(void **state)
{
    char text[400];
    struct fixture *fixture = *state;
    write_file(fixture->path, "my notes\n");
    check_refused_unchanged(fixture, "no SQLite database");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    write_file(fixture->path, text);
    check_refused_unchanged(fixture, "no SQLite database");
    /* The right first bytes, and nothing behind them that makes sense. */
    memcpy(text, "SQLite format 3", 15);
    write_file(fixture->path, text);
    check_refused_unchanged(fixture, "left as it is");
}

static void an_empty_file_becomes_ours(void **state)
{
    struct fixture *fixture = *state;
    write_file(fixture->path, "");
    open_store(fixture);
    put_at(fixture, noon_ms(), 5000);
    settle(fixture);
    assert_int_equal(daily(fixture, "pc-01", civil_date(2026, 1, 16)).used_ms, 5000);
}

/* ---- The first agent's database ---- */

/* Its schema, and what an installation of some months holds: a day that is wholly pruned, one that
 * is pruned in part, and one with all its heartbeats, of which two were not synced yet. */
static const char first_agent[] =
    "CREATE TABLE heartbeats (id TEXT PRIMARY KEY, device_id TEXT NOT NULL,"
    " timestamp_utc TEXT NOT NULL, is_playing INTEGER NOT NULL,"
    " poll_interval_sec INTEGER NOT NULL, synced_at TEXT);"
    "CREATE TABLE daily_rollups (device_id TEXT NOT NULL, date_utc TEXT NOT NULL,"
    " minutes_used REAL NOT NULL, minutes_overdraft REAL NOT NULL, last_heartbeat_at TEXT NOT NULL,"
    " updated_at TEXT NOT NULL, PRIMARY KEY (device_id, date_utc));"
    "INSERT INTO daily_rollups VALUES"
    " ('old-pc', '2026-01-10', 90.0, 0, '2026-01-10T19:00:00Z', '2026-01-10T19:00:00Z'),"
    " ('old-pc', '2026-01-11', 800.0, 0, '2026-01-11T23:00:05Z', '2026-01-11T23:00:05Z'),"
    " ('old-pc', '2026-01-12', 0.25, 0, '2026-01-12T10:00:15Z', '2026-01-12T10:00:15Z');"
    "INSERT INTO heartbeats VALUES"
    " ('00000000-0000-4000-8000-000000000001', 'old-pc', '2026-01-11T23:00:05.123456Z', 1, 5, 'x'),"
    " ('00000000-0000-4000-8000-000000000002', 'old-pc', '2026-01-12T10:00:00Z', 1, 5, 'x'),"
    " ('00000000-0000-4000-8000-000000000003', 'old-pc', '2026-01-12T10:00:05Z', 0, 5, 'x'),"
    " ('00000000-0000-4000-8000-000000000005', 'old-pc', '2026-01-12T10:00:15+00:00', 1, 5, NULL),"
    " ('00000000-0000-4000-8000-000000000004', 'old-pc', '2026-01-12T10:00:10Z', 1, 5, NULL);";

static void the_first_agents_database_is_imported(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat rows[8];
    struct heartbeat_origin origin;
    char sentence[256];
    char backup[300];
    execute(fixture->path, first_agent);
    open_as(fixture, "old-pc");

    /* Unsynced rows are queued, in order of time, and keep their ids. */
    assert_int_equal(store_sink_enable(fixture->store, "cloud", false, NULL), 0);
    struct store_sink_state cloud = sink_state(fixture, "cloud");
    assert_int_equal(cloud.pending, 2);
    assert_int_equal(read_after(fixture, cloud.delivered_seq, 8, rows, &origin), 2);
    assert_string_equal(origin.device_id, "old-pc");
    assert_int_equal(rows[0].id[15], 4);
    assert_int_equal(rows[1].id[15], 5);
    assert_int_equal(rows[0].wall_ms,
                     (int64_t)civil_date(2026, 1, 12) * CIVIL_DAY_MS + 36000 * 1000 + 10 * 1000);
    assert_int_equal(rows[0].credited_ms, 5000);

    /* Minutes are kept, also those whose heartbeats are gone. */
    assert_int_equal(daily(fixture, "old-pc", civil_date(2026, 1, 10)).used_ms, 90 * MINUTE_MS);
    assert_int_equal(daily(fixture, "old-pc", civil_date(2026, 1, 11)).used_ms, 800 * MINUTE_MS);
    assert_int_equal(daily(fixture, "old-pc", civil_date(2026, 1, 12)).used_ms, 15 * SECOND_MS);
    assert_int_equal(query(fixture->path, "SELECT sum(used_ms) FROM usage_slots"),
                     890 * MINUTE_MS + 15 * SECOND_MS);

    put_at(fixture, noon_ms(), 5000);
    settle(fixture);
    struct store_verify found = verify(fixture, sentence);
    assert_string_equal(sentence, "");
    assert_int_equal(found.differences, 0);
    assert_int_equal(found.heartbeats, 6);
    assert_int_equal(found.days_skipped, 2);
    assert_int_equal(found.days_checked, 2);

    snprintf(backup, sizeof(backup), "%s.first-agent", fixture->path);
    assert_int_equal(query(backup, "SELECT count(*) FROM heartbeats WHERE synced_at IS NULL"), 2);
    assert_int_equal(query(backup, "SELECT sum(minutes_used) FROM daily_rollups"), 890);

    /* The second start finds a database of ours. */
    close_store(fixture);
    open_as(fixture, "old-pc");
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM heartbeats"), 6);
}

static void what_cannot_be_read_is_passed_over(void **state)
{
    struct fixture *fixture = *state;
    execute(fixture->path, first_agent);
    execute(fixture->path,
            "INSERT INTO heartbeats VALUES"
            " ('no-uuid', 'old-pc', '2026-01-12T11:00:00Z', 1, 5, NULL),"
            " ('00000000-0000-4000-8000-000000000006', 'old-pc', 'noon', 1, 5, NULL)");
    execute(fixture->path, "INSERT INTO daily_rollups VALUES('old-pc', 'friday', 1, 0, '', '')");
    open_as(fixture, "old-pc");
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM heartbeats"), 5);
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM daily_rollups"), 3);
}

/* ---- Size, readers, failures ---- */

static void a_row_takes_at_most_fifty_bytes(void **state)
{
    enum { ROWS = 50000, PORTION = 10000, PAUSE = 180, ROW_BYTES = 50 };
    struct fixture *fixture = *state;
    open_store(fixture);
    for (int i = 0; i < ROWS; i++) {
        bool plays = i / PAUSE % 4 != 0; /* three quarters of an hour of each */
        struct heartbeat heartbeat = beat(fixture, noon_ms() + i * 5000LL, plays ? 5003 : 0);
        for (int j = 0; j < UUID_BYTES; j++)
            heartbeat.id[j] = (uint8_t)(i * 31 + j * 17);
        put(fixture, &heartbeat);
        if (i % PORTION == PORTION - 1)
            settle(fixture);
    }
    close_store(fixture);
    int64_t bytes = file_size(fixture->path);
    assert_int_equal(query(fixture->path, "SELECT count(*) FROM heartbeats"), ROWS);
    if (bytes > (int64_t)ROWS * ROW_BYTES)
        fail_msg("%lld bytes for %d rows", (long long)bytes, ROWS);
}

static void a_reader_sees_committed_rows_only(void **state)
{
    struct fixture *fixture = *state;
    struct store_daily day;
    int32_t date = civil_date(2026, 1, 16);
    open_store(fixture);
    struct store_reader *reader = open_reader(fixture);
    put_at(fixture, noon_ms(), 5000);
    assert_int_equal(store_read_daily(reader, "pc-01", date, &day, NULL), 0);
    assert_false(day.found);
    settle(fixture);
    assert_int_equal(store_read_daily(reader, "pc-01", date, &day, NULL), 0);
    assert_int_equal(day.used_ms, 5000);
    store_reader_close(reader);
}

static void the_writer_settles(void **state)
{
    struct fixture *fixture = *state;
    struct store_health health;
    struct store_options options = {.path = fixture->path,
                                    .device_id = "pc-01",
                                    .clock = &fixture->clock.clock,
                                    .commit_interval_ms = 3600 * 1000, /* settle() does not wait */
                                    .retention_days = 30};
    assert_int_equal(store_open(&fixture->store, &options, NULL), 0);
    assert_int_equal(store_start(fixture->store, NULL), 0);
    for (int i = 0; i < 100; i++)
        put_at(fixture, noon_ms() + i * 5000, 5000);
    settle(fixture);
    store_get_health(fixture->store, &health);
    assert_true(health.storing);
    assert_int_equal(health.durable_seq, 100);
    assert_int_equal(health.waiting, 0);
    assert_int_equal(health.dropped, 0);
    assert_int_equal(daily(fixture, "pc-01", civil_date(2026, 1, 16)).used_ms, 500 * SECOND_MS);
    assert_int_equal(store_sink_enable(fixture->store, "cloud", true, NULL), 0);
    assert_int_equal(sink_state(fixture, "cloud").delivered_seq, 100);
    put_at(fixture, noon_ms() + 500 * SECOND_MS, 5000);
    close_store(fixture);
    assert_int_equal(query(fixture->path, "SELECT max(seq) FROM heartbeats"), 101);
}

static void what_cannot_be_committed_waits(void **state)
{
    struct fixture *fixture = *state;
    struct store_health health;
    struct error error = {0};
    struct heartbeat rows[4];
    struct heartbeat_origin origin;
    sqlite3 *other = NULL;
    open_store(fixture);
    assert_int_equal(store_start(fixture->store, NULL), 0);
    put_at(fixture, noon_ms(), 5000);
    settle(fixture);

    /* Somebody else holds the lock: as with a full disk, no transaction can be made. */
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 5000); /* the writer may still be pruning */
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    put_at(fixture, noon_ms() + 5000, 5000);
    put_at(fixture, noon_ms() + 10000, 0);
    assert_int_equal(store_settle(fixture->store, &error), EXIT_CODE_DISK);
    assert_true(strlen(error.text) > 0);
    store_get_health(fixture->store, &health);
    assert_false(health.storing);
    assert_false(health.failed_for_good);
    assert_int_equal(health.waiting, 2);
    assert_int_equal(health.durable_seq, 1);
    assert_true(strlen(health.problem) > 0);

    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    /* An attempt that was under way when the lock went may still fail, and is told to who waits. */
    for (int i = 0; i < 100 && store_settle(fixture->store, NULL) != 0; i++)
        usleep(1000);
    store_get_health(fixture->store, &health);
    assert_true(health.storing);
    assert_string_equal(health.problem, "");
    assert_int_equal(read_after(fixture, 0, 4, rows, &origin), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rows[i].seq, i + 1);
        assert_int_equal(rows[i].wall_ms, noon_ms() + i * 5000);
    }
}

#define STORE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_first_agents_tables_exist),
        STORE_TEST(the_database_is_private),
        STORE_TEST(a_playing_heartbeat_adds_its_seconds),
        STORE_TEST(an_idle_heartbeat_adds_nothing_and_is_seen),
        STORE_TEST(midnight_splits_a_credit),
        STORE_TEST(a_quarter_hour_splits_a_credit),
        STORE_TEST(a_heartbeat_comes_back_as_it_went),
        STORE_TEST(history_is_read_backwards),
        STORE_TEST(pruning_keeps_what_is_new),
        STORE_TEST(pruning_keeps_what_is_not_sent),
        STORE_TEST(pruning_keeps_the_newest),
        STORE_TEST(delivered_rows_are_not_read_again),
        STORE_TEST(seq_and_epoch_go_on),
        STORE_TEST(a_new_device_begins_an_epoch),
        STORE_TEST(the_last_tick_survives),
        STORE_TEST(verify_finds_nothing_in_good_data),
        STORE_TEST(verify_finds_a_wrong_slot),
        STORE_TEST(verify_finds_wrong_overdraft),
        STORE_TEST(verify_finds_a_missing_day),
        STORE_TEST(verify_finds_a_missing_slot),
        STORE_TEST(verify_finds_an_extra_slot),
        STORE_TEST(verify_finds_an_extra_day),
        STORE_TEST(a_newer_database_is_refused),
        STORE_TEST(a_foreign_database_is_refused),
        STORE_TEST(a_text_file_is_refused),
        STORE_TEST(an_empty_file_becomes_ours),
        STORE_TEST(the_first_agents_database_is_imported),
        STORE_TEST(what_cannot_be_read_is_passed_over),
        STORE_TEST(a_row_takes_at_most_fifty_bytes),
        STORE_TEST(a_reader_sees_committed_rows_only),
        STORE_TEST(the_writer_settles),
        STORE_TEST(what_cannot_be_committed_waits),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
