/* SPDX-License-Identifier: MIT */
/* What takes long in the store is work, not a standstill, to who watches its threads. */
#include "pulse.h"
#include "store_fixture.h"

#include <stdatomic.h>
#include <stdio.h>

enum { ROWS = 5000 };

static struct pulse own;
static struct pulse writers;
static atomic_int beats;
static atomic_int excuses;
static atomic_int beats_of_writer; /* while nothing was expected of the caller */

static void observe(int64_t now_ms, int64_t well_ms)
{
    atomic_fetch_add(well_ms > now_ms ? &excuses : &beats, 1);
    if (atomic_load(&own.well_ms) == INT64_MAX)
        atomic_fetch_add(&beats_of_writer, 1);
}

static int setup(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_put_many(fixture, NOON_MS, ROWS, true);
    fixture_close(fixture);
    pulse_init(&own, "the caller", &fixture->clock.clock, NULL);
    pulse_init(&writers, "the writer", &fixture->clock.clock, NULL);
    fixture->options.pulse = &writers;
    pulse_take(&own);
    atomic_store(&beats, 0);
    atomic_store(&excuses, 0);
    atomic_store(&beats_of_writer, 0);
    pulse_observe(observe);
    return 0;
}

static int teardown(void **state)
{
    pulse_observe(NULL);
    pulse_leave();
    return fixture_teardown(state);
}

static void opening_asks_to_be_excused_for_the_check(void **state)
{
    fixture_open(*state);
    assert_int_equal(1, atomic_load(&excuses));
}

static void a_long_statement_beats(void **state)
{
    struct fixture *fixture = *state;
    struct store_verify result;
    struct error error = {0};
    fixture_open(fixture);
    struct store_reader *reader = fixture_reader(fixture);
    atomic_store(&beats, 0);
    assert_int_equal(0, store_verify(reader, &result, NULL, NULL, &error));
    assert_int_equal(ROWS, result.heartbeats);
    assert_in_range(atomic_load(&beats), 10, 100000); /* once each 50000 steps */
    store_reader_close(reader);
}

static void nothing_is_expected_of_who_waits_for_the_writer(void **state)
{
    struct fixture *fixture = *state;
    struct store_repair result;
    struct error error = {0};
    fixture_exec(fixture->path, "UPDATE daily_rollups SET used_ms = 7");
    fixture_start(fixture);
    assert_non_null(writers.bell);
    assert_int_equal(0, store_repair(fixture->store, &result, NULL, NULL, &error));
    assert_in_range(result.before.differences, 1, 2);
    assert_in_range(atomic_load(&beats_of_writer), 10, 100000);
    assert_true(atomic_load(&own.well_ms) != INT64_MAX);
    assert_true(atomic_load(&writers.well_ms) != INT64_MAX);
    fixture_close(fixture);
    assert_true(atomic_load(&writers.well_ms) == INT64_MAX); /* it ended */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opening_asks_to_be_excused_for_the_check, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_statement_beats, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_expected_of_who_waits_for_the_writer, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
