/* SPDX-License-Identifier: MIT */
#include "zone/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { DAY_SEC = 86400 };

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
    /* A damaged number has a text too. */
    civil_format_timestamp(INT64_MAX, text);
    assert_memory_equal(text, "9999-", 5);
    civil_format_timestamp(INT64_MIN, text);
    assert_memory_equal(text, "0000-", 5);
    assert_int_equal(strlen(text), strlen("1969-12-31T23:59:59.999Z"));
}

/* Each beginning of a text in memory of just that size: reading beyond it shows in a sanitizer. */
static void parsing_stops_at_the_end(void **state)
{
    static const char text[] = "2026-01-16T12:00:00.5+00:00";
    (void)state;
    for (size_t length = 0; length < sizeof(text) - 1; length++) {
        char *beginning = malloc(length + 1);
        int32_t date;
        int64_t wall_ms;
        assert_non_null(beginning);
        memcpy(beginning, text, length);
        beginning[length] = '\0';
        assert_int_equal(civil_parse_date(beginning, &date), length == 10);
        assert_false(civil_parse_timestamp(beginning, &wall_ms));
        free(beginning);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_counted),        cmocka_unit_test(dates_are_the_systems),
        cmocka_unit_test(dates_are_parsed),         cmocka_unit_test(timestamps_are_parsed),
        cmocka_unit_test(parsing_stops_at_the_end),
    };
    return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}
