/* SPDX-License-Identifier: MIT */
/* verify finds what is wrong, and only that; repair mends it. */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* Two days as the agent closes them: the first with an allowance. */
static const char close_days[] =
    "INSERT INTO local_days SELECT 1, column1, column1 * 86400000, (column1 + 1) * 86400000,"
    " column2, column3, coalesce(sum(used_ms), 0), coalesce(sum(overdraft_ms), 0) FROM (VALUES"
    "(20469, 3600000, 60000), (20470, NULL, 0)) LEFT JOIN usage_slots ON slot >= column1 * 96 AND"
    " slot < (column1 + 1) * 96 GROUP BY column1;"
    "INSERT INTO grants VALUES(1, zeroblob(16), 1, 20469, 60000, 1768564800000, 'parent', NULL);";

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
    fixture_exec(fixture->path, close_days);
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
    assert_int_equal(result.sessions_checked, 3);
    assert_int_equal(result.sessions_skipped, 0);
    assert_int_equal(result.closed_days_checked, 2);
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

static void each_column_of_a_session_is_compared(void **state)
{
    struct fixture *fixture = *state;
    static const char *const columns[] = {"device", "activity", "start_ms",
                                          "end_ms", "used_ms",  "overdraft_ms"};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        char sql[96];
        snprintf(sql, sizeof(sql), "UPDATE sessions SET %s = %s + 1 WHERE id = 1011", columns[i],
                 columns[i]);
        assert_found(fixture, sql, 1);
        assert_non_null(strstr(newest_report, "session 1011: "));
        snprintf(sql, sizeof(sql), "UPDATE sessions SET %s = %s - 1 WHERE id = 1011", columns[i],
                 columns[i]);
        fixture_exec(fixture->path, sql);
        assert_int_equal(verify(fixture).differences, 0);
    }
}

static void a_session_too_many_and_one_too_few_are_found(void **state)
{
    assert_found(*state, "DELETE FROM sessions WHERE id = 1", 1);
    assert_found(*state, "INSERT INTO sessions VALUES(3, 1, 1, 1768564800000, 1768564801000, 1, 0)",
                 2);
}

static void a_closed_day_that_is_not_its_quarter_hours_is_found(void **state)
{
    assert_found(*state, "UPDATE local_days SET used_ms = used_ms + 1 WHERE date = 20469", 1);
    assert_found(*state, "UPDATE local_days SET overdraft_ms = 0 WHERE date = 20470", 2);
    /* A day that begins a quarter hour late lacks what was played in it. */
    assert_found(*state, "UPDATE local_days SET start_ms = start_ms + 900000 WHERE date = 20470",
                 2);
    assert_found(*state,
                 "UPDATE local_days SET start_ms = start_ms + 13 * 3600000 WHERE"
                 " date = 20469",
                 2);
}

static void a_closed_day_begins_and_ends_at_a_quarter_hour(void **state)
{
    struct fixture *fixture = *state;
    assert_found(fixture, "UPDATE local_days SET start_ms = start_ms + 1 WHERE date = 20469", 1);
    assert_non_null(strstr(newest_report, "2026-01-16 (device 1): it lasts from"));
    assert_found(fixture,
                 "UPDATE local_days SET start_ms = start_ms - 1, end_ms = end_ms + 60000"
                 " WHERE date = 20469",
                 1);
}

static const char *const impossible_borders[] = {
    "UPDATE local_days SET start_ms = start_ms + 1 WHERE date = 20469",
    "UPDATE local_days SET end_ms = 9223372036854775807 WHERE date = 20469",
    "UPDATE local_days SET start_ms = -9223372036854775807 - 1 WHERE date = 20469",
    "UPDATE local_days SET end_ms = start_ms - 900000 WHERE date = 20469",
    "UPDATE local_days SET date = 9223372036854775807 WHERE date = 20469",
    "UPDATE local_days SET date = -9223372036854775807 WHERE date = 20469",
};

/* And nobody can tell what it was. */
static void a_closed_day_whose_borders_cannot_be_is_found_and_removed(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, "CREATE TABLE kept AS SELECT * FROM local_days");
    for (size_t i = 0; i < sizeof(impossible_borders) / sizeof(impossible_borders[0]); i++) {
        struct store_repair result;
        struct error error = {0};
        assert_found(fixture, impossible_borders[i], 1);
        assert_non_null(strstr(newest_report, "it lasts from"));
        assert_int_equal(store_repair(fixture->store, &result, NULL, NULL, &error), 0);
        assert_int_equal(result.before.differences, 1);
        assert_int_equal(result.after.differences, 0);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) * max(date) FROM local_days"),
                         20470);
        fixture_exec(fixture->path,
                     "INSERT OR IGNORE INTO local_days SELECT * FROM kept WHERE date = 20469");
    }
    assert_int_equal(verify(fixture).differences, 0);
}

