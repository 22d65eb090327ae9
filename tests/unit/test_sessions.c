/* SPDX-License-Identifier: MIT */
/* What belongs to one session, and what is played in how many of them. */
#include "store_fixture.h"

#include "store/account.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 16, INTERVAL_MS = 5000, TOLERANCE_MS = 2500 };

struct list {
    int count;
    struct store_session sessions[LISTED_MAX];
};

static void take(const struct store_session *session, void *context)
{
    struct list *list = context;
    assert_true(list->count < LISTED_MAX);
    list->sessions[list->count++] = *session;
}

static struct list between(struct fixture *fixture, int64_t from_ms, int64_t to_ms)
{
    struct list list = {0};
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(
        store_each_session(reader, fixture->options.device_id, from_ms, to_ms, take, &list, &error),
        0);
    store_reader_close(reader);
    return list;
}

static struct list all(struct fixture *fixture)
{
    return between(fixture, INT64_MIN, INT64_MAX);
}

/* A heartbeat of which `credited_ms` are play. */
static void play(struct fixture *fixture, int64_t wall_ms, int64_t credited_ms,
                 const char *activity)
{
    struct heartbeat heartbeat = fixture_heartbeat(fixture, wall_ms, true);
    heartbeat.credited_ms = credited_ms;
    snprintf(heartbeat.activity, sizeof(heartbeat.activity), "%s", activity);
    fixture_put(fixture, &heartbeat);
    fixture_settle(fixture);
}

static void assert_session(const struct store_session *session, int64_t start_ms, int64_t end_ms,
                           int64_t used_ms)
{
    assert_int_equal(session->start_ms - NOON_MS, start_ms - NOON_MS);
    assert_int_equal(session->end_ms - NOON_MS, end_ms - NOON_MS);
    assert_int_equal(session->used_ms, used_ms);
}

/* Every session is what its heartbeats are. */
static int teardown(void **state)
{
    struct fixture *fixture = *state;
    struct store_verify result;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    int code = store_verify(reader, &result, NULL, NULL, &error);
    store_reader_close(reader);
    if (code != 0 || result.differences != 0)
        print_error("%d differences %s\n", (int)result.differences, error.text);
    code = fixture_teardown(state) != 0 || code != 0 || result.differences != 0;
    faulty_disk_remove();
    return code;
}

/* ---- What goes on ---------------------------------------------------------------------------- */

static void play_without_a_pause_is_one_session(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 100, true);
    struct list list = all(fixture);
    assert_int_equal(list.count, 1);
    assert_session(&list.sessions[0], NOON_MS - 5000, NOON_MS + 99 * 5000, 500000);
    assert_string_equal(list.sessions[0].activity, "Minecraft");
    assert_int_equal(list.sessions[0].id, 1);
}

/* `apart_ms` between the end of the one and the start of the other. */
static int sessions_after(struct fixture *fixture, int32_t interval_sec, int64_t apart_ms)
{
    int64_t wall_ms = NOON_MS + (int64_t)fixture->made * FIXTURE_HOUR;
    int before = all(fixture).count;
    for (int i = 0; i < 2; i++) {
        struct heartbeat heartbeat =
            fixture_heartbeat(fixture, wall_ms + i * (INTERVAL_MS + apart_ms), true);
        heartbeat.poll_interval_sec = interval_sec;
        fixture_put(fixture, &heartbeat);
        fixture_settle(fixture);
    }
    return all(fixture).count - before;
}

static void half_an_interval_is_tolerated_and_not_a_millisecond_more(void **state)
{
    assert_int_equal(sessions_after(*state, 5, TOLERANCE_MS), 1);
    assert_int_equal(sessions_after(*state, 5, TOLERANCE_MS + 1), 2);
    assert_int_equal(sessions_after(*state, 5, -TOLERANCE_MS), 1);
    assert_int_equal(sessions_after(*state, 5, -TOLERANCE_MS - 1), 2);
}

static void at_short_intervals_a_second_is_tolerated(void **state)
{
    assert_int_equal(sessions_after(*state, 1, 1000), 1);
    assert_int_equal(sessions_after(*state, 1, 1001), 2);
    assert_int_equal(sessions_after(*state, 1, -1000), 1);
    assert_int_equal(sessions_after(*state, 1, -1001), 2);
}

static void another_activity_is_another_session(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, NOON_MS, 5000, "Minecraft");
    play(fixture, NOON_MS + 5000, 5000, "Pac-Man");
    play(fixture, NOON_MS + 10000, 5000, "");
    play(fixture, NOON_MS + 15000, 5000, "Minecraft");
    struct list list = all(fixture);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.sessions[1].activity, "Pac-Man");
    assert_string_equal(list.sessions[2].activity, "");
    assert_session(&list.sessions[3], NOON_MS + 10000, NOON_MS + 15000, 5000);
}

