/* SPDX-License-Identifier: MIT */
#include "platform/tzdata.h"
#include "zone/zone.h"

#include <setjmp.h>
#include <stdarg.h>
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

/* ---- The calendar ---- */

static void dates_are_counted(void **state)
{
    int32_t year;
    int32_t month;
    int32_t day;
    (void)state;
    assert_int_equal(civil_date(1970, 1, 1), 0);
    assert_int_equal(civil_date(1969, 12, 31), -1);
    assert_int_equal(civil_date(2000, 2, 29), 11016);
    assert_int_equal(civil_date(2000, 3, 1), 11017);
    assert_int_equal(civil_date(1900, 3, 1) - civil_date(1900, 2, 28), 1);
    civil_split(-719468, &year, &month, &day);
    assert_true(year == 0 && month == 3 && day == 1);
    assert_int_equal(civil_weekday(civil_date(2026, 1, 16)), 4);  /* a Friday */
    assert_int_equal(civil_weekday(civil_date(1969, 12, 29)), 0); /* a Monday */
    assert_int_equal(civil_date_utc(-1), -1);
    assert_int_equal(civil_date_utc(0), 0);
    assert_int_equal(civil_date_utc(CIVIL_DAY_MS - 1), 0);
    assert_int_equal(civil_date_utc(-(int64_t)CIVIL_DAY_MS), -1);
    assert_int_equal(civil_date_utc(-(int64_t)CIVIL_DAY_MS - 1), -2);
}

static void dates_are_the_systems(void **state)
{
    (void)state;
    for (int32_t date = -200000; date < 200000; date += 7) {
        time_t seconds = (time_t)date * DAY_SEC;
        struct tm expected;
        int32_t year;
        int32_t month;
        int32_t day;
        gmtime_r(&seconds, &expected);
        civil_split(date, &year, &month, &day);
        if (year != expected.tm_year + 1900 || month != expected.tm_mon + 1 ||
            day != expected.tm_mday || civil_weekday(date) != (expected.tm_wday + 6) % 7)
            fail_msg("day %d became %d-%d-%d", date, year, month, day);
        assert_int_equal(civil_date(year, month, day), date);
    }
}

static void dates_are_parsed(void **state)
{
    static const char *const bad[] = {"",           "2026-1-16",  "2026-01-16 ", " 2026-01-16",
                                      "2026-02-29", "2026-13-01", "2026-00-01",  "2026-01-00",
                                      "2026-04-31", "1969-12-31", "10000-01-01", "2026/01/16",
                                      "2026-01-1x", "+026-01-16", "2026-01",     "1900-02-29"};
    char text[CIVIL_DATE_CAPACITY];
    int32_t date;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (civil_parse_date(bad[i], &date))
            fail_msg("accepted: %s", bad[i]);
    assert_true(civil_parse_date("2028-02-29", &date));
    assert_int_equal(date, civil_date(2028, 2, 29));
    civil_format_date(date, text);
    assert_string_equal(text, "2028-02-29");
    assert_true(civil_parse_date("1970-01-01", &date));
    assert_int_equal(date, 0);
    assert_true(civil_parse_date("9999-12-31", &date));
    assert_int_equal(date, civil_date(9999, 12, 31));
}

