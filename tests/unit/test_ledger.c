/* SPDX-License-Identifier: MIT */
/* Heartbeats are entered into household days, and days that are over are closed. */
#include "store_fixture.h"

#include "ledger.h"

#include <sqlite3.h>
#include <stdio.h>

#define HOUR_MS   INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)

struct scene {
    struct fixture *fixture;
    struct household *household;
    struct store_reader *reader;
    struct ledger ledger;
    struct store_turn turn; /* of the newest heartbeat */
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
    ledger_enter(&scene->ledger, &heartbeat, &scene->turn);
    store_put(scene->fixture->store, &heartbeat, &tick, &scene->turn);
    fixture_settle(scene->fixture);
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

/* As play(), while the disk takes nothing. */
static struct heartbeat play_unstored(struct scene *scene, int64_t wall_ms, int64_t credited_ms)
{
    struct heartbeat heartbeat = fixture_heartbeat(scene->fixture, wall_ms, true);
    struct tick tick = {.wall_ms = wall_ms};
    struct error error = {0};
    heartbeat.credited_ms = credited_ms;
    ledger_enter(&scene->ledger, &heartbeat, &scene->turn);
    store_put(scene->fixture->store, &heartbeat, &tick, &scene->turn);
    assert_int_not_equal(store_settle(scene->fixture->store, &error), 0);
    return heartbeat;
}

static void what_waits_for_its_commit_counts_in_whatever_day_it_is(void **state)
{
    struct scene scene = enter(state);
    play(&scene, NOON_MS - 5000, 50000);
    faulty_disk_fail_writes(SQLITE_FULL);
    play_unstored(&scene, NOON_MS, 5000);
    ledger_configure(&scene.ledger, scene.household);
    play_unstored(&scene, NOON_MS + 5000, 5000);
    assert_int_equal(scene.ledger.today.account.used_ms, 60000);
    assert_int_equal(play_unstored(&scene, NOON_MS + 10000, 5000).overdraft_ms, 5000);
    faulty_disk_repair();
    play(&scene, NOON_MS + 15000, 5000);
    ledger_configure(&scene.ledger, scene.household);
    play(&scene, NOON_MS + 20000, 5000);
    assert_int_equal(scene.ledger.today.account.used_ms, 75000);
    assert_int_equal(scene.ledger.today.account.overdraft_ms, 15000);
    leave(&scene);
}

static void what_cannot_be_read_is_read_at_the_next_heartbeat(void **state)
{
    struct scene scene = enter(state);
    play(&scene, NOON_MS, 58000);
    end(&scene);
    begin(&scene);
    fixture_exec(scene.fixture->path, "ALTER TABLE usage_slots RENAME TO away");
    struct heartbeat blind = fixture_heartbeat(scene.fixture, NOON_MS + 5000, true);
    ledger_enter(&scene.ledger, &blind, &scene.turn);
    fixture_exec(scene.fixture->path, "ALTER TABLE away RENAME TO usage_slots");
    struct heartbeat seeing = fixture_heartbeat(scene.fixture, NOON_MS + 10000, true);
    ledger_enter(&scene.ledger, &seeing, &scene.turn);
    assert_int_equal(seeing.overdraft_ms, 3000);
    leave(&scene);
}

static void grants_that_cannot_be_read_stay_what_they_were(void **state)
{
    struct scene scene = enter(state);
    struct error error = {0};
    struct store_grant grant = {.date = NOON_DATE, .granted_ms = MINUTE_MS, .by = "Ada"};
    assert_int_equal(store_grant_add(scene.fixture->store, &grant, &error), 0);
    play(&scene, NOON_MS, 65000);
    assert_int_equal(store_grant_add(scene.fixture->store, &grant, &error), 0);
    fixture_exec(scene.fixture->path, "ALTER TABLE grants RENAME TO away");
    ledger_grants_changed(&scene.ledger);
    assert_int_equal(play(&scene, NOON_MS + 5000, 5000).overdraft_ms, 0);
    assert_int_equal(scene.ledger.today.account.granted_ms, MINUTE_MS);
    fixture_exec(scene.fixture->path, "ALTER TABLE away RENAME TO grants");
    play(&scene, NOON_MS + 10000, 5000);
    assert_int_equal(scene.ledger.today.account.granted_ms, 2 * MINUTE_MS);
    leave(&scene);
}

/* The configuration changed while the agent was off. */
static void a_day_is_closed_with_the_allowance_that_was_in_force(void **state)
{
    struct scene scene = enter(state);
    play(&scene, NOON_MS, 5000);
    end(&scene);
    household_destroy(scene.household);
    scene.household = household_of(2);
    begin(&scene);
    play(&scene, NOON_MS + FIXTURE_DAY, 5000);
    assert_int_equal(fixture_integer(scene.fixture, "SELECT allowance_ms FROM local_days"),
                     MINUTE_MS);
    struct household *looser = household_of(3);
    ledger_configure(&scene.ledger, looser);
    play(&scene, NOON_MS + FIXTURE_DAY + 5000, 5000);
    end(&scene);
    begin(&scene);
    play(&scene, NOON_MS + 2 * FIXTURE_DAY, 5000);
    assert_int_equal(fixture_integer(scene.fixture, "SELECT allowance_ms FROM local_days WHERE"
                                                    " date = 20470"),
                     3 * MINUTE_MS);
    household_destroy(looser);
    leave(&scene);
}

/* Another device used the database in between. */
static void each_device_closes_its_own_last_day(void **state)
{
    struct scene scene = enter(state);
    play(&scene, NOON_MS, 5000);
    end(&scene);
    scene.fixture->options.device_id = "another";
    fixture_reopen(scene.fixture);
    begin(&scene);
    play(&scene, NOON_MS + 3 * FIXTURE_DAY, 5000);
    assert_int_equal(fixture_integer(scene.fixture, "SELECT count(*) FROM local_days"), 0);
    leave(&scene);
}

/* The ring is full: the heartbeat that closed a day is given up. */
static void a_day_is_closed_also_when_its_heartbeat_is_given_up(void **state)
{
    struct scene scene = enter(state);
    play(&scene, MIDNIGHT_MS - 60000, 5000);
    faulty_disk_fail_writes(SQLITE_FULL);
    for (int i = 0; i < STORE_RING_MAX + 3; i++) {
        struct heartbeat heartbeat =
            fixture_heartbeat(scene.fixture, MIDNIGHT_MS + 60000 + i * INT64_C(1000), false);
        struct tick tick = {.wall_ms = heartbeat.wall_ms};
        ledger_enter(&scene.ledger, &heartbeat, &scene.turn);
        store_put(scene.fixture->store, &heartbeat, &tick, &scene.turn);
    }
    faulty_disk_repair();
    fixture_settle(scene.fixture);
    assert_int_equal(closed_used_ms(&scene, NOON_DATE), 5000);
    leave(&scene);
}

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_allowance_is_reached_within_a_heartbeat),
        TEST(midnight_closes_the_day_with_what_reaches_into_it),
        TEST(a_day_is_closed_after_a_restart_too),
        TEST(a_clock_that_is_set_back_opens_the_day_again),
        TEST(what_reaches_into_a_closed_day_is_in_its_total),
        TEST(another_allowance_counts_from_the_next_second),
        TEST(a_grant_moves_the_border_and_nothing_that_was_recorded),
        TEST(what_waits_for_its_commit_counts_in_whatever_day_it_is),
        TEST(what_cannot_be_read_is_read_at_the_next_heartbeat),
        TEST(grants_that_cannot_be_read_stay_what_they_were),
        TEST(a_day_is_closed_with_the_allowance_that_was_in_force),
        TEST(each_device_closes_its_own_last_day),
        TEST(a_day_is_closed_also_when_its_heartbeat_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