static void a_late_tick_that_credits_the_gap_goes_on(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, NOON_MS, 5000, "Minecraft");
    play(fixture, NOON_MS + 10000, 10000, "Minecraft");
    play(fixture, NOON_MS + 22500, 10000, "Minecraft"); /* half an interval that nobody credits */
    assert_int_equal(all(fixture).count, 1);
    play(fixture, NOON_MS + 35001, 10000, "Minecraft");
    struct list list = all(fixture);
    assert_int_equal(list.count, 2);
    assert_session(&list.sessions[0], NOON_MS - 5000, NOON_MS + 22500, 25000);
}

static void heartbeats_without_credit_neither_begin_nor_end_one(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 3, false);
    play(fixture, NOON_MS + 15000, 0, "Minecraft");
    assert_int_equal(all(fixture).count, 0);
    play(fixture, NOON_MS + 20000, 5000, "Minecraft");
    play(fixture, NOON_MS + 20001, 0, "Pac-Man");
    play(fixture, NOON_MS + 25000, 5000, "Minecraft");
    struct list list = all(fixture);
    assert_int_equal(list.count, 1);
    assert_session(&list.sessions[0], NOON_MS + 15000, NOON_MS + 25000, 10000);
}

static void a_clock_that_is_set_ends_one(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 10, true);
    fixture_put_many(fixture, NOON_MS - FIXTURE_HOUR, 10, true);
    fixture_put_many(fixture, NOON_MS + 2 * FIXTURE_HOUR, 10, true);
    struct list list = all(fixture);
    assert_int_equal(list.count, 3);
    assert_session(&list.sessions[0], NOON_MS - FIXTURE_HOUR - 5000, NOON_MS - FIXTURE_HOUR + 45000,
                   50000); /* in order of time */
    assert_int_equal(list.sessions[0].id, 11);
}

static void one_never_ends_before_it_did(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, NOON_MS, 5000, "Minecraft");
    play(fixture, NOON_MS - 2000, 100, "Minecraft"); /* the clock was set back a little */
    struct list list = all(fixture);
    assert_int_equal(list.count, 1);
    assert_session(&list.sessions[0], NOON_MS - 5000, NOON_MS, 5100);
}

static void a_restart_goes_on_with_it(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 10, true);
    fixture_reopen(fixture);
    play(fixture, NOON_MS + 52500, 5000, "Minecraft");
    fixture_reopen(fixture);
    play(fixture, NOON_MS + 60001, 5000, "Minecraft");
    struct list list = all(fixture);
    assert_int_equal(list.count, 2);
    assert_session(&list.sessions[0], NOON_MS - 5000, NOON_MS + 52500, 55000);
}

static void each_device_has_its_own(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 2, true);
    fixture_close(fixture);
    fixture->options.device_id = "pc-02";
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS + 10000, 3, true);
    struct list list = all(fixture);
    assert_int_equal(list.count, 1);
    assert_session(&list.sessions[0], NOON_MS + 5000, NOON_MS + 20000, 15000);
    fixture_close(fixture);
    fixture->options.device_id = "pc-01";
    fixture_open(fixture);
    play(fixture, NOON_MS + 10000, 5000, "Minecraft"); /* goes on with its own */
    list = all(fixture);
    assert_int_equal(list.count, 1);
    assert_session(&list.sessions[0], NOON_MS - 5000, NOON_MS + 10000, 15000);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM sessions"), 2);
}

static void overdraft_is_added_up(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 4; i++) {
        struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS + i * 5000, true);
        heartbeat.overdraft_ms = i * 1001;
        fixture_put(fixture, &heartbeat);
    }
    fixture_settle(fixture);
    assert_int_equal(all(fixture).sessions[0].overdraft_ms, 6006);
}

/* ---- A disk that fails ----------------------------------------------------------------------- */

