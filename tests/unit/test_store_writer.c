/* SPDX-License-Identifier: MIT */
/* What is put into the store is in the file, exactly, and comes back. */
#include "store_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void assert_daily(struct fixture *fixture, int32_t date, int64_t used_ms,
                         int64_t overdraft_ms)
{
    struct store_daily daily = fixture_daily(fixture, date);
    assert_true(daily.found);
    assert_int_equal(daily.used_ms, used_ms);
    assert_int_equal(daily.overdraft_ms, overdraft_ms);
}

static void put_one(struct fixture *fixture, const struct heartbeat *heartbeat)
{
    fixture_put(fixture, heartbeat);
    fixture_settle(fixture);
}

/* ---- The file ---- */

static void a_new_database_has_its_tables_and_settings(void **state)
{
    const struct fixture *fixture = *state;
    char text[64];
    struct stat status;
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM pragma_table_list WHERE strict = 1 AND name"
                                 " IN ('meta', 'devices', 'epochs', 'names', 'heartbeats',"
                                 " 'day_splits', 'daily_rollups', 'usage_slots', 'sink_cursors',"
                                 " 'last_tick')"),
        10);
    assert_int_equal(fixture_integer(fixture, "PRAGMA application_id"), 0x434C4F42);
    assert_int_equal(fixture_integer(fixture, "PRAGMA user_version"), 3);
    assert_int_equal(fixture_integer(fixture, "PRAGMA page_size"), 1024);
    assert_int_equal(fixture_integer(fixture, "PRAGMA auto_vacuum"), 2);
    fixture_text(fixture, "PRAGMA journal_mode", text, sizeof(text));
    assert_string_equal(text, "wal");
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void a_heartbeat_costs_one_index_only(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM sqlite_schema WHERE"
                                              " type = 'index' AND tbl_name = 'heartbeats'"),
                     0);
}

static void the_missing_folders_are_made(void **state)
{
    struct fixture *fixture = *state;
    char path[256];
    struct stat status;
    struct error error = {0};
    snprintf(path, sizeof(path), "%s/a/b/clockblock.db", fixture->folder);
    fixture->options.path = path;
    struct store *store = NULL;
    assert_int_equal(store_open(&store, &fixture->options, &error), 0);
    assert_int_equal(store_close(store, &error), 0);
    snprintf(path, sizeof(path), "%s/a", fixture->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    snprintf(path, sizeof(path), "rm -r %s/a", fixture->folder);
    assert_int_equal(system(path), 0);
}

/* ---- Totals ---- */

static void credits_of_a_day_add_up(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS + 5000, 720, true);
    assert_daily(fixture, NOON_DATE, 3600000, 0);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM usage_slots"), 4);
    assert_int_equal(fixture_integer(fixture, "SELECT min(used_ms) FROM usage_slots"), 900000);
    assert_int_equal(fixture_integer(fixture, "SELECT max(used_ms) FROM usage_slots"), 900000);
}

static void the_day_before_keeps_its_last_heartbeat(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat before = fixture_heartbeat(fixture, MIDNIGHT_MS - 3000, true);
    struct heartbeat after = fixture_heartbeat(fixture, MIDNIGHT_MS + 2000, true);
    fixture->clock.wall_ms = MIDNIGHT_MS - 2900;
    put_one(fixture, &before);
    fixture->clock.wall_ms = MIDNIGHT_MS + 2100;
    put_one(fixture, &after);
    struct store_daily daily = fixture_daily(fixture, NOON_DATE);
    assert_int_equal(daily.used_ms, 8000);
    assert_int_equal(daily.last_heartbeat_ms, MIDNIGHT_MS - 3000);
    assert_int_equal(daily.updated_ms, MIDNIGHT_MS - 2900);
}

/* A clock that ran ahead and was set back is believed. */
static void the_last_heartbeat_of_a_day_is_the_newest(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat ahead = fixture_heartbeat(fixture, NOON_MS + FIXTURE_HOUR, true);
    struct heartbeat right = fixture_heartbeat(fixture, NOON_MS + 5000, true);
    put_one(fixture, &ahead);
    put_one(fixture, &right);
    assert_int_equal(fixture_daily(fixture, NOON_DATE).last_heartbeat_ms, NOON_MS + 5000);
}

