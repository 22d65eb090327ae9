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

enum { DAY_SEC = 86400, QUARTER_SEC = 900 };

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

static int64_t utc_ms(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute)
{
    return (int64_t)civil_date(year, month, day) * CIVIL_DAY_MS + (hour * 60 + minute) * 60000LL;
}

/* ---- TZif data made here ---- */

struct made {
    char bytes[512];
    size_t length;
};

static void put(struct made *made, int64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        made->bytes[made->length++] = (char)(unsigned char)((uint64_t)value >> (8 * i));
}

/* One block with two types, "LMT" that is DST when asked for, and "STD"; and with one change to
 * the second type, unless `change_sec` is 0. */
static void put_block(struct made *made, char version, int64_t change_sec, bool first_is_dst,
                      int leaps)
{
    int time_bytes = made->length > 0 ? 8 : 4; /* the first block has 32 bits */
    put(made, 0x545A6966, 4);                  /* "TZif" */
    put(made, version, 1);
    for (int i = 0; i < 15; i++)
        put(made, 0, 1);
    const int counts[] = {0, 0, leaps, change_sec != 0, 2, 4};
    for (int i = 0; i < 6; i++)
        put(made, counts[i], 4);
    if (change_sec != 0) {
        put(made, change_sec, time_bytes);
        put(made, 1, 1);
    }
    put(made, -1000, 4);
    put(made, first_is_dst ? 1 : 0, 1);
    put(made, 0, 1);
    put(made, 7200, 4);
    put(made, 0, 2);
    put(made, 0x53544400, 4);
    for (int i = 0; i < leaps * (time_bytes + 4); i++)
        put(made, 0, 1);
}

static void put_footer(struct made *made, const char *footer)
{
    made->length += (size_t)snprintf(made->bytes + made->length, sizeof(made->bytes) - made->length,
                                     "\n%s\n", footer);
}

static struct zone *zone_of(const struct made *made)
{
    struct zone *zone = NULL;
    struct error error = {0};
    int result = zone_create(&zone, "made", made->bytes, made->length, &error);
    assert_true(result == 0 || (result == EXIT_CODE_CONFIG && error.text[0] != '\0'));
    return result == 0 ? zone : NULL;
}

static void each_version_is_read(void **state)
{
    static const char versions[] = {'\0', '2', '3', '4'};
    (void)state;
    for (size_t i = 0; i < sizeof(versions); i++) {
        struct made made = {0};
        /* The 32 bits say otherwise: they count in version 1 only. */
        put_block(&made, versions[i], i == 0 ? 1000 : 5, false, 0);
        if (i > 0) {
            put_block(&made, versions[i], 1000, false, 0);
            put_footer(&made, "");
        }
        struct zone *zone = zone_of(&made);
        assert_non_null(zone);
        assert_int_equal(zone_offset_sec(zone, 999999), -1000);
        assert_int_equal(zone_offset_sec(zone, 1000000), 7200);
        assert_int_equal(zone_offset_sec(zone, utc_ms(2100, 7, 1, 0, 0)), 7200);
        zone_destroy(zone);
    }
}

static void before_the_first_change_it_is_no_dst(void **state)
{
    struct made made = {0};
    (void)state;
    put_block(&made, '\0', 1000, true, 0);
    struct zone *zone = zone_of(&made);
    assert_non_null(zone);
    assert_int_equal(zone_offset_sec(zone, 0), 7200);
    zone_destroy(zone);
}

static void without_a_footer_the_last_type_holds(void **state)
{
    struct made made = {0};
    (void)state;
    put_block(&made, '2', 5, false, 0);
    put_block(&made, '2', 1000, false, 0);
    struct zone *zone = zone_of(&made);
    assert_non_null(zone);
    assert_int_equal(zone_offset_sec(zone, utc_ms(2100, 1, 1, 0, 0)), 7200);
    zone_destroy(zone);
}

static void leap_seconds_are_refused(void **state)
{
    struct made made = {0};
    (void)state;
    put_block(&made, '\0', 1000, false, 1);
    assert_null(zone_of(&made));
}

struct rule_case {
    const char *footer;
    int32_t year, month, day, hour, minute; /* UTC */
    int32_t offset_min;                     /* from then on */
    int32_t before_min;                     /* a second earlier */
};