static void what_was_granted_on_a_closed_day_is_compared(void **state)
{
    struct fixture *fixture = *state;
    assert_found(fixture, "UPDATE local_days SET granted_ms = granted_ms + 1 WHERE date = 20470",
                 1);
    assert_non_null(strstr(newest_report, "closed day 2026-01-17 (device 1): stored 1 ms granted,"
                                          " its grants add up to 0"));
    assert_found(fixture, "DELETE FROM grants", 2);
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
    fixture_exec(fixture->path, "UPDATE heartbeats SET wall_ms = 40000000000000000 WHERE seq = 7");
    assert_int_equal(verify(fixture).impossible, 3);
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
    /* The quarter hour, and its day that is closed. */
    assert_found(fixture, "UPDATE usage_slots SET used_ms = 1 WHERE slot = 1965077", 2);
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

/* ---- Repair ---------------------------------------------------------------------------------- */

enum { DUMP_CAPACITY = 4096 };

/* All that a repair may change, and what it may not. */
static void dump(struct fixture *fixture, char text[DUMP_CAPACITY])
{
    fixture_text(
        fixture,
        "SELECT coalesce((SELECT group_concat(device || ' ' || date_utc || ' ' || used_ms || ' ' ||"
        " overdraft_ms || ' ' || last_heartbeat_ms, ';') FROM daily_rollups), '') || '|' ||"
        " coalesce((SELECT group_concat(device || ' ' || slot || ' ' || activity || ' ' || used_ms"
        " || ' ' || overdraft_ms, ';') FROM usage_slots), '') || '|' || coalesce((SELECT"
        " group_concat(id || ' ' || device || ' ' || activity || ' ' || start_ms || ' ' || end_ms"
        " || ' ' || used_ms || ' ' || overdraft_ms, ';') FROM sessions), '') || '|' || (SELECT"
        " group_concat(device || ' ' || date || ' ' || start_ms || ' ' || end_ms || ' ' ||"
        " coalesce(allowance_ms, -1) || ' ' || granted_ms || ' ' || used_ms || ' ' || overdraft_ms,"
        " ';') FROM local_days) || '|' || (SELECT count(*) || ' ' || sum(wall_ms) || ' ' ||"
        " sum(credited_ms) || ' ' || sum(overdraft_ms) FROM heartbeats) || '|' || (SELECT"
        " sum(granted_ms) FROM grants)",
        text, DUMP_CAPACITY);
    assert_true(strlen(text) > 100 && strlen(text) < DUMP_CAPACITY - 1);
}

static struct store_repair repair(struct fixture *fixture)
{
    struct store_repair result;
    struct error error = {0};
    reported = 0;
    int code = store_repair(fixture->store, &result, report, NULL, &error);
    assert_string_equal(error.text, "");
    assert_int_equal(code, 0);
    assert_int_equal(result.before.differences, reported);
    return result;
}

static const char *const corruptions[] = {
    "UPDATE daily_rollups SET used_ms = used_ms + 1 WHERE date_utc = 20469",
    "UPDATE daily_rollups SET overdraft_ms = 0 WHERE date_utc = 20470",
    "DELETE FROM daily_rollups WHERE date_utc = 20471",
    "INSERT INTO daily_rollups VALUES(1, 20480, 5, 0, 0, 0)",
    "INSERT INTO daily_rollups VALUES(2, 20469, 5, 0, 0, 0)",
    "UPDATE usage_slots SET used_ms = used_ms - 1 WHERE slot = 1965077",
    "UPDATE usage_slots SET overdraft_ms = 1 WHERE slot = 1965077",
    "UPDATE usage_slots SET activity = 2 WHERE slot = 1965120 AND used_ms = 2000",
    "DELETE FROM usage_slots",
    "INSERT INTO usage_slots VALUES(1, 1965090, 1, 7, 0)",
    "DELETE FROM sessions WHERE id = 1",
    "DELETE FROM sessions",
    "INSERT INTO sessions VALUES(3, 1, 1, 1768564800000, 1768564801000, 1, 0)",
    "UPDATE sessions SET start_ms = start_ms - 1, used_ms = 0 WHERE id = 1011",
    "UPDATE sessions SET device = 2, activity = 0",
    "INSERT INTO daily_rollups VALUES(1, 106751991167, 5, 0, 0, 0)",
    "INSERT INTO daily_rollups VALUES(1, 9223372036854775807, 5, 0, 0, 0)",
    "INSERT INTO usage_slots VALUES(1, 9223372036854775807, 1, 7, 0)",
    "UPDATE sessions SET start_ms = 9223372036854775807 WHERE id = 1011",
    "UPDATE sessions SET end_ms = -9223372036854775807 WHERE id = 1011",
    "UPDATE local_days SET used_ms = 0, overdraft_ms = 77",
    "UPDATE local_days SET used_ms = -9223372036854775807 - 1, overdraft_ms = 9223372036854775807",
    "UPDATE local_days SET granted_ms = 9223372036854775807",
    "UPDATE local_days SET used_ms = used_ms + 1 WHERE date = 20470; DELETE FROM daily_rollups;"
    "UPDATE usage_slots SET used_ms = 1; UPDATE sessions SET end_ms = start_ms",
};
enum { CORRUPTIONS_COUNT = sizeof(corruptions) / sizeof(corruptions[0]) };

static void a_repair_mends_what_is_wrong_and_only_that(void **state)
{
    struct fixture *fixture = *state;
    char before[DUMP_CAPACITY];
    char after[DUMP_CAPACITY];
    fixture->clock.wall_ms += 1;
    dump(fixture, before);
    for (int i = 0; i < CORRUPTIONS_COUNT; i++) {
        fixture_exec(fixture->path, corruptions[i]);
        dump(fixture, after);
        assert_string_not_equal(before, after);
        struct store_repair result = repair(fixture);
        assert_true(result.before.differences > 0);
        assert_int_equal(result.after.differences, 0);
        dump(fixture, after);
        assert_string_equal(before, after);
        assert_int_equal(verify(fixture).differences, 0);
    }
    /* The rows of the others were not even written. */
    fixture_exec(fixture->path, "UPDATE daily_rollups SET updated_ms = 1;"
                                "UPDATE daily_rollups SET used_ms = 1 WHERE date_utc = 20470");
    repair(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM daily_rollups WHERE"
                                              " updated_ms = 1"),
                     2);
}

