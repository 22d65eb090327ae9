/* SPDX-License-Identifier: MIT */
/* What happens to heartbeats while the disk takes none. */
#include "store_fixture.h"

#include "store/delivery.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    faulty_disk_install();
    return fixture_setup(state);
}

static int teardown(void **state)
{
    faulty_disk_repair();
    int result = fixture_teardown(state);
    faulty_disk_remove();
    return result;
}

static void put(struct fixture *fixture, int64_t wall_ms, const char *activity)
{
    struct heartbeat heartbeat = fixture_heartbeat(fixture, wall_ms, true);
    snprintf(heartbeat.activity, sizeof(heartbeat.activity), "%s", activity);
    fixture_put(fixture, &heartbeat);
}

static void settle_fails(struct fixture *fixture, const char *word)
{
    struct error error = {0};
    assert_int_equal(store_settle(fixture->store, &error), EXIT_CODE_DISK);
    struct store_health health = fixture_health(fixture);
    assert_false(health.storing);
    if (strstr(health.problem, fixture->path) == NULL || strstr(health.problem, word) == NULL)
        fail_msg("the problem should name the file and say '%s': %s", word, health.problem);
    assert_string_equal(error.text, health.problem);
}

static void each_commit_is_synced(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 1, true);
    for (int i = 1; i <= 20; i++) {
        int64_t before = faulty_disk_syncs();
        fixture_put_many(fixture, NOON_MS + i * 5000, 1, true);
        assert_true(faulty_disk_syncs() > before);
    }
}

static void a_playing_heartbeat_writes_little(void **state)
{
    enum { COUNT = 1000 };
    struct fixture *fixture = *state;
    int64_t before = faulty_disk_written_bytes();
    for (int i = 0; i < COUNT; i++)
        fixture_put_many(fixture, NOON_MS + i * INT64_C(5000), 1, true);
    int64_t each = (faulty_disk_written_bytes() - before) / COUNT;
    print_message("%lld bytes are written for each heartbeat\n", (long long)each);
    assert_true(each < 6000);
}

static void a_full_disk_keeps_heartbeats_in_memory_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 2, true);
    faulty_disk_fail_writes(SQLITE_FULL);
    for (int i = 2; i < 200; i++)
        put(fixture, NOON_MS + i * 5000, "A new game");
    settle_fails(fixture, "full");
    struct store_health health = fixture_health(fixture);
    assert_int_equal(health.waiting, 198);
    assert_int_equal(health.durable_seq, 2);
    assert_int_equal(health.dropped, 0);
    assert_false(health.failed_for_good);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 2);

    faulty_disk_repair();
    fixture_settle(fixture);
    health = fixture_health(fixture);
    assert_true(health.storing);
    assert_string_equal(health.problem, "");
    assert_int_equal(health.waiting, 0);
    assert_int_equal(health.durable_seq, 200);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats WHERE"
                                              " wall_ms = 1768564800000 + (seq - 1) * 5000"),
                     200);
    assert_int_equal(fixture_daily(fixture, NOON_DATE).used_ms, 200 * 5000);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats_readable WHERE"
                                              " activity = 'A new game'"),
                     198);
}

/* The bell rings for what fails, too. */
static void wait_for(struct fixture *fixture, struct wakeup *bell, int64_t durable_seq)
{
    while (fixture_health(fixture).durable_seq < durable_seq)
        assert_true(wakeup_wait(bell, 30000));
    assert_int_equal(fixture_health(fixture).durable_seq, durable_seq);
}

static void the_next_heartbeat_tries_again(void **state)
{
    struct fixture *fixture = *state;
    struct wakeup bell;
    assert_int_equal(wakeup_init(&bell), 0);
    fixture_start(fixture);
    store_watch(fixture->store, &bell);
    faulty_disk_fail_writes(SQLITE_FULL);
    put(fixture, NOON_MS, "Minecraft");
    settle_fails(fixture, "full");
    assert_true(wakeup_wait(&bell, 30000)); /* whoever watches the health hears of it */
    faulty_disk_repair();
    put(fixture, NOON_MS + 5000, "Minecraft");
    wait_for(fixture, &bell, 2);
    fixture_close(fixture);
    wakeup_finish(&bell);
}

