/* SPDX-License-Identifier: MIT */
#include "platform/tzdata.h"
#include "zone/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { HOUR_SEC = 3600, DAY_SEC = 86400, QUARTER_SEC = 900 };

/* ---- Random numbers that can be had again ---- */

static uint64_t seed;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t random_below(uint64_t limit)
{
    return next_random() % limit;
}

/* $CLOCKBLOCK_TEST_SEED repeats a run. */
static int choose_seed(void **state)
{
    const char *given = getenv("CLOCKBLOCK_TEST_SEED");
    (void)state;
    seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    seed = seed != 0 ? seed : 1;
    print_message("CLOCKBLOCK_TEST_SEED=%llu\n", (unsigned long long)seed);
    return 0;
}

/* ---- Zones ---- */

static struct zone *open_zone(const char *name)
{
    char *bytes = NULL;
    size_t length = 0;
    struct error error = {0};
    struct zone *zone = NULL;
    if (tzdata_read(name, &bytes, &length, &error) != 0 ||
        zone_create(&zone, name, bytes, length, &error) != 0)
        fail_msg("%s: %s", name, error.text);
    free(bytes);
    return zone;
}

static int64_t utc_ms(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute)
{
    return (int64_t)civil_date(year, month, day) * CIVIL_DAY_MS + (hour * 60 + minute) * 60000LL;
}

struct day_case {
    const char *zone;
    int32_t year, month, day;
    int32_t starts_at_sec;
    /* The UTC instant at which it begins. */
    int32_t utc_day; /* of that month */
    int32_t hour, minute;
};

static void days_begin_when_they_should(void **state)
{
    static const struct day_case cases[] = {
        {"UTC", 2026, 1, 16, 0, 16, 0, 0},
        {"UTC", 2026, 1, 16, 4 * HOUR_SEC, 16, 4, 0},
        {"Europe/Paris", 2026, 1, 16, 0, 15, 23, 0},
        {"Europe/Paris", 2026, 3, 29, 0, 28, 23, 0}, /* 23 hours */
        {"Europe/Paris", 2026, 3, 30, 0, 29, 22, 0},
        {"Europe/Paris", 2026, 10, 25, 0, 24, 22, 0}, /* 25 hours */
        {"Europe/Paris", 2026, 10, 26, 0, 25, 23, 0},
        {"Europe/Paris", 2026, 3, 29, 2 * HOUR_SEC + 1800, 29, 1, 0},   /* skipped */
        {"Europe/Paris", 2026, 10, 25, 2 * HOUR_SEC + 1800, 25, 0, 30}, /* twice */
        {"Europe/Paris", 2099, 3, 29, 4 * HOUR_SEC, 29, 2, 0},          /* by the rule at the end */
        {"America/New_York", 2026, 3, 8, 0, 8, 5, 0},
        {"America/New_York", 2026, 3, 9, 0, 9, 4, 0},
        {"America/New_York", 2026, 3, 8, 2 * HOUR_SEC + 1800, 8, 7, 0},
        {"America/New_York", 2026, 11, 1, HOUR_SEC + 1800, 1, 5, 30},
        {"America/New_York", 2026, 11, 2, 0, 2, 5, 0},
        {"Australia/Lord_Howe", 2026, 10, 4, 0, 3, 13, 30}, /* half an hour of change */
        {"Australia/Lord_Howe", 2026, 10, 5, 0, 4, 13, 0},
        {"Australia/Lord_Howe", 2026, 10, 4, 2 * HOUR_SEC + QUARTER_SEC, 3, 15, 30},
        {"Asia/Kathmandu", 2026, 1, 16, 0, 15, 18, 15},
        {"America/Sao_Paulo", 2017, 10, 14, 0, 14, 3, 0},
        {"America/Sao_Paulo", 2017, 10, 15, 0, 15, 3, 0}, /* there was no midnight */
        {"America/Sao_Paulo", 2017, 10, 16, 0, 16, 2, 0},
        {"America/Sao_Paulo", 2018, 2, 17, 0, 17, 2, 0}, /* midnight came an hour late */
        {"America/Sao_Paulo", 2018, 2, 18, 0, 18, 3, 0},
        {"Asia/Beirut", 2024, 3, 31, 0, 30, 22, 0}, /* no midnight either */
        {"Asia/Beirut", 2024, 4, 1, 0, 0, 21, 0},
        {"Europe/Dublin", 2026, 10, 25, 0, 24, 23, 0}, /* DST is the winter's, and negative */
        {"Europe/Dublin", 2026, 10, 26, 0, 26, 0, 0},
        {"Africa/Casablanca", 2026, 2, 14, 0, 13, 23, 0},
        {"Africa/Casablanca", 2026, 2, 16, 0, 16, 0, 0}, /* Ramadan */
        {"Pacific/Apia", 2011, 12, 29, 0, 29, 10, 0},
        {"Pacific/Apia", 2011, 12, 30, 0, 30, 10, 0}, /* a day that was not: it is empty */
        {"Pacific/Apia", 2011, 12, 31, 0, 30, 10, 0},
        {"Pacific/Apia", 2011, 12, 31, 4 * HOUR_SEC, 30, 14, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct day_case *day = &cases[i];
        struct zone *zone = open_zone(day->zone);
        int64_t found = zone_day_start_ms(zone, civil_date(day->year, day->month, day->day),
                                          day->starts_at_sec);
        int64_t expected = utc_ms(day->year, day->month, day->utc_day, day->hour, day->minute);
        zone_destroy(zone);
        if (found != expected) {
            char text[CIVIL_TIMESTAMP_CAPACITY];
            civil_format_timestamp(found, text);
            fail_msg("%s %d-%02d-%02d begins %s", day->zone, day->year, day->month, day->day, text);
        }
    }
}

static void a_skipped_day_holds_nothing(void **state)
{
    struct zone *zone = open_zone("Pacific/Apia");
    int64_t change = utc_ms(2011, 12, 30, 10, 0);
    (void)state;
    assert_int_equal(zone_offset_sec(zone, change - 1), -10 * HOUR_SEC);
    assert_int_equal(zone_offset_sec(zone, change), 14 * HOUR_SEC);
    assert_int_equal(zone_date_at(zone, change - 1, 0), civil_date(2011, 12, 29));
    assert_int_equal(zone_date_at(zone, change, 0), civil_date(2011, 12, 31));
    zone_destroy(zone);
}

static void without_bytes_it_is_utc(void **state)
{
    struct zone *zone = NULL;
    (void)state;
    assert_int_equal(zone_create(&zone, "UTC", NULL, 0, NULL), 0);
    assert_int_equal(zone_offset_sec(zone, utc_ms(2026, 7, 1, 0, 0)), 0);
    assert_int_equal(zone_date_at(zone, utc_ms(2026, 7, 1, 3, 59), 4 * HOUR_SEC),
                     civil_date(2026, 6, 30));
    assert_int_equal(zone_date_at(zone, utc_ms(2026, 7, 1, 4, 0), 4 * HOUR_SEC),
                     civil_date(2026, 7, 1));
    zone_destroy(zone);
    zone_destroy(NULL);
}

static void unknown_zones_are_refused(void **state)
{
    static const char *const names[] = {"Europe/Pari", "", "../../../etc/passwd", "/etc/localtime",
                                        "Europe"};
    char *bytes = NULL;
    size_t length = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct error error = {0};
        if (tzdata_read(names[i], &bytes, &length, &error) == 0)
            fail_msg("accepted: %s", names[i]);
        assert_true(strlen(error.text) > 0);
    }
}

