/* SPDX-License-Identifier: MIT */
/* How far each sink got, and what may be deleted because of it. */
#include "store_fixture.h"

#include "store/delivery.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void enable(struct fixture *fixture, bool from_now)
{
    struct error error = {0};
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, from_now, &error), 0);
}

static void advance(struct fixture *fixture, int64_t seq)
{
    struct error error = {0};
    assert_int_equal(
        store_save_step(
            fixture->store,
            &(struct store_step){.sink = FIXTURE_SINK, .delivered_seq = seq, .last_error = ""},
            &error),
        0);
}

static int64_t prune(struct fixture *fixture)
{
    struct error error = {0};
    int64_t deleted = -1;
    assert_int_equal(store_prune(fixture->store, &deleted, &error), 0);
    return deleted;
}

static int64_t oldest(const struct fixture *fixture)
{
    return fixture_integer(fixture, "SELECT min(seq) FROM heartbeats");
}

static int64_t rows(const struct fixture *fixture)
{
    return fixture_integer(fixture, "SELECT count(*) FROM heartbeats");
}

/* ---- Cursors ---- */

static void a_sink_that_is_unknown_is_not_found(void **state)
{
    assert_false(fixture_sink(*state).found);
}

static void a_new_sink_begins_at_the_oldest(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 5, false);
    enable(fixture, false);
    struct store_sink_state sink = fixture_sink(fixture);
    assert_true(sink.found);
    assert_true(sink.enabled);
    assert_int_equal(sink.delivered_seq, 0);
    assert_int_equal(sink.pending, 5);
    assert_int_equal(sink.oldest_pending_ms, NOON_MS);
    assert_int_equal(fixture_integer(fixture, "SELECT added_ms FROM sink_cursors"), NOON_MS);
}

static void a_new_sink_from_now_begins_behind_the_newest(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 5, false);
    enable(fixture, true);
    struct store_sink_state sink = fixture_sink(fixture);
    assert_int_equal(sink.delivered_seq, 5);
    assert_int_equal(sink.pending, 0);
    assert_int_equal(sink.oldest_pending_ms, 0);
    fixture_put_many(fixture, NOON_MS + 60000, 2, false);
    assert_int_equal(fixture_sink(fixture).pending, 2);
}

static void a_cursor_survives_a_restart_and_a_second_enable(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 5, false);
    enable(fixture, false);
    advance(fixture, 3);
    fixture_reopen(fixture);
    enable(fixture, false);
    enable(fixture, true);
    assert_int_equal(fixture_sink(fixture).delivered_seq, 3);
}

static void sinks_that_are_gone_are_not_enabled(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    const char *const kept[] = {"other"};
    enable(fixture, false);
    assert_int_equal(store_sink_enable(fixture->store, "other", false, &error), 0);
    assert_int_equal(store_sinks_keep_only(fixture->store, kept, 1, &error), 0);
    assert_false(fixture_sink(fixture).enabled);
    assert_int_equal(
        fixture_integer(fixture, "SELECT enabled FROM sink_cursors WHERE sink = 'other'"), 1);
    assert_int_equal(store_sinks_keep_only(fixture->store, NULL, 0, &error), 0);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(enabled) FROM sink_cursors"), 0);
    enable(fixture, false);
    assert_true(fixture_sink(fixture).enabled);
}

/* ---- Retention ---- */

static void the_border_is_exact(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS - 30 * FIXTURE_DAY - 5000, 3, false);
    assert_int_equal(prune(fixture), 1); /* 30 days old is not older than 30 days */
}

static void totals_stay_when_their_heartbeats_go(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS - 31 * FIXTURE_DAY, 10, true);
    fixture_put_many(fixture, NOON_MS, 1, true);
    int64_t slots = fixture_integer(fixture, "SELECT sum(used_ms) FROM usage_slots");
    assert_int_equal(prune(fixture), 10);
    assert_int_equal(fixture_daily(fixture, NOON_DATE - 31).used_ms, 50000);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(used_ms) FROM usage_slots"), slots);
}

static void what_an_enabled_sink_lacks_stays(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    const char *const none[] = {""};
    fixture_put_many(fixture, NOON_MS - 40 * FIXTURE_DAY, 10, false);
    fixture_put_many(fixture, NOON_MS, 1, false);
    enable(fixture, false);
    assert_int_equal(store_sink_enable(fixture->store, "fast", true, &error), 0);
    advance(fixture, 4);
    assert_int_equal(prune(fixture), 4); /* the slowest sink counts */
    assert_int_equal(oldest(fixture), 5);
    assert_int_equal(store_sinks_keep_only(fixture->store, none, 0, &error), 0);
    assert_int_equal(prune(fixture), 6); /* one that is not enabled pins nothing */
}

static void day_splits_go_with_their_heartbeat(void **state)
{
    struct fixture *fixture = *state;
    struct heartbeat split = fixture_heartbeat(fixture, NOON_MS - 40 * FIXTURE_DAY, true);
    split.border_ms = split.wall_ms - 2000;
    fixture_put(fixture, &split);
    fixture_put_many(fixture, NOON_MS, 1, false);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM day_splits"), 1);
    assert_int_equal(prune(fixture), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM day_splits"), 0);
}

/* A clock that was ahead for a while must not keep everything behind it for ever. */
static void heartbeats_of_the_future_do_not_stop_the_rest(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS + 9000 * FIXTURE_DAY, 1500, false);
    fixture_put_many(fixture, NOON_MS - 40 * FIXTURE_DAY, 1500, false);
    fixture_put_many(fixture, NOON_MS, 1, false);
    assert_int_equal(prune(fixture), 1500);
    assert_int_equal(rows(fixture), 1501);
}