static void what_was_rolled_back_is_not_in_it(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_put_many(fixture, NOON_MS, 2, true);
    faulty_disk_fail_writes(SQLITE_FULL);
    for (int i = 2; i < 5; i++) {
        struct heartbeat heartbeat = fixture_heartbeat(fixture, NOON_MS + i * 5000, true);
        fixture_put(fixture, &heartbeat);
        assert_int_not_equal(store_settle(fixture->store, &error), 0);
    }
    faulty_disk_repair();
    fixture_settle(fixture);
    struct list list = all(fixture);
    assert_int_equal(list.count, 1);
    assert_session(&list.sessions[0], NOON_MS - 5000, NOON_MS + 20000, 25000);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void those_that_reach_into_a_range_are_given(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, NOON_MS + 5000, 5000, "a");
    play(fixture, NOON_MS + 10000, 5000, "b");
    play(fixture, NOON_MS + 15000, 5000, "c");
    assert_int_equal(between(fixture, NOON_MS + 5000, NOON_MS + 10000).count, 1);
    assert_int_equal(between(fixture, NOON_MS + 4999, NOON_MS + 10001).count, 3);
    assert_int_equal(between(fixture, NOON_MS + 7000, NOON_MS + 7001).count, 1);
    assert_int_equal(between(fixture, NOON_MS, NOON_MS).count, 0);
    fixture->options.device_id = "nobody";
    assert_int_equal(all(fixture).count, 0);
    fixture->options.device_id = "pc-01";
}

static void retention_leaves_them_alone(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    fixture_put_many(fixture, NOON_MS, 10, true);
    fixture_put_many(fixture, NOON_MS + 40 * FIXTURE_DAY, 2, true);
    fixture->clock.wall_ms = NOON_MS + 40 * FIXTURE_DAY;
    assert_int_equal(store_prune(fixture->store, NULL, &error), 0);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM heartbeats"), 2);
    struct list list = all(fixture);
    assert_int_equal(list.count, 2);
    assert_session(&list.sessions[0], NOON_MS - 5000, NOON_MS + 45000, 50000);
}

static void collect(const char *activity, int64_t used_ms, int64_t overdraft_ms, void *context)
{
    char *text = context;
    size_t length = strlen(text);
    snprintf(text + length, 256 - length, "%s %d %d;", activity, (int)used_ms, (int)overdraft_ms);
}

static void assert_activities(struct fixture *fixture, int64_t from_ms, int64_t to_ms,
                              const char *expected)
{
    char text[256] = "";
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_each_activity(reader, fixture->options.device_id, from_ms, to_ms,
                                         collect, text, &error),
                     0);
    store_reader_close(reader);
    assert_string_equal(text, expected);
}

static void activities_come_with_the_most_first(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, NOON_MS + 2000, 5000, "Pac-Man"); /* 3 s of it before noon */
    play(fixture, NOON_MS + 7000, 5000, "Minecraft");
    play(fixture, NOON_MS + 12000, 5000, "");
    struct heartbeat over = fixture_heartbeat(fixture, NOON_MS + USAGE_SLOT_MS + 5000, true);
    over.overdraft_ms = 4999;
    fixture_put(fixture, &over);
    fixture_settle(fixture);
    assert_activities(fixture, NOON_MS, NOON_MS + 2 * USAGE_SLOT_MS,
                      "Minecraft 10000 4999; 5000 0;Pac-Man 2000 0;");
    assert_activities(fixture, NOON_MS - USAGE_SLOT_MS, NOON_MS, "Pac-Man 3000 0;");
    assert_activities(fixture, NOON_MS, NOON_MS + USAGE_SLOT_MS,
                      " 5000 0;Minecraft 5000 0;Pac-Man 2000 0;");
    assert_activities(fixture, NOON_MS, NOON_MS, "");
}

static int setup(void **state)
{
    faulty_disk_install();
    return fixture_setup(state);
}

/* What SQLite takes, and no agent wrote. */
static void a_session_whose_times_cannot_be_is_not_told(void **state)
{
    struct fixture *fixture = *state;
    play(fixture, NOON_MS + 5000, 5000, "Doom");
    fixture_exec(fixture->path,
                 "INSERT INTO sessions VALUES(77, 1, 1, 1768564800000, 9223372036854775807, 5, 0),"
                 "(78, 1, 1, -9223372036854775807, 1768564800000, 5, 0)");
    assert_int_equal(all(fixture).count, 1);
    fixture_exec(fixture->path, "DELETE FROM sessions WHERE id IN (77, 78)");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(play_without_a_pause_is_one_session),
        TEST(half_an_interval_is_tolerated_and_not_a_millisecond_more),
        TEST(at_short_intervals_a_second_is_tolerated),
        TEST(another_activity_is_another_session),
        TEST(a_late_tick_that_credits_the_gap_goes_on),
        TEST(heartbeats_without_credit_neither_begin_nor_end_one),
        TEST(a_clock_that_is_set_ends_one),
        TEST(one_never_ends_before_it_did),
        TEST(a_restart_goes_on_with_it),
        TEST(each_device_has_its_own),
        TEST(overdraft_is_added_up),
        TEST(what_was_rolled_back_is_not_in_it),
        TEST(those_that_reach_into_a_range_are_given),
        TEST(retention_leaves_them_alone),
        TEST(activities_come_with_the_most_first),
        TEST(a_session_whose_times_cannot_be_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