static void the_writer_tries_again_by_itself(void **state)
{
    struct fixture *fixture = *state;
    struct wakeup bell;
    assert_int_equal(wakeup_init(&bell), 0);
    fixture_start(fixture);
    store_watch(fixture->store, &bell);
    faulty_disk_fail_writes(SQLITE_FULL);
    put(fixture, NOON_MS, "Minecraft");
    settle_fails(fixture, "full");
    faulty_disk_repair();
    fake_clock_advance(&fixture->clock, 30000);
    wait_for(fixture, &bell, 1);
    fixture_close(fixture);
    wakeup_finish(&bell);
}

static void another_writer_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *other = NULL;
    fixture_start(fixture);
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 5000); /* the writer may still look for old rows */
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    put(fixture, NOON_MS, "Minecraft");
    settle_fails(fixture, "locked");
    assert_false(fixture_health(fixture).failed_for_good);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    fixture_settle(fixture);
    assert_int_equal(fixture_health(fixture).durable_seq, 1);
}

static void fails_for_good(struct fixture *fixture, int write_code, int sync_code)
{
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 1, true);
    faulty_disk_fail_writes(write_code);
    faulty_disk_fail_syncs(sync_code);
    put(fixture, NOON_MS + 5000, "Minecraft");
    settle_fails(fixture, "I/O");
    assert_true(fixture_health(fixture).failed_for_good);

    /* Nothing is tried again on this handle, and whoever waits is told. */
    faulty_disk_repair();
    put(fixture, NOON_MS + 10000, "Minecraft");
    settle_fails(fixture, "I/O");
    assert_int_equal(fixture_health(fixture).waiting, 2);
    struct error error = {0};
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, true, &error), EXIT_CODE_DISK);
    assert_int_equal(store_close(fixture->store, &error), EXIT_CODE_DISK);
    fixture->store = NULL;
    fixture->clock.waiting = NULL;
    fixture_open(fixture); /* what could not be synced may be there: nobody was told that it is */
    assert_true(fixture_health(fixture).durable_seq >= 1);
}

static void a_failed_sync_is_for_good(void **state)
{
    fails_for_good(*state, SQLITE_OK, SQLITE_IOERR_FSYNC);
}

static void a_failed_write_is_for_good(void **state)
{
    fails_for_good(*state, SQLITE_IOERR_WRITE, SQLITE_OK);
}

/* The kernel may have dropped what was folded into the database, and say nothing the next time: the
 * wal must not be written over. */
static void a_sync_that_fails_while_the_wal_is_folded_is_for_good(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture);
    faulty_disk_fail_folding(SQLITE_IOERR_FSYNC);
    for (int i = 0; i < 5000 && !fixture_health(fixture).failed_for_good; i++)
        fixture_put_many(fixture, NOON_MS + i * INT64_C(5000), 1, true);
    assert_true(fixture_health(fixture).failed_for_good);
    assert_non_null(strstr(fixture_health(fixture).problem, fixture->path));
}

static void a_request_fails_while_the_disk_is_full(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 3, true);
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    faulty_disk_fail_writes(SQLITE_FULL);
    assert_int_equal(
        store_save_step(
            fixture->store,
            &(struct store_step){.sink = FIXTURE_SINK, .delivered_seq = 2, .last_error = ""},
            &error),
        EXIT_CODE_DISK);
    assert_non_null(strstr(error.text, fixture->path));
    faulty_disk_repair();
    assert_int_equal(fixture_sink(fixture).delivered_seq, 0);
    assert_int_equal(
        store_save_step(
            fixture->store,
            &(struct store_step){.sink = FIXTURE_SINK, .delivered_seq = 2, .last_error = ""},
            &error),
        0);
    assert_int_equal(fixture_sink(fixture).delivered_seq, 2);
}