static void activities_have_slots_of_their_own(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat first = fixture_heartbeat(fixture, NOON_MS + 5000, true);
    struct heartbeat second = fixture_heartbeat(fixture, NOON_MS + 10000, true);
    struct heartbeat third = fixture_heartbeat(fixture, NOON_MS + 15000, true);
    snprintf(second.activity, sizeof(second.activity), "Pac-Man");
    third.activity[0] = '\0';
    fixture_put(fixture, &first);
    fixture_put(fixture, &second);
    put_one(fixture, &third);
    assert_daily(fixture, NOON_DATE, 15000, 0);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM usage_slots"), 3);
    assert_int_equal(fixture_integer(fixture, "SELECT used_ms FROM usage_slots WHERE activity = 0"),
                     5000);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM names"), 3);
}

static void a_range_adds_its_slots(void **state)
{
    struct fixture *fixture = *state;
    struct store_daily total;
    struct error error = {0};
    fixture_put_many(fixture, NOON_MS + 5000, 720, true); /* an hour */
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_read_usage(reader, "pc-01", NOON_MS + USAGE_SLOT_MS,
                                      NOON_MS + 3 * USAGE_SLOT_MS, &total, &error),
                     0);
    assert_true(total.found);
    assert_int_equal(total.used_ms, 2 * USAGE_SLOT_MS);
    assert_int_equal(total.last_heartbeat_ms, NOON_MS + 3 * USAGE_SLOT_MS); /* the end of it */

    assert_int_equal(store_read_usage(reader, "pc-01", NOON_MS + FIXTURE_DAY,
                                      NOON_MS + 2 * FIXTURE_DAY, &total, &error),
                     0);
    assert_false(total.found);
    assert_int_equal(total.used_ms, 0);
    assert_int_equal(total.last_heartbeat_ms, 0);
    store_reader_close(reader);
}

/* ---- Coming back ---- */

static void the_view_is_readable(void **state)
{
    struct fixture *fixture = *state;
    char text[128];
    struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS + 7, true);
    put_one(fixture, &heartbeat);
    fixture_text(fixture, "SELECT timestamp_utc FROM heartbeats_readable", text, sizeof(text));
    assert_string_equal(text, "2026-01-16T12:00:00.007Z");
    fixture_text(fixture, "SELECT device_id || activity || decided_by FROM heartbeats_readable",
                 text, sizeof(text));
    assert_string_equal(text, "pc-01Minecraftprocess");
    char uuid[UUID_TEXT_CAPACITY];
    uuid_format(heartbeat.id, uuid);
    fixture_text(fixture, "SELECT id FROM heartbeats_readable", text, sizeof(text));
    assert_string_equal(text, uuid);
    uuid_format(store_origin(fixture->store)->epoch, uuid);
    fixture_text(fixture, "SELECT epoch FROM heartbeats_readable", text, sizeof(text));
    assert_string_equal(text, uuid);
}

/* ---- The next start ---- */

static void seq_goes_on_behind_every_cursor(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_put_many(fixture, NOON_MS, 3, false);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, true, &error), 0);
    fixture_close(fixture);
    fixture_exec(fixture->path, "DELETE FROM heartbeats; UPDATE sink_cursors SET"
                                " delivered_seq = 70");
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS + 60000, 1, false);
    assert_int_equal(fixture_integer(fixture, "SELECT min(seq) FROM heartbeats"), 71);
}

static void an_old_device_that_comes_back_has_a_new_epoch(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture->options.device_id = "pc-02";
    fixture_open(fixture);
    fixture_close(fixture);
    fixture->options.device_id = "pc-01";
    fixture_open(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM epochs"), 3);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM devices"), 2);
}

static void the_installation_keeps_its_id(void **state)
{
    struct fixture *fixture = *state;
    uint8_t id[UUID_BYTES];
    uint8_t again[UUID_BYTES];
    store_installation_id(fixture->store, id);
    fixture_close(fixture);
    fixture->options.device_id = "pc-02";
    fixture_open(fixture);
    store_installation_id(fixture->store, again);
    assert_memory_equal(id, again, UUID_BYTES);
}

/* ---- The writer ---- */

