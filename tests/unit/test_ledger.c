/* SPDX-License-Identifier: MIT */
/* Heartbeats are entered into household days, and days that are over are closed. */
#include "store_fixture.h"

#include "ledger.h"

#include <stdio.h>

#define HOUR_MS   INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)

struct scene {
    struct fixture *fixture;
    struct household *household;
    struct store_reader *reader;
    struct ledger ledger;
    int64_t previous_wall_ms; /* 0: none */
    struct store_turn turn;   /* of the newest heartbeat */
};

static struct household *household_of(int32_t allowance_min)
{
    struct household *household = NULL;
    char zone[] = "UTC";
    struct config config = {.timezone = zone};
    struct error error = {0};
    for (int i = 0; i < CONFIG_WEEKDAYS; i++)
        config.allowance_min[i] = allowance_min;
    assert_int_equal(household_create(&household, &config, &error), 0);
    return household;
}

static void begin(struct scene *scene)
{
    scene->reader = fixture_reader(scene->fixture);
    ledger_init(&scene->ledger, scene->fixture->store, scene->reader);
    ledger_configure(&scene->ledger, scene->household);
}

static struct scene enter(void **state)
{
    struct scene scene = {.fixture = *state, .household = household_of(1)};
    begin(&scene);
    return scene;
}

static void end(struct scene *scene)
{
    ledger_finish(&scene->ledger);
    store_reader_close(scene->reader);
}

static void leave(struct scene *scene)
{
    end(scene);
    household_destroy(scene->household);
}

static struct heartbeat play(struct scene *scene, int64_t wall_ms, int64_t credited_ms)
{
    struct heartbeat heartbeat = fixture_heartbeat(scene->fixture, wall_ms, true);
    struct tick tick = {.wall_ms = wall_ms};
    heartbeat.credited_ms = credited_ms;
    ledger_enter(&scene->ledger, &heartbeat,
                 scene->previous_wall_ms != 0 ? &scene->previous_wall_ms : NULL, &scene->turn);
    store_put_turn(scene->fixture->store, &heartbeat, &tick, &scene->turn);
    fixture_settle(scene->fixture);
    scene->previous_wall_ms = wall_ms;
    return heartbeat;
}

static int64_t closed_used_ms(struct scene *scene, int32_t date)
{
    char sql[96];
    snprintf(sql, sizeof(sql), "SELECT used_ms FROM local_days WHERE date = %d", (int)date);
    return fixture_integer(scene->fixture, sql);
}

static void the_allowance_is_reached_within_a_heartbeat(void **state)
{
    struct scene scene = enter(state);
    assert_int_equal(play(&scene, NOON_MS, 58000).overdraft_ms, 0);
    assert_int_equal(play(&scene, NOON_MS + 5000, 5000).overdraft_ms, 3000);
    assert_int_equal(play(&scene, NOON_MS + 10000, 5000).overdraft_ms, 5000);
    assert_int_equal(scene.ledger.today.account.overdraft_ms, 8000);
    leave(&scene);
}

static void midnight_closes_the_day_with_what_reaches_into_it(void **state)
{
    struct scene scene = enter(state);
    play(&scene, MIDNIGHT_MS - 2000, 5000);
    struct heartbeat over = play(&scene, MIDNIGHT_MS + 3000, 5000);
    assert_int_equal(over.border_ms, MIDNIGHT_MS);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), 7000);
    assert_int_equal(scene.ledger.today.account.used_ms, 3000);
    leave(&scene);
}

static void a_day_is_closed_after_a_restart_too(void **state)
{
    struct scene scene = enter(state);
    play(&scene, NOON_MS, 5000);
    end(&scene);
    begin(&scene);
    play(&scene, NOON_MS + 3 * FIXTURE_DAY, 0);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), 5000);
    assert_int_equal(fixture_integer(scene.fixture, "SELECT count(*) FROM local_days"), 1);
    leave(&scene);
}