static void what_is_sound_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct store_repair result = repair(fixture);
    assert_int_equal(result.before.differences, 0);
    assert_string_equal(result.backup, "");
}

static void a_repair_keeps_a_copy_of_what_was(void **state)
{
    struct fixture *fixture = *state;
    struct fixture copy = {0};
    fixture_exec(fixture->path, "UPDATE local_days SET used_ms = 4711 WHERE date = 20469");
    struct store_repair result = repair(fixture);
    assert_non_null(strstr(result.backup, "clockblock.db.before-repair-20260116T120000Z"));
    snprintf(copy.path, sizeof(copy.path), "%.127s", result.backup);
    assert_int_equal(fixture_integer(&copy, "SELECT used_ms FROM local_days WHERE date = 20469"),
                     4711);
    /* Another in the same second has a name of its own. */
    fixture_exec(fixture->path, "UPDATE local_days SET used_ms = 4712 WHERE date = 20469");
    assert_non_null(strstr(repair(fixture).backup, "20260116T120000Z.2"));
    assert_int_equal(fixture_integer(&copy, "SELECT used_ms FROM local_days WHERE date = 20469"),
                     4711);
}

static void without_a_copy_nothing_is_repaired(void **state)
{
    struct fixture *fixture = *state;
    struct store_repair result;
    struct error error = {0};
    char before[DUMP_CAPACITY];
    char after[DUMP_CAPACITY];
    char obstacle[256];
    fixture_exec(fixture->path, corruptions[CORRUPTIONS_COUNT - 1]);
    dump(fixture, before);
    snprintf(obstacle, sizeof(obstacle), "%s.before-repair-20260116T120000Z.part", fixture->path);
    assert_int_equal(mkdir(obstacle, 0700), 0);
    snprintf(obstacle + strlen(obstacle), 8, "/file");
    fixture_write_file(obstacle, "", 0); /* so that it cannot be removed */
    assert_int_equal(store_repair(fixture->store, &result, report, NULL, &error), EXIT_CODE_DISK);
    dump(fixture, after);
    assert_string_equal(before, after);
    remove(obstacle);
}

