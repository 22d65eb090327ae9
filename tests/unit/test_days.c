/* SPDX-License-Identifier: MIT */
/* The household's days, as they were closed and by the calendar. */
#include "store_fixture.h"

#include "days.h"

#include <stdio.h>

#define HOUR_MS INT64_C(3600000)

static struct household *household_in(const char *zone, int32_t allowance_min)
{
    struct household *household = NULL;
    struct config config = {0};
    struct error error = {0};
    char name[64];
    snprintf(name, sizeof(name), "%s", zone);
    config.timezone = name;
    for (int i = 0; i < CONFIG_WEEKDAYS; i++)
        config.allowance_min[i] = allowance_min;
    assert_int_equal(household_create(&household, &config, &error), 0);
    return household;
}

struct scene {
    struct fixture *fixture;
    struct household *household;
    struct store_reader *reader;
    struct days days;
};

static struct scene enter(void **state, const char *zone)
{
    struct scene scene = {.fixture = *state};
    scene.household = household_in(zone, 60);
    scene.reader = fixture_reader(scene.fixture);
    scene.days =
        (struct days){scene.household, scene.reader, store_origin(scene.fixture->store)->device_id};
    return scene;
}

static void leave(struct scene *scene)
{
    store_reader_close(scene->reader);
    household_destroy(scene->household);
}

static void move_to(struct scene *scene, const char *zone)
{
    household_destroy(scene->household);
    scene->household = household_in(zone, 60);
    scene->days.household = scene->household;
}

/* A heartbeat that closes a day, as the sampler puts it. */
static void close_day(struct scene *scene, int32_t date, int64_t start_ms, int64_t end_ms)
{
    struct heartbeat heartbeat = fixture_heartbeat(scene->fixture, end_ms + 5000, false);
    struct tick tick = {.wall_ms = heartbeat.wall_ms};
    struct store_turn turn = {.closed_count = 1};
    turn.closed[0].date = date;
    turn.closed[0].day =
        (struct day_account){.start_ms = start_ms, .end_ms = end_ms, .allowance_ms = 1800000};
    store_put(scene->fixture->store, &heartbeat, &tick, &turn);
    fixture_settle(scene->fixture);
}

static struct day_account day_of(struct scene *scene, int32_t date)
{
    struct day_account day;
    struct error error = {0};
    assert_int_equal(days_of(&scene->days, date, &day, &error), 0);
    return day;
}

static struct day_account day_at(struct scene *scene, int64_t wall_ms, int32_t expected_date)
{
    struct day_account day;
    struct error error = {0};
    int32_t date;
    assert_int_equal(days_at(&scene->days, wall_ms, &date, &day, &error), 0);
    assert_int_equal(date, expected_date);
    assert_true(day.start_ms <= wall_ms && wall_ms < day.end_ms);
    return day;
}

static void a_day_that_is_not_closed_is_that_of_the_calendar(void **state)
{
    struct scene scene = enter(state, "UTC");
    fixture_put_many(scene.fixture, NOON_MS + 5000, 12, true);
    struct day_account day = day_at(&scene, NOON_MS, NOON_DATE);
    assert_int_equal(day.start_ms, MIDNIGHT_MS - FIXTURE_DAY);
    assert_int_equal(day.end_ms, MIDNIGHT_MS);
    assert_int_equal(day.allowance_ms, HOUR_MS);
    assert_int_equal(day.used_ms, 60000);
    assert_int_equal(day_of(&scene, NOON_DATE + 1).used_ms, 0);
    leave(&scene);
}

static void a_closed_day_keeps_its_allowance_and_totals(void **state)
{
    struct scene scene = enter(state, "UTC");
    fixture_put_many(scene.fixture, NOON_MS + 5000, 12, true);
    close_day(&scene, NOON_DATE, MIDNIGHT_MS - FIXTURE_DAY, MIDNIGHT_MS);
    struct day_account day = day_of(&scene, NOON_DATE);
    assert_int_equal(day.allowance_ms, 1800000);
    assert_int_equal(day.used_ms, 60000);
    assert_int_equal(fixture_integer(scene.fixture, "SELECT count(*) FROM local_days"), 1);
    leave(&scene);
}

/* East: the day is shorter. The next one begins where it ended. */
static void a_journey_east_shortens_the_day_and_leaves_nothing_out(void **state)
{
    struct scene scene = enter(state, "America/New_York");
    int64_t new_york_midnight_ms = MIDNIGHT_MS + 5 * HOUR_MS;
    close_day(&scene, NOON_DATE, new_york_midnight_ms - FIXTURE_DAY, new_york_midnight_ms);
    move_to(&scene, "Europe/Paris");
    struct day_account day = day_at(&scene, MIDNIGHT_MS + 12 * HOUR_MS, NOON_DATE + 1);
    assert_int_equal(day.start_ms, new_york_midnight_ms);
    assert_int_equal(day.end_ms, MIDNIGHT_MS + 23 * HOUR_MS);
    leave(&scene);
}