static void timestamps_are_parsed(void **state)
{
    static const char *const bad[] = {"2026-01-16",
                                      "2026-01-16T12:00:00",
                                      "2026-01-16T12:00:00+01:00",
                                      "2026-01-16T24:00:00Z",
                                      "2026-01-16T12:60:00Z",
                                      "2026-01-16T12:00:61Z",
                                      "2026-01-16T12:00Z",
                                      "2026-01-16x12:00:00Z",
                                      "2026-02-30T12:00:00Z",
                                      "2026-01-16T12:00:00ZZ",
                                      "2026-01-16T12:00:00.Zx",
                                      "2026-01-16T1:00:000Z"};
    char text[CIVIL_TIMESTAMP_CAPACITY];
    int64_t wall_ms;
    int64_t noon_ms = 1768564800000;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (civil_parse_timestamp(bad[i], &wall_ms))
            fail_msg("accepted: %s", bad[i]);
    assert_true(civil_parse_timestamp("2026-01-16T12:00:00Z", &wall_ms));
    assert_int_equal(wall_ms, noon_ms);
    assert_true(civil_parse_timestamp("2026-01-16T12:00:00.1Z", &wall_ms));
    assert_int_equal(wall_ms, noon_ms + 100);
    assert_true(civil_parse_timestamp("2026-01-16T12:00:00.987654321+00:00", &wall_ms));
    assert_int_equal(wall_ms, noon_ms + 987);
    assert_true(civil_parse_timestamp("2026-01-16 23:59:60Z", &wall_ms));
    assert_int_equal(wall_ms, noon_ms + CIVIL_DAY_MS / 2);
    civil_format_timestamp(noon_ms + 7, text);
    assert_string_equal(text, "2026-01-16T12:00:00.007Z");
    civil_format_timestamp(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
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

static const char *const zones[] = {
    "Europe/Paris",      "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
    "America/Sao_Paulo", "Pacific/Apia",     "Europe/London",       "Europe/Dublin",
    "Africa/Casablanca", "Africa/Cairo",     "Asia/Tehran",         "Asia/Gaza",
    "Asia/Tokyo",        "America/St_Johns", "America/Nuuk",        "America/Havana",
    "Pacific/Chatham",   "Pacific/Auckland", "Antarctica/Troll",    "UTC"};
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

/* ---- Damaged data ---- */

/* Whatever is accepted has to work. */
static void use(const char *bytes, size_t length)
{
    struct zone *zone = NULL;
    struct error error = {0};
    int result = zone_create(&zone, "damaged", bytes, length, &error);
    if (result != 0) {
        assert_int_equal(result, EXIT_CODE_CONFIG);
        assert_true(strlen(error.text) > 0);
        return;
    }
    for (int i = 0; i < 8; i++) {
        int64_t wall_ms = random_instant_ms();
        int32_t at_sec = (int32_t)random_below(96) * QUARTER_SEC;
        int32_t offset = zone_offset_sec(zone, wall_ms);
        assert_true(offset > -2 * DAY_SEC && offset < 2 * DAY_SEC);
        int32_t date = zone_date_at(zone, wall_ms, at_sec);
        assert_true(zone_day_start_ms(zone, date, at_sec) <= wall_ms);
        assert_true(zone_day_start_ms(zone, date + 1, at_sec) > wall_ms);
    }
    zone_destroy(zone);
}

static void damaged_data_does_no_harm(void **state)
{
    enum { FLIPS = 20000 };
    static const char *const names[] = {"Europe/Paris", "Pacific/Apia", "Asia/Tokyo"};
    (void)state;
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        char *bytes = NULL;
        size_t length = 0;
        assert_int_equal(tzdata_read(names[n], &bytes, &length, NULL), 0);
        for (size_t cut = 0; cut < length; cut++) {
            char *copy = malloc(cut > 0 ? cut : 1); /* of that size: reading beyond it shows */
            assert_non_null(copy);
            memcpy(copy, bytes, cut);
            use(copy, cut);
            free(copy);
        }
        char *copy = malloc(length);
        assert_non_null(copy);
        for (int i = 0; i < FLIPS; i++) {
            memcpy(copy, bytes, length);
            for (uint64_t flips = 1 + random_below(4); flips > 0; flips--) {
                /* Headers and the rule at the end matter most. */
                uint64_t at = random_below(3) == 0   ? random_below(44)
                              : random_below(2) == 0 ? length - 1 - random_below(32)
                                                     : random_below(length);
                copy[at] = (char)(copy[at] ^ (char)(1 + random_below(255)));
            }
            use(copy, length);
        }
        free(copy);
        free(bytes);
    }
}

static void what_is_no_tzif_is_refused(void **state)
{
    struct zone *zone = NULL;
    struct error error = {0};
    char *bytes = NULL;
    size_t length = 0;
    (void)state;
    assert_int_equal(zone_create(&zone, "empty", "", 0, &error), EXIT_CODE_CONFIG);
    assert_int_equal(zone_create(&zone, "text", "hello, world", 12, &error), EXIT_CODE_CONFIG);
    assert_non_null(strstr(error.text, "\"text\""));
    assert_int_equal(tzdata_read("Europe/Paris", &bytes, &length, NULL), 0);
    bytes[0] = 'X';
    assert_int_equal(zone_create(&zone, "magic", bytes, length, &error), EXIT_CODE_CONFIG);
    bytes[0] = 'T';
    assert_int_equal(zone_create(&zone, "half", bytes, length / 2, &error), EXIT_CODE_CONFIG);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_counted),
        cmocka_unit_test(dates_are_the_systems),
        cmocka_unit_test(dates_are_parsed),
        cmocka_unit_test(timestamps_are_parsed),
        cmocka_unit_test(days_begin_when_they_should),
        cmocka_unit_test(a_skipped_day_holds_nothing),
        cmocka_unit_test(without_bytes_it_is_utc),
        cmocka_unit_test(unknown_zones_are_refused),
        cmocka_unit_test(local_is_what_tz_says),
        cmocka_unit_test(offsets_are_the_systems),
        cmocka_unit_test(a_date_holds_its_instants),
        cmocka_unit_test(days_follow_each_other),
        cmocka_unit_test(damaged_data_does_no_harm),
        cmocka_unit_test(what_is_no_tzif_is_refused),
    };
    return cmocka_run_group_tests_name("zone", tests, choose_seed, NULL);
}
