/* SPDX-License-Identifier: MIT */
/* Minutes as text, and the JSON of a day. */
#include "day_json.h"
#include "json.h"
#include "zone/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the C library makes of it: the fewest digits from 15 on that name the double. */
static void format_by_library(int64_t ms, char text[JSON_MINUTES_CAPACITY])
{
    double minutes = (double)ms / 60000;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, JSON_MINUTES_CAPACITY, "%.*g", digits, minutes);
        if (strtod(text, NULL) == minutes)
            return;
    }
}

static void assert_as_library(int64_t ms)
{
    char expected[JSON_MINUTES_CAPACITY];
    char text[JSON_MINUTES_CAPACITY];
    format_by_library(ms, expected);
    json_format_minutes(ms, text);
    assert_string_equal(text, expected);
}

static void minutes_are_what_the_library_prints(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (int64_t ms = -200000; ms < 200000; ms += 7)
        assert_as_library(ms);
    for (int64_t power = 1; power < INT64_C(1000000000000000); power *= 10)
        for (int64_t beside = -3; beside <= 3; beside++) {
            assert_as_library(power + beside);
            assert_as_library(power * 60000 + beside);
        }
    for (int i = 0; i < 300000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        assert_as_library((int64_t)(random >> 33) % 90000000);
        assert_as_library((int64_t)(random >> 24));
    }
}

static void minutes_are_read_back_to_the_millisecond(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < INT64_C(200) * 86400000; ms += 86399 * 7) {
        char text[JSON_MINUTES_CAPACITY];
        json_format_minutes(ms, text);
        assert_true((int64_t)(strtod(text, NULL) * 60000 + 0.5) == ms);
    }
}

static void assert_day(const struct day_view *view, const char *expected)
{
    char json[DAY_JSON_CAPACITY];
    assert_int_equal(day_to_json(view, json), strlen(expected));
    assert_string_equal(json, expected);
}

static void a_day_has_all_its_keys(void **state)
{
    (void)state;
    int64_t start_ms = INT64_C(1768514400000); /* 2026-01-15T22:00:00Z */
    struct day_account day = {.start_ms = start_ms,
                              .end_ms = start_ms + CIVIL_DAY_MS,
                              .allowance_ms = 7200000,
                              .granted_ms = -600000,
                              .used_ms = 5415000,
                              .overdraft_ms = 1};
    struct day_view view = {
        .date = civil_date(2026, 1, 16), .day = &day, .is_closed = true, .is_household = true};
    assert_day(&view, "{\"date\":\"2026-01-16\",\"start\":\"2026-01-15T22:00:00.000Z\","
                      "\"end\":\"2026-01-16T22:00:00.000Z\",\"minutes_used\":90.25,"
                      "\"minutes_overdraft\":1.6666666666666667e-05,\"minutes_allowance\":120,"
                      "\"minutes_granted\":-10,\"minutes_left\":19.75,\"closed\":true}");
    day.allowance_ms = ALLOWANCE_UNLIMITED;
    day.granted_ms = 0;
    view.is_closed = false;
    assert_day(&view, "{\"date\":\"2026-01-16\",\"start\":\"2026-01-15T22:00:00.000Z\","
                      "\"end\":\"2026-01-16T22:00:00.000Z\",\"minutes_used\":90.25,"
                      "\"minutes_overdraft\":1.6666666666666667e-05,\"minutes_allowance\":null,"
                      "\"minutes_granted\":0,\"minutes_left\":null,\"closed\":false}");
    view.is_household = false;
    day.overdraft_ms = 0;
    assert_day(&view, "{\"date\":\"2026-01-16\",\"start\":\"2026-01-15T22:00:00.000Z\","
                      "\"end\":\"2026-01-16T22:00:00.000Z\",\"minutes_used\":90.25,"
                      "\"minutes_overdraft\":0,\"minutes_allowance\":null,"
                      "\"minutes_granted\":null,\"minutes_left\":null,\"closed\":false}");
}

static void the_longest_day_fits(void **state)
{
    (void)state;
    int32_t last = civil_date(9999, 12, 31);
    struct day_account day = {.start_ms = (int64_t)last * CIVIL_DAY_MS,
                              .end_ms = (int64_t)(last + 1) * CIVIL_DAY_MS,
                              .allowance_ms = INT64_MAX / 4 - 1,
                              .granted_ms = -(INT64_MAX / 4) + 1,
                              .used_ms = -(INT64_MAX / 4) + 1,
                              .overdraft_ms = -(INT64_MAX / 4) + 1};
    char json[DAY_JSON_CAPACITY];
    day_to_json(&(struct day_view){.date = last, .day = &day, .is_household = true}, json);
    struct json_object *parsed = json_tokener_parse(json);
    assert_non_null(parsed);
    json_object_put(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_are_what_the_library_prints),
        cmocka_unit_test(minutes_are_read_back_to_the_millisecond),
        cmocka_unit_test(a_day_has_all_its_keys),
        cmocka_unit_test(the_longest_day_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