/* West over a midnight that was passed already: the day that was closed goes on. */
static void a_journey_west_goes_on_with_the_day_that_was_over(void **state)
{
    struct scene scene = enter(state, "Europe/Paris");
    int64_t paris_midnight_ms = MIDNIGHT_MS - HOUR_MS;
    close_day(&scene, NOON_DATE, paris_midnight_ms - FIXTURE_DAY, paris_midnight_ms);
    move_to(&scene, "America/New_York");
    struct day_account day = day_at(&scene, MIDNIGHT_MS + 2 * HOUR_MS, NOON_DATE);
    assert_int_equal(day.start_ms, paris_midnight_ms - FIXTURE_DAY);
    assert_int_equal(day.end_ms, MIDNIGHT_MS + 5 * HOUR_MS);
    leave(&scene);
}

/* An instant that a closed day of another zone holds belongs to that day. */
static void an_instant_before_the_end_of_the_last_day_is_still_in_it(void **state)
{
    struct scene scene = enter(state, "Europe/Paris");
    close_day(&scene, NOON_DATE, MIDNIGHT_MS - FIXTURE_DAY, MIDNIGHT_MS + 5 * HOUR_MS);
    (void)day_at(&scene, MIDNIGHT_MS + HOUR_MS, NOON_DATE);
    struct day_account next = day_at(&scene, MIDNIGHT_MS + 6 * HOUR_MS, NOON_DATE + 1);
    assert_int_equal(next.start_ms, MIDNIGHT_MS + 5 * HOUR_MS);
    leave(&scene);
}

/* Liberia was 44 minutes and 30 seconds behind until 1972. */
static void a_zone_off_the_quarter_hours_has_days_on_them(void **state)
{
    struct scene scene = enter(state, "Africa/Monrovia");
    const int32_t date = 500;
    int64_t midnight_ms = date * FIXTURE_DAY + 44 * INT64_C(60000) + 30000;
    struct day_account day = day_at(&scene, midnight_ms, date);
    assert_int_equal(day.start_ms, date * FIXTURE_DAY + 30 * INT64_C(60000));
    assert_int_equal(day.end_ms - day.start_ms, FIXTURE_DAY);
    (void)day_at(&scene, day.start_ms, date);
    (void)day_at(&scene, day.start_ms - 1, date - 1);
    leave(&scene);
}

struct visited {
    int count;
    int32_t first;
    int32_t last;
    int64_t used_ms;
    int64_t granted_ms;
    int64_t next_start_ms;
};

static void visit(int32_t date, const struct day_account *day, void *context)
{
    struct visited *visited = context;
    if (visited->count > 0) {
        assert_int_equal(date, visited->last + 1);
        assert_int_equal(day->start_ms, visited->next_start_ms);
    } else {
        visited->first = date;
    }
    visited->count++;
    visited->last = date;
    visited->used_ms += day->used_ms;
    visited->granted_ms += day->granted_ms;
    visited->next_start_ms = day->end_ms;
}

static void a_range_has_every_day_once_without_a_hole(void **state)
{
    struct scene scene = enter(state, "UTC");
    struct visited visited = {0};
    struct error error = {0};
    fixture_put_many(scene.fixture, NOON_MS - 3 * FIXTURE_DAY, 12, true);
    fixture_put_many(scene.fixture, NOON_MS, 12, true);
    close_day(&scene, NOON_DATE, MIDNIGHT_MS - FIXTURE_DAY, MIDNIGHT_MS);
    assert_int_equal(
        days_each(&scene.days, NOON_DATE - 40, NOON_DATE + 30, visit, &visited, &error), 0);
    assert_int_equal(visited.count, 71);
    assert_int_equal(visited.first, NOON_DATE - 40);
    assert_int_equal(visited.used_ms, 120000);
    leave(&scene);
}