static void what_is_pruned_is_not_repaired(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    char before[DUMP_CAPACITY];
    char after[DUMP_CAPACITY];
    fixture->clock.wall_ms = NOON_MS + 30 * FIXTURE_DAY + FIXTURE_HOUR;
    assert_int_equal(store_prune(fixture->store, NULL, &error), 0);
    assert_int_equal(verify(fixture).sessions_skipped, 1);
    /* Whether these are right nobody can tell any more. */
    fixture_exec(fixture->path, "UPDATE daily_rollups SET used_ms = 1234 WHERE date_utc = 20469;"
                                "UPDATE usage_slots SET used_ms = used_ms + 3 WHERE slot = 1965073;"
                                "UPDATE sessions SET used_ms = 1235 WHERE id = 1;"
                                "UPDATE local_days SET used_ms = used_ms + 3 WHERE date = 20469");
    assert_int_equal(verify(fixture).differences, 0);
    dump(fixture, before);
    fixture_exec(fixture->path, "UPDATE usage_slots SET used_ms = 1 WHERE slot = 1965077;"
                                "DELETE FROM sessions WHERE id > 1; DELETE FROM daily_rollups WHERE"
                                " date_utc > 20469; UPDATE local_days SET used_ms = 0");
    struct store_repair result = repair(fixture);
    assert_int_equal(result.after.differences, 0);
    dump(fixture, after);
    assert_string_equal(before, after);
}

/* The last of its steps fails. */
static void a_repair_that_fails_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store_repair result;
    struct error error = {0};
    char before[DUMP_CAPACITY];
    char after[DUMP_CAPACITY];
    fixture_start(fixture);
    fixture_exec(fixture->path, corruptions[CORRUPTIONS_COUNT - 1]);
    fixture_exec(fixture->path, "CREATE TRIGGER obstacle BEFORE UPDATE ON local_days BEGIN"
                                " SELECT RAISE(ABORT, 'not now'); END");
    dump(fixture, before);
    assert_int_not_equal(store_repair(fixture->store, &result, NULL, NULL, &error), 0);
    assert_non_null(strstr(error.text, "not now"));
    dump(fixture, after);
    assert_string_equal(before, after);
    fixture_exec(fixture->path, "DROP TRIGGER obstacle");
    assert_int_equal(repair(fixture).after.differences, 0);
}

static void heartbeats_are_never_repaired(void **state)
{
    struct fixture *fixture = *state;
    struct store_repair result;
    struct error error = {0};
    char before[DUMP_CAPACITY];
    char after[DUMP_CAPACITY];
    fixture_exec(fixture->path, "UPDATE heartbeats SET overdraft_ms = 9000 WHERE seq = 500;"
                                "UPDATE local_days SET used_ms = 1");
    dump(fixture, before);
    assert_int_equal(store_repair(fixture->store, &result, report, NULL, &error), EXIT_CODE_DATA);
    dump(fixture, after);
    assert_string_equal(before, after);
}

/* The writer remembers the newest session, that was read while it was wrong. */
static void the_agent_goes_on_with_what_was_repaired(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, "UPDATE sessions SET used_ms = 3 WHERE id = 1012");
    fixture_start(fixture);
    for (int i = 0; i < 3; i++) {
        struct heartbeat heartbeat =
            fixture_heartbeat(fixture, MIDNIGHT_MS + 12000 + i * 5000, true);
        snprintf(heartbeat.activity, sizeof(heartbeat.activity), "Pac-Man");
        fixture_put(fixture, &heartbeat);
        fixture_settle(fixture);
        if (i == 1)
            assert_int_equal(repair(fixture).after.differences, 0);
    }
    /* Its day was closed by hand; the one session is right. */
    assert_int_equal(verify(fixture).sessions_checked, 3);
    assert_int_equal(fixture_integer(fixture, "SELECT used_ms FROM sessions WHERE id = 1012"),
                     20000);
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
        TEST(each_column_of_a_session_is_compared),
        TEST(a_session_too_many_and_one_too_few_are_found),
        TEST(a_closed_day_that_is_not_its_quarter_hours_is_found),
        TEST(a_closed_day_begins_and_ends_at_a_quarter_hour),
        TEST(a_closed_day_whose_borders_cannot_be_is_found_and_removed),
        TEST(what_was_granted_on_a_closed_day_is_compared),
        TEST(a_heartbeat_that_vanished_is_found),
        TEST(a_lost_border_is_found),
        TEST(a_heartbeat_that_cannot_be_is_found),
        TEST(what_is_pruned_is_skipped),
        TEST(it_changes_nothing),
        TEST(a_repair_mends_what_is_wrong_and_only_that),
        TEST(what_is_sound_is_left_alone),
        TEST(a_repair_keeps_a_copy_of_what_was),
        TEST(without_a_copy_nothing_is_repaired),
        TEST(what_is_pruned_is_not_repaired),
        TEST(a_repair_that_fails_changes_nothing),
        TEST(heartbeats_are_never_repaired),
        TEST(the_agent_goes_on_with_what_was_repaired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