static void pruning_gives_the_space_back(void **state)
{
    struct fixture *fixture = *state;
    struct stat before;
    struct stat after;
    fixture_put_many(fixture, NOON_MS - 40 * FIXTURE_DAY, 40000, false);
    fixture_put_many(fixture, NOON_MS, 1, false);
    fixture_reopen(fixture);
    assert_int_equal(stat(fixture->path, &before), 0);
    fixture_start(fixture);
    prune(fixture);
    assert_int_equal(rows(fixture), 1);
    fixture_close(fixture);
    assert_int_equal(stat(fixture->path, &after), 0);
    assert_true(before.st_size > 1500000);
    assert_true(after.st_size < 400000);
}

static void a_shorter_retention_counts_at_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS - 10 * FIXTURE_DAY, 10, false);
    fixture_put_many(fixture, NOON_MS, 1, false);
    assert_int_equal(prune(fixture), 0);
    store_set_retention(fixture->store, 7, 0);
    assert_int_equal(prune(fixture), 10);
}

/* Waits until the writer has done all that is due. */
static void let_the_writer_work(struct fixture *fixture)
{
    struct heartbeat heartbeat = fixture_heartbeat(fixture, fixture->clock.wall_ms, false);
    fixture_put(fixture, &heartbeat);
    fixture_settle(fixture);
    for (int i = 0; i < 3; i++)
        enable(fixture, true); /* what is due is done between two requests */
}

static void the_writer_prunes_soon_after_its_start_and_every_hour(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS - 30 * FIXTURE_DAY - 5000, 1, false);
    fixture_put_many(fixture, NOON_MS - 30 * FIXTURE_DAY + FIXTURE_HOUR / 4, 1, false);
    fixture_put_many(fixture, NOON_MS, 1, false);
    fixture_start(fixture);
    let_the_writer_work(fixture);
    assert_int_equal(oldest(fixture), 1);
    fake_clock_advance(&fixture->clock, FIXTURE_HOUR / 6);
    let_the_writer_work(fixture);
    assert_int_equal(oldest(fixture), 2);
    fake_clock_advance(&fixture->clock, FIXTURE_HOUR / 2);
    let_the_writer_work(fixture);
    assert_int_equal(oldest(fixture), 2);
    fake_clock_advance(&fixture->clock, FIXTURE_HOUR / 2);
    let_the_writer_work(fixture);
    assert_int_equal(oldest(fixture), 3);
}

static void a_clock_step_puts_pruning_off_for_a_day(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, 3, false);
    fixture_start(fixture);
    let_the_writer_work(fixture);
    fake_clock_advance(&fixture->clock, 1000);
    fake_clock_step(&fixture->clock, 9000 * FIXTURE_DAY);
    struct heartbeat stepped = fixture_heartbeat(fixture, fixture->clock.wall_ms, false);
    stepped.flags = HEARTBEAT_CLOCK_STEP;
    fixture_put(fixture, &stepped);
    fixture_settle(fixture);
    advance(fixture, 5);
    fake_clock_advance(&fixture->clock, 23 * FIXTURE_HOUR);
    let_the_writer_work(fixture);
    assert_int_equal(oldest(fixture), 1);
    fake_clock_advance(&fixture->clock, FIXTURE_HOUR);
    advance(fixture, 6);
    let_the_writer_work(fixture);
    assert_int_equal(oldest(fixture), 5);
}

/* The clock may have gone wrong while the machine was off, where no heartbeat tells it. */
static void a_start_that_finds_all_too_old_waits_for_a_day(void **state)
{
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS - 100 * FIXTURE_DAY, 10, false);
    fixture_reopen(fixture);
    fixture_start(fixture);
    let_the_writer_work(fixture);
    advance(fixture, 11);
    fake_clock_advance(&fixture->clock, FIXTURE_DAY - 1);
    let_the_writer_work(fixture);
    assert_int_equal(oldest(fixture), 1);
    fake_clock_advance(&fixture->clock, 1);
    let_the_writer_work(fixture);
    assert_true(oldest(fixture) > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_sink_that_is_unknown_is_not_found),
        TEST(a_new_sink_begins_at_the_oldest),
        TEST(a_new_sink_from_now_begins_behind_the_newest),
        TEST(a_cursor_survives_a_restart_and_a_second_enable),
        TEST(sinks_that_are_gone_are_not_enabled),
        TEST(the_border_is_exact),
        TEST(totals_stay_when_their_heartbeats_go),
        TEST(what_an_enabled_sink_lacks_stays),
        TEST(day_splits_go_with_their_heartbeat),
        TEST(heartbeats_of_the_future_do_not_stop_the_rest),
        TEST(pruning_gives_the_space_back),
        TEST(a_shorter_retention_counts_at_once),
        TEST(the_writer_prunes_soon_after_its_start_and_every_hour),
        TEST(a_clock_step_puts_pruning_off_for_a_day),
        TEST(a_start_that_finds_all_too_old_waits_for_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