static void a_clock_that_is_set_back_opens_the_day_again(void **state)
{
    struct scene scene = enter(state);
    play(&scene, MIDNIGHT_MS - HOUR_MS, 5000);
    play(&scene, MIDNIGHT_MS + HOUR_MS, 5000);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), 5000);
    play(&scene, MIDNIGHT_MS - HOUR_MS + MINUTE_MS, 5000);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), -1);
    assert_int_equal(scene.ledger.today.account.used_ms, 10000);
    play(&scene, MIDNIGHT_MS + 2 * HOUR_MS, 5000);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), 10000);
    assert_int_equal(scene.ledger.today.account.used_ms, 10000);
    leave(&scene);
}

/* A second is set back just after midnight: what is credited reaches into a day that is closed. */
static void what_reaches_into_a_closed_day_is_in_its_total(void **state)
{
    struct scene scene = enter(state);
    play(&scene, MIDNIGHT_MS - 1000, 5000);
    play(&scene, MIDNIGHT_MS + 2000, 3000);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), 6000);
    play(&scene, MIDNIGHT_MS + 3000, 5000);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), 8000);
    leave(&scene);
}

static void another_allowance_counts_from_the_next_second(void **state)
{
    struct scene scene = enter(state);
    play(&scene, NOON_MS, 50000);
    struct household *tighter = household_of(0);
    ledger_configure(&scene.ledger, tighter);
    assert_int_equal(play(&scene, NOON_MS + 5000, 5000).overdraft_ms, 5000);
    assert_int_equal(scene.ledger.today.account.used_ms, 55000);
    ledger_configure(&scene.ledger, scene.household);
    assert_int_equal(play(&scene, NOON_MS + 10000, 5000).overdraft_ms, 0);
    assert_int_equal(scene.ledger.today.account.overdraft_ms, 5000);
    household_destroy(tighter);
    leave(&scene);
}

static void a_grant_moves_the_border_and_nothing_that_was_recorded(void **state)
{
    struct scene scene = enter(state);
    struct error error = {0};
    play(&scene, NOON_MS, 65000);
    assert_int_equal(scene.ledger.today.account.overdraft_ms, 5000);
    struct store_grant grant = {.date = NOON_DATE, .granted_ms = MINUTE_MS, .by = "Ada"};
    assert_int_equal(store_grant_add(scene.fixture->store, &grant, &error), 0);
    ledger_grants_changed(&scene.ledger);
    assert_int_equal(play(&scene, NOON_MS + 5000, 5000).overdraft_ms, 0);
    assert_int_equal(scene.ledger.today.account.overdraft_ms, 5000);
    assert_int_equal(allowance_left_ms(&scene.ledger.today.account), 50000);
    leave(&scene);
}

/* The disk takes nothing for a while: what was played meanwhile is not forgotten. */
static void what_waits_for_its_commit_counts_after_a_reload(void **state)
{
    struct scene scene = enter(state);
    struct heartbeat heartbeat = fixture_heartbeat(scene.fixture, NOON_MS, true);
    play(&scene, NOON_MS - 5000, 50000);
    heartbeat.credited_ms = 5000;
    ledger_enter(&scene.ledger, &heartbeat, NULL, &scene.turn); /* and is not put */
    ledger_configure(&scene.ledger, scene.household);
    play(&scene, NOON_MS + 5000, 5000);
    assert_int_equal(scene.ledger.today.account.used_ms, 60000);
    leave(&scene);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_allowance_is_reached_within_a_heartbeat),
        TEST(midnight_closes_the_day_with_what_reaches_into_it),
        TEST(a_day_is_closed_after_a_restart_too),
        TEST(a_clock_that_is_set_back_opens_the_day_again),
        TEST(what_reaches_into_a_closed_day_is_in_its_total),
        TEST(another_allowance_counts_from_the_next_second),
        TEST(a_grant_moves_the_border_and_nothing_that_was_recorded),
        TEST(what_waits_for_its_commit_counts_after_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