static void grants_are_told_of_days_open_closed_and_blank(void **state)
{
    struct scene scene = enter(state, "UTC");
    struct error error = {0};
    for (int32_t date = NOON_DATE; date <= NOON_DATE + 20; date += 10) {
        struct store_grant grant = {.date = date, .granted_ms = 600000, .by = "Ada"};
        assert_int_equal(store_grant_add(scene.fixture->store, &grant, &error), 0);
        assert_true(grant.id > 0);
        if (date == NOON_DATE)
            close_day(&scene, NOON_DATE, MIDNIGHT_MS - FIXTURE_DAY, MIDNIGHT_MS);
    }
    struct store_grant late = {.date = NOON_DATE, .granted_ms = -60000, .by = "Ada"};
    assert_int_equal(store_grant_add(scene.fixture->store, &late, &error), 0);
    assert_int_equal(day_of(&scene, NOON_DATE).granted_ms, 540000);
    assert_int_equal(day_of(&scene, NOON_DATE + 10).granted_ms, 600000);
    assert_int_equal(day_of(&scene, NOON_DATE + 20).granted_ms, 600000);
    assert_int_equal(day_of(&scene, NOON_DATE + 19).granted_ms, 0);
    struct visited visited = {0};
    assert_int_equal(days_each(&scene.days, NOON_DATE - 5, NOON_DATE + 25, visit, &visited, &error),
                     0);
    assert_int_equal(visited.granted_ms, 540000 + 600000 + 600000);
    leave(&scene);
}

/* What SQLite takes, and no agent wrote. */
static void a_closed_day_that_cannot_be_is_that_of_the_calendar(void **state)
{
    static const char *const damages[] = {
        "end_ms = 9223372036854775807",
        "end_ms = start_ms - 900000",
        "start_ms = -9223372036854775807",
        "start_ms = 4611686018427000000, end_ms = 4611686018427900000",
        "start_ms = start_ms + 1",
        "end_ms = end_ms + 4 * 86400000",
    };
    struct scene scene = enter(state, "UTC");
    struct error error = {0};
    close_day(&scene, NOON_DATE - 1, MIDNIGHT_MS - 2 * FIXTURE_DAY,
              MIDNIGHT_MS - FIXTURE_DAY + HOUR_MS);
    close_day(&scene, NOON_DATE, MIDNIGHT_MS - FIXTURE_DAY + HOUR_MS, MIDNIGHT_MS);
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        char sql[160];
        struct visited visited = {0};
        fixture_exec(scene.fixture->path, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT *"
                                          " FROM local_days");
        snprintf(sql, sizeof(sql), "UPDATE local_days SET %s WHERE date = %d", damages[i],
                 NOON_DATE);
        fixture_exec(scene.fixture->path, sql);
        assert_int_equal(day_of(&scene, NOON_DATE).end_ms, MIDNIGHT_MS);
        assert_int_equal(day_of(&scene, NOON_DATE).allowance_ms, HOUR_MS);
        assert_int_equal(day_of(&scene, NOON_DATE + 1).start_ms, MIDNIGHT_MS);
        /* Behind it the neighbour is the sound one, as if it were not there. */
        assert_int_equal(day_of(&scene, NOON_DATE).start_ms, MIDNIGHT_MS - FIXTURE_DAY + HOUR_MS);
        assert_int_equal(
            days_each(&scene.days, NOON_DATE - 3, NOON_DATE + 3, visit, &visited, &error), 0);
        assert_int_equal(visited.count, 7);
        fixture_exec(scene.fixture->path,
                     "DELETE FROM local_days; INSERT INTO local_days SELECT * FROM kept");
    }
    assert_int_equal(day_of(&scene, NOON_DATE).allowance_ms, 1800000);
    leave(&scene);
}

static void the_newest_heartbeat_is_one_whose_time_can_be(void **state)
{
    struct scene scene = enter(state, "UTC");
    struct error error = {0};
    int64_t wall_ms;
    bool found;
    fixture_put_many(scene.fixture, NOON_MS, 2, true);
    fixture_exec(scene.fixture->path,
                 "UPDATE heartbeats SET wall_ms = 4611686018427387904 WHERE seq = 2");
    assert_int_equal(
        store_read_newest(scene.reader, scene.days.device_id, &wall_ms, &found, &error), 0);
    assert_true(found);
    assert_int_equal(wall_ms, NOON_MS);
    leave(&scene);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_day_that_is_not_closed_is_that_of_the_calendar),
        TEST(a_closed_day_keeps_its_allowance_and_totals),
        TEST(a_journey_east_shortens_the_day_and_leaves_nothing_out),
        TEST(a_journey_west_goes_on_with_the_day_that_was_over),
        TEST(an_instant_before_the_end_of_the_last_day_is_still_in_it),
        TEST(a_zone_off_the_quarter_hours_has_days_on_them),
        TEST(a_range_has_every_day_once_without_a_hole),
        TEST(grants_are_told_of_days_open_closed_and_blank),
        TEST(a_closed_day_that_cannot_be_is_that_of_the_calendar),
        TEST(the_newest_heartbeat_is_one_whose_time_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