static void zones_are_named_where_they_have_a_name(void **state)
{
    static const struct {
        const char *tz; /* of the machine */
        const char *name;
        const char *iana; /* NULL: none */
    } cases[] = {
        {"Asia/Kathmandu", "Europe/Paris", "Europe/Paris"},
        {"Asia/Kathmandu", "local", "Asia/Kathmandu"},
        {":Asia/Kathmandu", "local", "Asia/Kathmandu"},
        {"/usr/share/zoneinfo/Asia/Kathmandu", "local", "Asia/Kathmandu"},
        {"", "local", "UTC"},
        {"UTC", "local", "UTC"},
        {"XYZ-3ABC,M3.5.0,M10.5.0/3", "local", NULL}, /* a rule */
        {"/etc/passwd", "local", NULL},
        {"/usr/share/zoneinfo", "local", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char iana[TZDATA_NAME_CAPACITY] = "";
        setenv("TZ", cases[i].tz, 1);
        bool named = tzdata_name(cases[i].name, iana);
        if (named != (cases[i].iana != NULL) || (named && strcmp(iana, cases[i].iana) != 0))
            fail_msg("%s of %s is named %s", cases[i].name, cases[i].tz, named ? iana : "nothing");
    }
    unsetenv("TZ");
}

static void local_is_what_tz_says(void **state)
{
    int64_t july_ms = utc_ms(2026, 7, 1, 12, 0);
    (void)state;
    setenv("TZ", "Asia/Kathmandu", 1);
    struct zone *zone = open_zone("local");
    assert_int_equal(zone_offset_sec(zone, july_ms), 5 * HOUR_SEC + 45 * 60);
    zone_destroy(zone);
    setenv("TZ", "XYZ-3ABC,M3.5.0,M10.5.0/3", 1); /* a rule */
    zone = open_zone("local");
    assert_int_equal(zone_offset_sec(zone, july_ms), 4 * HOUR_SEC);
    assert_int_equal(zone_offset_sec(zone, utc_ms(2026, 1, 1, 0, 0)), 3 * HOUR_SEC);
    zone_destroy(zone);
    unsetenv("TZ");
}

/* ---- Against the system, and against itself ---- */

static const char *const zones[] = {"Europe/Paris",     "America/New_York",  "Australia/Lord_Howe",
                                    "Asia/Kathmandu",   "America/Sao_Paulo", "Pacific/Apia",
                                    "Europe/London",    "Europe/Dublin",     "Africa/Casablanca",
                                    "Africa/Cairo",     "Asia/Tehran",       "Asia/Gaza",
                                    "Asia/Beirut",      "Asia/Tokyo",        "America/St_Johns",
                                    "America/Nuuk",     "America/Havana",    "Pacific/Chatham",
                                    "Pacific/Auckland", "Antarctica/Troll",  "UTC"};
enum { ZONES = sizeof(zones) / sizeof(zones[0]), INSTANTS = 2000 };
enum { FIRST_YEAR = 1880, LAST_YEAR = 2200 };

static int64_t random_instant_ms(void)
{
    int64_t first = utc_ms(FIRST_YEAR, 1, 1, 0, 0);
    int64_t last = utc_ms(LAST_YEAR, 1, 1, 0, 0);
    if (random_below(2) == 0) /* rather in our time */
        first = utc_ms(1970, 1, 1, 0, 0);
    return first + (int64_t)random_below((uint64_t)(last - first));
}

static void offsets_are_the_systems(void **state)
{
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        struct zone *zone = open_zone(zones[i]);
        setenv("TZ", zones[i], 1);
        tzset();
        for (int j = 0; j < INSTANTS; j++) {
            int64_t wall_ms = random_instant_ms();
            time_t seconds = (time_t)(wall_ms / 1000 - (wall_ms % 1000 < 0));
            struct tm expected;
            assert_non_null(localtime_r(&seconds, &expected));
            if (zone_offset_sec(zone, wall_ms) != expected.tm_gmtoff)
                fail_msg("%s at %lld: %d s, the system says %ld s", zones[i], (long long)seconds,
                         zone_offset_sec(zone, wall_ms), expected.tm_gmtoff);
        }
        zone_destroy(zone);
    }
    unsetenv("TZ");
    tzset();
}