static void heartbeats_of_an_interval_share_a_commit(void **state)
{
    struct fixture *fixture = *state;
    struct wakeup bell;
    assert_int_equal(wakeup_init(&bell), 0);
    fixture->options.commit_interval_ms = 60000;
    fixture_start(fixture);
    store_watch(fixture->store, &bell);
    for (int i = 0; i < 3; i++) {
        struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS + i, false);
        fixture_put(fixture, &heartbeat);
        fake_clock_advance(&fixture->clock, 10000);
    }
    struct error error = {0};
    for (int i = 0; i < 2; i++) /* between two requests the writer does what is due */
        assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    assert_int_equal(fixture_health(fixture).durable_seq, 0);
    fake_clock_advance(&fixture->clock, 30000);
    assert_true(wakeup_wait(&bell, 30000));
    assert_int_equal(fixture_health(fixture).durable_seq, 3);
    assert_false(wakeup_wait(&bell, 0));
    fixture_close(fixture);
    wakeup_finish(&bell);
}

static void each_commit_rings_the_watchers(void **state)
{
    struct fixture *fixture = *state;
    struct wakeup bell;
    assert_int_equal(wakeup_init(&bell), 0);
    fixture_start(fixture);
    store_watch(fixture->store, &bell);
    for (int i = 1; i <= 3; i++) {
        struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS + i, false);
        fixture_put(fixture, &heartbeat);
        assert_true(wakeup_wait(&bell, 30000));
        assert_int_equal(fixture_health(fixture).durable_seq, i);
    }
    fixture_close(fixture);
    wakeup_finish(&bell);
}

static void what_is_put_before_the_start_is_stored(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS, false);
    fixture_put(fixture, &heartbeat);
    fixture_start(fixture);
    fixture_settle(fixture);
    assert_int_equal(fixture_health(fixture).durable_seq, 1);
}

static void closing_stores_what_waits(void **state)
{
    struct fixture *fixture = *state;
    char wal[160];
    fixture->options.commit_interval_ms = 60000;
    fixture_start(fixture);
    for (int i = 0; i < 100; i++) {
        struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS + i, false);
        fixture_put(fixture, &heartbeat);
    }
    fixture_close(fixture);
    snprintf(wal, sizeof(wal), "%s-wal", fixture->path);
    struct stat status;
    assert_true(stat(wal, &status) != 0 || status.st_size == 0); /* it is folded back */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 100);
}

static void health_tells_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    struct store_health health = fixture_health(fixture);
    assert_true(health.storing);
    assert_int_equal(health.rows, 0);
    assert_int_equal(health.last_commit_monotonic_ms, 0);
    fixture_put_many(fixture, NOON_MS, 20, true);
    health = fixture_health(fixture);
    assert_int_equal(health.rows, 20);
    assert_int_equal(health.durable_seq, 20);
    assert_int_equal(health.last_commit_monotonic_ms, 1000000);
    assert_true(health.bytes > 10 * 1024);
    assert_string_equal(health.problem, "");
    fixture_close(fixture);
    fixture_open(fixture);
    health = fixture_health(fixture);
    assert_int_equal(health.rows, 20);
    assert_int_equal(health.durable_seq, 20);
}

/* Everything that a heartbeat leaves in the file, its share of the totals included. */
int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    /* For what is about the options: the test opens the store itself. */
#define TEST_BARE(name) cmocka_unit_test_setup_teardown(name, fixture_setup_bare, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_database_has_its_tables_and_settings),
        TEST(a_heartbeat_costs_one_index_only),
        TEST_BARE(the_missing_folders_are_made),
        TEST(credits_of_a_day_add_up),
        TEST(the_day_before_keeps_its_last_heartbeat),
        TEST(the_last_heartbeat_of_a_day_is_the_newest),
        TEST(activities_have_slots_of_their_own),
        TEST(a_range_adds_its_slots),
        TEST(the_view_is_readable),
        TEST(seq_goes_on_behind_every_cursor),
        TEST(an_old_device_that_comes_back_has_a_new_epoch),
        TEST(the_installation_keeps_its_id),
        TEST_BARE(heartbeats_of_an_interval_share_a_commit),
        TEST(each_commit_rings_the_watchers),
        TEST(what_is_put_before_the_start_is_stored),
        TEST_BARE(closing_stores_what_waits),
        TEST(health_tells_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