static void a_full_ring_drops_the_oldest_and_counts_them(void **state)
{
    enum { MORE = 7 };
    struct fixture *fixture = *state;
    fixture_start(fixture);
    faulty_disk_fail_writes(SQLITE_FULL);
    for (int i = 0; i < STORE_RING_MAX + MORE; i++)
        put(fixture, NOON_MS + i, "Minecraft");
    settle_fails(fixture, "full");
    struct store_health health = fixture_health(fixture);
    assert_int_equal(health.waiting, STORE_RING_MAX);
    assert_int_equal(health.dropped, MORE);

    faulty_disk_repair();
    fixture_settle(fixture);
    health = fixture_health(fixture);
    assert_int_equal(health.durable_seq, MORE + STORE_RING_MAX);
    assert_int_equal(health.dropped, MORE);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT min(seq) * 100 + min(wall_ms) - 1768564800000 FROM"
                                     " heartbeats"),
                     (MORE + 1) * 100 + MORE);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), STORE_RING_MAX);
    /* Those that were dropped have numbers too, and one gap tells all sinks of them. */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM gaps WHERE sink IS NULL AND"
                                              " from_seq = 1 AND to_seq = 7 AND count = 7 AND"
                                              " reason = 'ring_full'"),
                     1);
    put(fixture, NOON_MS, "Minecraft");
    fixture_settle(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM gaps"), 1);
}

static void closing_tells_what_could_not_be_stored(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_start(fixture);
    faulty_disk_fail_writes(SQLITE_FULL);
    put(fixture, NOON_MS, "Minecraft");
    put(fixture, NOON_MS, "Minecraft");
    assert_int_equal(store_close(fixture->store, &error), EXIT_CODE_DISK);
    fixture->store = NULL;
    assert_non_null(strstr(error.text, "2 heartbeats"));
    assert_non_null(strstr(error.text, fixture->path));
}

/* A process that dies leaves its wal behind: what was committed is there at the next start. */
static void what_was_committed_survives_a_crash(void **state)
{
    struct fixture *fixture = *state;
    char path[200];
    char copy[200];
    size_t length;
    fixture_start(fixture);
    fixture_put_many(fixture, NOON_MS, 10, true);
    const char *const suffixes[] = {"", "-wal"};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s%s", fixture->path, suffixes[i]);
        snprintf(copy, sizeof(copy), "%s/copy.db%s", fixture->folder, suffixes[i]);
        unsigned char *bytes = fixture_read_file(path, &length);
        fixture_write_file(copy, bytes, length);
        free(bytes);
    }
    fixture_close(fixture);
    snprintf(fixture->path, sizeof(fixture->path), "%s/copy.db", fixture->folder);
    fixture_open(fixture);
    assert_int_equal(fixture_health(fixture).durable_seq, 10);
    assert_int_equal(fixture_daily(fixture, NOON_DATE).used_ms, 50000);
}

struct passer_by {
    struct fixture *fixture;
    int64_t syncs;
    int64_t durable_seq; /* a few commits after the heartbeat was put */
};

static void pass_by(void *context)
{
    struct passer_by *passer_by = context;
    struct fixture *fixture = passer_by->fixture;
    passer_by->syncs++;
    if (passer_by->syncs == 2)
        put(fixture, NOON_MS, "Minecraft");
    if (passer_by->syncs == 6)
        passer_by->durable_seq = fixture_health(fixture).durable_seq;
}

static void a_long_prune_lets_heartbeats_in_between(void **state)
{
    struct fixture *fixture = *state;
    struct passer_by passer_by = {.fixture = fixture};
    int64_t deleted = 0;
    struct error error = {0};
    fixture_put_many(fixture, NOON_MS - 40 * FIXTURE_DAY, 15000, false);
    fixture_put_many(fixture, NOON_MS, 1, false);
    fixture_reopen(fixture);
    faulty_disk_on_sync(pass_by, &passer_by);
    fixture_start(fixture);
    assert_int_equal(store_prune(fixture->store, &deleted, &error), 0);
    fixture_close(fixture);
    faulty_disk_on_sync(NULL, NULL);
    assert_true(passer_by.syncs > 20);
    assert_int_equal(passer_by.durable_seq, 15002);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_commit_is_synced),
        TEST(a_playing_heartbeat_writes_little),
        TEST(a_full_disk_keeps_heartbeats_in_memory_and_in_order),
        TEST(the_next_heartbeat_tries_again),
        TEST(the_writer_tries_again_by_itself),
        TEST(another_writer_is_waited_for),
        TEST(a_failed_sync_is_for_good),
        TEST(a_failed_write_is_for_good),
        TEST(a_sync_that_fails_while_the_wal_is_folded_is_for_good),
        TEST(a_request_fails_while_the_disk_is_full),
        TEST(a_full_ring_drops_the_oldest_and_counts_them),
        TEST(a_long_prune_lets_heartbeats_in_between),
        TEST(closing_tells_what_could_not_be_stored),
        TEST(what_was_committed_survives_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