static int64_t local_sec(const struct zone *zone, int64_t wall_ms)
{
    return wall_ms / 1000 - (wall_ms % 1000 < 0) + zone_offset_sec(zone, wall_ms);
}

/* What the contract says of a day's first instant, with a plain search. */
static void check_day_start(const char *name, const struct zone *zone, int32_t date, int32_t at_sec)
{
    int64_t start = zone_day_start_ms(zone, date, at_sec);
    int64_t wanted = (int64_t)date * DAY_SEC + at_sec;
    bool sound = local_sec(zone, start) >= wanted && local_sec(zone, start - 1) < wanted;
    for (int64_t back = 1; back < 27 * 4 && sound; back++)
        sound = local_sec(zone, start - back * QUARTER_SEC * 1000) < wanted;
    if (!sound)
        fail_msg("%s: day %d at %d s does not begin at %lld", name, date, at_sec, (long long)start);
}

static void a_date_holds_its_instants(void **state)
{
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        struct zone *zone = open_zone(zones[i]);
        for (int j = 0; j < INSTANTS; j++) {
            int64_t wall_ms = random_instant_ms();
            int32_t at_sec = (int32_t)random_below(96) * QUARTER_SEC;
            int32_t date = zone_date_at(zone, wall_ms, at_sec);
            if (zone_day_start_ms(zone, date, at_sec) > wall_ms ||
                zone_day_start_ms(zone, date + 1, at_sec) <= wall_ms)
                fail_msg("%s: %lld is not in day %d at %d s", zones[i], (long long)wall_ms, date,
                         at_sec);
            check_day_start(zones[i], zone, date, at_sec);
        }
        zone_destroy(zone);
    }
}

/* The same for each day and hour of years in which clocks changed in odd ways. */
static void days_follow_each_other(void **state)
{
    static const int32_t years[] = {2011, 2017, 2018, 2024, 2026, 2040};
    (void)state;
    for (int i = 0; i < ZONES; i++) {
        struct zone *zone = open_zone(zones[i]);
        for (size_t y = 0; y < sizeof(years) / sizeof(years[0]); y++) {
            int32_t at_sec = (int32_t)random_below(96) * QUARTER_SEC * (int32_t)(y % 2);
            int32_t first = civil_date(years[y], 1, 1);
            for (int32_t date = first; date < first + 366; date++) {
                int64_t start = zone_day_start_ms(zone, date, at_sec);
                int64_t end = zone_day_start_ms(zone, date + 1, at_sec);
                check_day_start(zones[i], zone, date, at_sec);
                assert_true(start <= end && end - start <= 26 * HOUR_SEC * 1000LL);
                if (start == end)
                    continue;
                assert_int_equal(zone_date_at(zone, start, at_sec), date);
                assert_int_equal(zone_date_at(zone, end - 1, at_sec), date);
            }
        }
        zone_destroy(zone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_begin_when_they_should),
        cmocka_unit_test(a_skipped_day_holds_nothing),
        cmocka_unit_test(without_bytes_it_is_utc),
        cmocka_unit_test(unknown_zones_are_refused),
        cmocka_unit_test(zones_are_named_where_they_have_a_name),
        cmocka_unit_test(local_is_what_tz_says),
        cmocka_unit_test(offsets_are_the_systems),
        cmocka_unit_test(a_date_holds_its_instants),
        cmocka_unit_test(days_follow_each_other),
    };
    return cmocka_run_group_tests_name("zone", tests, choose_seed, NULL);
}
