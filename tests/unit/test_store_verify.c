/* SPDX-License-Identifier: MIT */
/* verify finds what is wrong, and only that. */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reported;
static char newest_report[512];

static void report(const char *sentence, void *context)
{
    (void)context;
    reported++;
    snprintf(newest_report, sizeof(newest_report), "%s", sentence);
}

static struct store_verify verify(struct fixture *fixture)
{
    struct store_verify result;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    reported = 0;
    int code = store_verify(reader, &result, report, NULL, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(code, 0);
    store_reader_close(reader);
    assert_int_equal(result.differences, reported);
    return result;
}

/* A day and a half, with a day's border inside a credit, overdraft, idle time and two activities.
 */
static int setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS + 5000, 1000, true);
    fixture_put_many(fixture, NOON_MS + 5 * FIXTURE_HOUR, 10, false);
    struct heartbeat border = fixture_heartbeat(fixture, MIDNIGHT_MS + 2000, true);
    border.overdraft_ms = 2500;
    border.border_ms = MIDNIGHT_MS - 1000;
    border.overdraft_before_ms = 1500;
    fixture_put(fixture, &border);
    struct heartbeat other = fixture_heartbeat(fixture, MIDNIGHT_MS + 7000, true);
    snprintf(other.activity, sizeof(other.activity), "Pac-Man");
    other.overdraft_ms = 5000;
    fixture_put(fixture, &other);
    struct heartbeat idle = fixture_heartbeat(fixture, MIDNIGHT_MS + FIXTURE_DAY, false);
    fixture_put(fixture, &idle);
    fixture_close(fixture);
    fixture_open(fixture);
    return 0;
}

static void good_totals_have_no_differences(void **state)
{
    struct store_verify result = verify(*state);
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.heartbeats, 1013);
    assert_int_equal(result.days_checked, 3);
    assert_int_equal(result.slots_checked, 6 + 3);
    assert_int_equal(result.days_skipped, 0);
    assert_int_equal(result.slots_skipped, 0);
    assert_string_equal(result.integrity, "ok");
}

static void an_empty_database_is_sound(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    remove(fixture->path);
    fixture_open(fixture);
    struct store_verify result = verify(fixture);
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.heartbeats, 0);
}

static void assert_found(struct fixture *fixture, const char *sql, int differences)
{
    fixture_exec(fixture->path, sql);
    struct store_verify result = verify(fixture);
    assert_int_equal(result.differences, differences);
    assert_true(strlen(newest_report) > 20);
}

static void a_missing_day_of_idle_heartbeats_is_found(void **state)
{
    assert_found(*state, "DELETE FROM daily_rollups WHERE date_utc = 20471", 1);
}

static void a_wrong_day_is_found(void **state)
{
    assert_found(*state, "UPDATE daily_rollups SET used_ms = used_ms - 1 WHERE date_utc = 20470",
                 1);
}

static void play_that_changed_its_activity_is_found(void **state)
{
    assert_found(*state,
                 "UPDATE usage_slots SET activity = 2 WHERE slot = 1965120 AND used_ms = 2000", 2);
}

static void a_heartbeat_that_vanished_is_found(void **state)
{
    assert_found(*state, "DELETE FROM heartbeats WHERE seq = 500",
                 4); /* its slot, its day, and one session that are two now */
}

static void a_lost_border_is_found(void **state)
{
    assert_found(*state, "DELETE FROM day_splits", 4); /* two slots and two days */
}

static void a_heartbeat_that_cannot_be_is_found(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, "UPDATE heartbeats SET overdraft_ms = 9000 WHERE seq = 500");
    assert_true(verify(fixture).differences >= 1);
    fixture_exec(fixture->path, "UPDATE heartbeats SET credited_ms = 900000000 WHERE seq = 500");
    assert_true(verify(fixture).differences >= 1);
    fixture_exec(fixture->path, "UPDATE heartbeats SET credited_ms = -1 WHERE seq = 500");
    assert_true(verify(fixture).differences >= 1);
    fixture_exec(fixture->path, "UPDATE day_splits SET border_ms = 7");
    assert_true(verify(fixture).differences >= 2);
}

static void what_is_pruned_is_skipped(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    int64_t deleted = 0;
    fixture->clock.wall_ms = NOON_MS + 30 * FIXTURE_DAY + FIXTURE_HOUR; /* cuts the first day */
    assert_int_equal(store_prune(fixture->store, &deleted, &error), 0);
    assert_int_equal(deleted, 719);
    struct store_verify result = verify(fixture);
    assert_int_equal(result.differences, 0);
    assert_int_equal(result.heartbeats, 1013 - 719);
    assert_int_equal(result.days_skipped, 1);
    assert_int_equal(result.days_checked, 2);
    assert_int_equal(result.slots_skipped, 4);
    assert_int_equal(result.slots_checked, 5);
    assert_found(fixture, "UPDATE usage_slots SET used_ms = 1 WHERE slot = 1965077", 1);
}

static void it_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    size_t length;
    fixture_close(fixture);
    unsigned char *before = fixture_read_file(fixture->path, &length);
    verify(fixture);
    fixture_assert_same_file(fixture->path, before, length);
    free(before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(good_totals_have_no_differences),
        TEST(an_empty_database_is_sound),
        TEST(a_missing_day_of_idle_heartbeats_is_found),
        TEST(a_wrong_day_is_found),
        TEST(play_that_changed_its_activity_is_found),
        TEST(a_heartbeat_that_vanished_is_found),
        TEST(a_lost_border_is_found),
        TEST(a_heartbeat_that_cannot_be_is_found),
        TEST(what_is_pruned_is_skipped),
        TEST(it_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