static void footers_are_followed(void **state)
{
    static const struct rule_case cases[] = {
        {"UTC0", 2100, 3, 1, 0, 0, 0, 0},
        {"<+03>-3", 2100, 3, 1, 0, 0, 180, 180},
        {"<+0330>-3:30:00", 2100, 3, 1, 0, 0, 210, 210},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 2100, 3, 28, 1, 0, 120, 60},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 2100, 10, 31, 1, 0, 60, 120},
        {"EST5EDT,M3.2.0,M11.1.0", 2100, 3, 14, 7, 0, -240, -300},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 2100, 10, 2, 15, 30, 660, 630},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 2100, 10, 31, 1, 0, 0, 60}, /* negative DST */
        /* Hours below 0 and beyond 24: the Saturday before, and the day after. */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2100, 3, 28, 1, 0, -60, -120},
        {"IST-2IDT,M3.4.4/26,M10.5.0", 2100, 3, 26, 0, 0, 180, 120},
        {"XXX0YYY,M3.1.0/167,M10.1.0/-167", 2100, 3, 13, 23, 0, 60, 0},
        {"XXX0YYY,M3.1.0/167,M10.1.0/-167", 2100, 9, 26, 0, 0, 0, 60},
        /* J60 is the first of March in every year, 59 only in common ones. */
        {"XXX0YYY,J60/0,J300/0", 2096, 3, 1, 0, 0, 60, 0},
        {"XXX0YYY,J60/0,J300/0", 2100, 3, 1, 0, 0, 60, 0},
        {"XXX0YYY,59/0,299/0", 2096, 2, 29, 0, 0, 60, 0},
        {"XXX0YYY,59/0,299/0", 2100, 3, 1, 0, 0, 60, 0},
        /* DST all the year round. */
        {"XXX5YYY4,0/0,J365/25", 2100, 1, 1, 5, 0, -240, -240},
        {"XXX5YYY4,0/0,J365/25", 2100, 7, 1, 0, 0, -240, -240},
        /* The south: DST over the turn of the year. */
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", 2100, 1, 1, 0, 0, 780, 780},
        {"NZST-12NZDT,M9.5.0,M4.1.0/3", 2100, 4, 3, 14, 0, 720, 780},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct rule_case *rule = &cases[i];
        struct made made = {0};
        put_block(&made, '3', 0, false, 0);
        put_block(&made, '3', 0, false, 0);
        put_footer(&made, rule->footer);
        struct zone *zone = zone_of(&made);
        assert_non_null(zone);
        int64_t at = utc_ms(rule->year, rule->month, rule->day, rule->hour, rule->minute);
        if (zone_offset_sec(zone, at) != rule->offset_min * 60 ||
            zone_offset_sec(zone, at - 1) != rule->before_min * 60)
            fail_msg("%s at %d-%02d-%02d: %d s, before %d s", rule->footer, rule->year, rule->month,
                     rule->day, zone_offset_sec(zone, at), zone_offset_sec(zone, at - 1));
        zone_destroy(zone);
    }
}

static void bad_footers_are_refused(void **state)
{
    static const char *const bad[] = {
        "CE-1",
        "CET",
        "CET-25",
        "CET-1:60",
        "<+03-3",
        "<>3",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J300",
        "CET-1CEST,J366,J300",
        "CET-1CEST,366,300",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0/99999999999,M10.5.0",
        " CET-1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct made made = {0};
        put_block(&made, '3', 0, false, 0);
        put_block(&made, '3', 0, false, 0);
        put_footer(&made, bad[i]);
        if (zone_of(&made) != NULL)
            fail_msg("accepted: %s", bad[i]);
    }
}

/* ---- Damaged data ---- */

static int64_t random_instant_ms(void)
{
    int64_t first = utc_ms(1880, 1, 1, 0, 0);
    int64_t last = utc_ms(2200, 1, 1, 0, 0);
    return first + (int64_t)random_below((uint64_t)(last - first));
}

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
        cmocka_unit_test(each_version_is_read),
        cmocka_unit_test(before_the_first_change_it_is_no_dst),
        cmocka_unit_test(without_a_footer_the_last_type_holds),
        cmocka_unit_test(leap_seconds_are_refused),
        cmocka_unit_test(footers_are_followed),
        cmocka_unit_test(bad_footers_are_refused),
        cmocka_unit_test(damaged_data_does_no_harm),
        cmocka_unit_test(what_is_no_tzif_is_refused),
    };
    return cmocka_run_group_tests_name("tzif", tests, choose_seed, NULL);
}
