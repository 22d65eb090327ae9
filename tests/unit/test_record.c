/* SPDX-License-Identifier: MIT */
#include "record/allowance.h"
#include "record/credit.h"
#include "record/fuse.h"
#include "record/text.h"
#include "record/usage.h"
#include "zone/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t slot_ms = USAGE_SLOT_MS;

/* ---- uuid ---- */

static void uuids_rise(void **state)
{
    struct uuid_source source = {0};
    uint8_t random[UUID_RANDOM_BYTES];
    uint8_t before[UUID_BYTES] = {0};
    uint8_t next[UUID_BYTES];
    int64_t wall_ms = 1768564800000;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        memset(random, 0xFF - i % 256, sizeof(random));
        if (i == 10000)
            wall_ms -= 3600 * 1000; /* the clock steps back */
        else if (i % 5000 == 0)
            wall_ms++;
        uuid_next(&source, wall_ms, random, next);
        if (memcmp(before, next, UUID_BYTES) >= 0)
            fail_msg("id %d does not rise", i);
        assert_int_equal(next[6] >> 4, 7);
        assert_int_equal(next[8] >> 6, 2);
        memcpy(before, next, UUID_BYTES);
    }
}

static void uuids_hold_the_time(void **state)
{
    static const uint8_t random[UUID_RANDOM_BYTES] = {0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
                                                      0xAA, 0xAA, 0xFF, 0x01, 0x02, 0x03,
                                                      0x04, 0x05, 0x06, 0x07};
    struct uuid_source source = {0};
    uint8_t uuid[UUID_BYTES];
    char text[UUID_TEXT_CAPACITY];
    (void)state;
    uuid_next(&source, 0x0123456789AB, random, uuid);
    uuid_format(uuid, text);
    assert_string_equal(text, "01234567-89ab-7000-bf01-020304050607");
    uuid_next(&source, 0x0123456789AB, random, uuid);
    uuid_format(uuid, text);
    assert_string_equal(text, "01234567-89ab-7001-bf01-020304050607");
    uuid_random(random, uuid);
    uuid_format(uuid, text);
    assert_string_equal(text, "aaaaaaaa-aaaa-4aaa-bf01-020304050607");
}

static void uuids_are_parsed(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "0123456789abcdef0123456789abcdef",
                                      "01234567-89ab-7000-bf01-02030405060",
                                      "01234567-89ab-7000-bf01-0203040506070",
                                      "01234567-89ab-7000-bf01-02030405060g",
                                      "01234567-89ab-7000-bf0-1020304050607",
                                      "01234567x89ab-7000-bf01-020304050607",
                                      " 1234567-89ab-7000-bf01-020304050607"};
    uint8_t uuid[UUID_BYTES];
    char text[UUID_TEXT_CAPACITY];
    (void)state;
    assert_true(uuid_parse("01234567-89AB-7000-bF01-020304050607", uuid));
    uuid_format(uuid, text);
    assert_string_equal(text, "01234567-89ab-7000-bf01-020304050607");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (uuid_parse(bad[i], uuid))
            fail_msg("accepted: %s", bad[i]);
}

/* ---- JSON ---- */

static struct heartbeat sample(void)
{
    struct heartbeat heartbeat = {.seq = 42,
                                  .wall_ms = 1768564800007,
                                  .credited_ms = 5003,
                                  .overdraft_ms = 40,
                                  .poll_interval_sec = 5,
                                  .flags = 15,
                                  .is_playing = true};
    uuid_parse("019bc6c4-9c00-7000-8000-0000000000ff", heartbeat.id);
    snprintf(heartbeat.activity, sizeof(heartbeat.activity), "Mine\"craft\\ \xC3\xA9");
    snprintf(heartbeat.decided_by, sizeof(heartbeat.decided_by), "games");
    return heartbeat;
}

static void json_is_exact(void **state)
{
    char json[HEARTBEAT_JSON_CAPACITY];
    struct heartbeat_origin origin = {.device_id = "pc-01"};
    struct heartbeat heartbeat = sample();
    (void)state;
    uuid_parse("11111111-2222-4333-8444-555555555555", origin.epoch);
    size_t length = heartbeat_to_json(&heartbeat, &origin, json);
    assert_string_equal(
        json, "{\"id\":\"019bc6c4-9c00-7000-8000-0000000000ff\",\"seq\":42,"
              "\"epoch\":\"11111111-2222-4333-8444-555555555555\",\"device_id\":\"pc-01\","
              "\"timestamp_utc\":\"2026-01-16T12:00:00.007Z\",\"is_playing\":true,"
              "\"poll_interval_sec\":5,\"activity\":\"Mine\\\"craft\\\\ \xC3\xA9\","
              "\"credited_sec\":5.003,\"overdraft_sec\":0.040,\"decided_by\":\"games\","
              "\"flags\":[\"first\",\"resumed\",\"clock_step\",\"late\"]}");
    assert_int_equal(length, strlen(json));

    struct heartbeat idle = {.wall_ms = 1768564800000, .poll_interval_sec = 5};
    heartbeat_to_json(&idle, &(struct heartbeat_origin){.device_id = "pc"}, json);
    assert_string_equal(json,
                        "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"seq\":0,"
                        "\"epoch\":\"00000000-0000-0000-0000-000000000000\",\"device_id\":\"pc\","
                        "\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\",\"is_playing\":false,"
                        "\"poll_interval_sec\":5,\"activity\":null,\"credited_sec\":0.000,"
                        "\"overdraft_sec\":0.000,\"decided_by\":null,\"flags\":[]}");
}

static void the_longest_json_fits(void **state)
{
    char json[HEARTBEAT_JSON_CAPACITY];
    struct heartbeat_origin origin = {0};
    struct heartbeat heartbeat = sample();
    (void)state;
    heartbeat.seq = INT64_MAX;
    heartbeat.credited_ms = heartbeat.overdraft_ms = INT64_MAX;
    heartbeat.poll_interval_sec = INT32_MAX;
    memset(heartbeat.activity, 1, ACTIVITY_CAPACITY - 1); /* six bytes each: \u0001 */
    memset(heartbeat.decided_by, 1, INSTANCE_CAPACITY - 1);
    memset(origin.device_id, 1, DEVICE_CAPACITY - 1);
    size_t length = heartbeat_to_json(&heartbeat, &origin, json);
    assert_int_equal(length, strlen(json));
    assert_non_null(strstr(json, "\"credited_sec\":9223372036854775.807,"));
    assert_non_null(strstr(json, "\"decided_by\":\"\\u0001\\u0001"));
    assert_true(length > 6 * (ACTIVITY_CAPACITY + INSTANCE_CAPACITY + DEVICE_CAPACITY - 3));
}

/* ---- Credit ---- */

struct credit_case {
    const char *name;
    int64_t monotonic_ms; /* since the previous tick */
    int64_t boottime_ms;
    int64_t wall_ms;
    const char *boot_id; /* of the tick now; the previous one's is "a" */
    bool has_previous;
    bool first;
    bool playing;
    int64_t credited_ms;
    uint32_t flags;
};

static void credit_follows_the_table(void **state)
{
    enum { STEP = HEARTBEAT_CLOCK_STEP, FIRST = HEARTBEAT_FIRST };
    enum { RESUMED = HEARTBEAT_RESUMED, LATE = HEARTBEAT_LATE };
    static const struct credit_case cases[] = {
        {"normal", 5000, 5000, 5000, "a", true, false, true, 5000, 0},
        {"a little early", 4990, 4990, 4990, "a", true, false, true, 4990, 0},
        {"not late yet", 7500, 7500, 7500, "a", true, false, true, 7500, 0},
        {"late", 7501, 7501, 7501, "a", true, false, true, 7501, LATE},
        {"two intervals", 10000, 10000, 10000, "a", true, false, true, 10000, LATE},
        {"capped", 10001, 10001, 10001, "a", true, false, true, 10000, LATE},
        {"an hour late", 3600000, 3600000, 3600000, "a", true, false, true, 10000, LATE},
        {"idle", 5000, 5000, 5000, "a", true, false, false, 0, 0},
        {"idle and late", 8000, 8000, 8000, "a", true, false, false, 0, LATE},
        {"the very first", 0, 0, 0, "a", false, true, true, 0, FIRST},
        {"first, same boot", 3000, 3000, 3000, "a", true, true, true, 3000, FIRST},
        {"first, long ago", 60000, 60000, 60000, "a", true, true, true, 5000, FIRST},
        {"first, idle", 3000, 3000, 3000, "a", true, true, false, 0, FIRST},
        {"first, other boot", 3000, 3000, 3000, "b", true, true, true, 0, FIRST},
        {"first, unknown boot", 3000, 3000, 3000, "", true, true, true, 0, FIRST},
        {"first, clock behind", -1, -1, 3000, "a", true, true, true, 0, FIRST},
        {"slept", 5000, 3605000, 3605000, "a", true, false, true, 5000, RESUMED},
        {"slept, idle", 5000, 3605000, 3605000, "a", true, false, false, 0, RESUMED},
        {"slept a second", 5000, 6000, 6000, "a", true, false, true, 5000, RESUMED},
        {"slept less", 5000, 5999, 5999, "a", true, false, true, 5000, 0},
        {"slept between runs", 3000, 90000, 90000, "a", true, true, true, 3000, FIRST | RESUMED},
        {"step ahead", 5000, 5000, 7001, "a", true, false, true, 5000, STEP},
        {"step back", 5000, 5000, 2999, "a", true, false, true, 5000, STEP},
        {"drift ahead", 5000, 5000, 7000, "a", true, false, true, 5000, 0},
        {"drift back", 5000, 5000, 3000, "a", true, false, true, 5000, 0},
        {"a year ahead", 5000, 5000, 31536000000, "a", true, false, true, 5000, STEP},
        {"a year back", 5000, 5000, -31536000000, "a", true, false, false, 0, STEP},
        {"all at once", 9000, 60000, 1000, "a", true, false, true, 9000, STEP | RESUMED | LATE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct credit_case *now_case = &cases[i];
        struct tick previous = {1000000, 1500000, 1768564800000, "a"};
        struct tick now = {previous.monotonic_ms + now_case->monotonic_ms,
                           previous.boottime_ms + now_case->boottime_ms,
                           previous.wall_ms + now_case->wall_ms, ""};
        snprintf(now.boot_id, sizeof(now.boot_id), "%s", now_case->boot_id);
        struct credit credit = credit_tick(now_case->has_previous ? &previous : NULL, &now, 5000,
                                           now_case->first, now_case->playing);
        if (credit.credited_ms != now_case->credited_ms || credit.flags != now_case->flags)
            fail_msg("%s: %lld ms, flags %u", now_case->name, (long long)credit.credited_ms,
                     credit.flags);
    }
}

static void an_unknown_boot_is_never_the_same(void **state)
{
    struct tick previous = {1000, 1000, 1000, ""};
    struct tick now = {4000, 4000, 4000, ""};
    (void)state;
    assert_int_equal(credit_tick(&previous, &now, 5000, true, true).credited_ms, 0);
}

/* ---- Usage ---- */

static void check_parts(const struct heartbeat *heartbeat, int count,
                        const struct usage_part *expected)
{
    struct usage_part parts[USAGE_PARTS_MAX];
    assert_int_equal(usage_split(heartbeat, parts), count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(parts[i].slot, expected[i].slot);
        assert_int_equal(parts[i].date_utc, expected[i].date_utc);
        assert_int_equal(parts[i].used_ms, expected[i].used_ms);
        assert_int_equal(parts[i].overdraft_ms, expected[i].overdraft_ms);
    }
}

static void usage_is_split_at_quarter_hours(void **state)
{
    (void)state;
    struct heartbeat inside = {.wall_ms = 97 * slot_ms + 5000, .credited_ms = 5000};
    check_parts(&inside, 1, &(struct usage_part){97, 1, 5000, 0});
    struct heartbeat none = {.wall_ms = 97 * slot_ms + 5000};
    check_parts(&none, 0, NULL);
    struct heartbeat at_end = {.wall_ms = 98 * slot_ms, .credited_ms = 5000};
    check_parts(&at_end, 1, &(struct usage_part){97, 1, 5000, 0});
    struct heartbeat across = {
        .wall_ms = 98 * slot_ms + 1, .credited_ms = 5000, .overdraft_ms = 2000};
    check_parts(&across, 2, (struct usage_part[]){{97, 1, 4999, 1999}, {98, 1, 1, 1}});
    struct heartbeat midnight = {.wall_ms = 96 * slot_ms + 2000, .credited_ms = 5000};
    check_parts(&midnight, 2, (struct usage_part[]){{95, 0, 3000, 0}, {96, 1, 2000, 0}});
    struct heartbeat early = {.wall_ms = -1000, .credited_ms = 2000};
    check_parts(&early, 1, &(struct usage_part){-1, -1, 2000, 0});
}

static void usage_keeps_overdraft_on_its_side_of_a_border(void **state)
{
    (void)state;
    /* A household day begins 2 s into the slot: 3 s before it, 2 s of them overdraft; 4 s after. */
    struct heartbeat heartbeat = {.wall_ms = 200 * slot_ms + 6000,
                                  .credited_ms = 7000,
                                  .overdraft_ms = 3000,
                                  .border_ms = 200 * slot_ms + 2000,
                                  .overdraft_before_ms = 2500};
    check_parts(&heartbeat, 2, (struct usage_part[]){{199, 2, 1000, 500}, {200, 2, 6000, 2500}});
}

static void usage_sums_are_exact(void **state)
{
    struct usage_part parts[USAGE_PARTS_MAX];
    unsigned seed = 20260116;
    (void)state;
    srand(seed);
    for (int i = 0; i < 20000; i++) {
        int64_t credited = rand() % (2 * POLL_INTERVAL_MAX_SEC * 1000 + 1);
        int64_t before = credited > 0 ? rand() % (credited + 1) : 0;
        struct heartbeat heartbeat = {.wall_ms = 1768564800000 + rand() % 100000000,
                                      .credited_ms = credited};
        if (i % 2 == 0 && before > 0) {
            heartbeat.border_ms = heartbeat.wall_ms - credited + before;
            heartbeat.overdraft_before_ms = rand() % (before + 1);
            heartbeat.overdraft_ms =
                heartbeat.overdraft_before_ms + rand() % (credited - before + 1);
        } else {
            heartbeat.overdraft_ms = before;
        }
        int64_t used = 0;
        int64_t over = 0;
        int count = usage_split(&heartbeat, parts);
        for (int j = 0; j < count; j++) {
            assert_true(parts[j].used_ms > 0 && parts[j].overdraft_ms <= parts[j].used_ms);
            assert_int_equal(parts[j].date_utc, civil_date_utc(parts[j].slot * slot_ms));
            assert_true(j == 0 || parts[j].slot == parts[j - 1].slot + 1);
            used += parts[j].used_ms;
            over += parts[j].overdraft_ms;
        }
        if (used != heartbeat.credited_ms || over != heartbeat.overdraft_ms)
            fail_msg("seed %u, heartbeat %d: the sums differ", seed, i);
    }
}

/* Its border is at 0, which is else the sign for none. */
static void the_day_before_1970_has_an_overdraft_of_its_own(void **state)
{
    struct day_account before = {.start_ms = -CIVIL_DAY_MS, .end_ms = 0, .allowance_ms = 0};
    struct day_account today = {.start_ms = 0, .end_ms = CIVIL_DAY_MS, .allowance_ms = 1000};
    struct heartbeat heartbeat = {.wall_ms = 3000, .credited_ms = 5000};
    struct usage_part parts[USAGE_PARTS_MAX];
    (void)state;
    allowance_apply(&heartbeat, &before, &today);
    assert_int_equal(usage_split(&heartbeat, parts), 2);
    assert_int_equal(parts[0].slot, -1);
    assert_int_equal(parts[0].used_ms, 2000);
    assert_int_equal(parts[0].overdraft_ms, 2000);
    assert_int_equal(parts[1].used_ms, 3000);
    assert_int_equal(parts[1].overdraft_ms, 2000);
}

/* ---- Allowance ---- */

static void overdraft_is_what_comes_last(void **state)
{
    struct day_account day = {.start_ms = 0, .end_ms = CIVIL_DAY_MS, .allowance_ms = 7000};
    struct heartbeat heartbeat = {.wall_ms = 50000, .credited_ms = 5000, .border_ms = 9};
    (void)state;
    allowance_apply(&heartbeat, NULL, &day);
    assert_int_equal(heartbeat.overdraft_ms, 0);
    assert_int_equal(heartbeat.border_ms, 0);
    assert_int_equal(allowance_left_ms(&day), 2000);
    heartbeat.wall_ms += 5000;
    allowance_apply(&heartbeat, NULL, &day);
    assert_int_equal(heartbeat.overdraft_ms, 3000);
    assert_int_equal(allowance_left_ms(&day), 0);
    heartbeat.wall_ms += 5000;
    allowance_apply(&heartbeat, NULL, &day);
    assert_int_equal(heartbeat.overdraft_ms, 5000);
    assert_int_equal(day.used_ms, 15000);
    assert_int_equal(day.overdraft_ms, 8000);
    assert_int_equal(allowance_left_ms(&day), 0);
}

static void without_an_allowance_nothing_is_overdraft(void **state)
{
    struct day_account day = {
        .start_ms = 0, .end_ms = CIVIL_DAY_MS, .allowance_ms = ALLOWANCE_UNLIMITED};
    struct heartbeat heartbeat = {.wall_ms = 50000, .credited_ms = 5000};
    (void)state;
    allowance_apply(&heartbeat, NULL, &day);
    assert_int_equal(heartbeat.overdraft_ms, 0);
    assert_int_equal(day.used_ms, 5000);
    assert_int_equal(allowance_left_ms(&day), ALLOWANCE_UNLIMITED);
    day.allowance_ms = 0; /* none at all is something else */
    allowance_apply(&heartbeat, NULL, &day);
    assert_int_equal(heartbeat.overdraft_ms, 5000);
}

static void each_day_pays_for_its_side_of_the_border(void **state)
{
    int64_t border = CIVIL_DAY_MS;
    struct day_account before = {
        .start_ms = 0, .end_ms = border, .allowance_ms = 1000, .used_ms = 500};
    struct day_account today = {
        .start_ms = border, .end_ms = 2 * border, .allowance_ms = 1500, .overdraft_ms = 0};
    struct heartbeat heartbeat = {.wall_ms = border + 2000, .credited_ms = 5000};
    (void)state;
    allowance_apply(&heartbeat, &before, &today);
    assert_int_equal(heartbeat.border_ms, border);
    assert_int_equal(heartbeat.overdraft_before_ms, 2500);
    assert_int_equal(heartbeat.overdraft_ms, 2500 + 500);
    assert_int_equal(before.used_ms, 3500);
    assert_int_equal(before.overdraft_ms, 2500);
    assert_int_equal(today.used_ms, 2000);
    assert_int_equal(today.overdraft_ms, 500);

    /* A credit that begins exactly where the day does is the day's alone. */
    struct heartbeat exact = {.wall_ms = border + 1000, .credited_ms = 1000};
    allowance_apply(&exact, NULL, &today);
    assert_int_equal(exact.border_ms, 0);
    /* One that ends there is wholly the day before's. */
    struct day_account fresh = {
        .start_ms = border, .end_ms = 2 * border, .allowance_ms = 1000, .used_ms = 0};
    struct heartbeat last = {.wall_ms = border, .credited_ms = 1000};
    allowance_apply(&last, &before, &fresh);
    assert_int_equal(fresh.used_ms, 0);
    assert_int_equal(last.overdraft_ms, 1000);
    assert_int_equal(before.used_ms, 4500);
}

/* ---- Fuse ---- */

/* a and not b, and c or d, as the parser would put it. */
static const struct fuse_rule rule = {
    .steps = {{FUSE_DETECTOR, 0},
              {FUSE_DETECTOR, 1},
              {FUSE_NOT, -1},
              {FUSE_AND, -1},
              {FUSE_DETECTOR, 2},
              {FUSE_OR, -1}},
    .deciding = {true, false, false, false, true, false},
    .count = 6,
};

static void a_rule_is_evaluated(void **state)
{
    (void)state;
    for (int bits = 0; bits < 8; bits++) {
        struct fuse_view views[3] = {{.available = true, .active = (bits & 1) != 0},
                                     {.available = true, .active = (bits & 2) != 0},
                                     {.available = true, .active = (bits & 4) != 0}};
        bool a = views[0].active;
        bool b = views[1].active;
        bool c = views[2].active;
        struct fuse_verdict verdict = fuse(&rule, views);
        assert_int_equal(verdict.is_playing, (a && !b) || c);
        int expected = !verdict.is_playing ? -1 : a ? 0 : 2;
        assert_int_equal(verdict.decided_by, expected);
    }
}

static void the_most_confident_decides(void **state)
{
    struct fuse_view views[3] = {{.available = true, .active = true, .confidence = 50},
                                 {.available = true, .active = false, .confidence = 100},
                                 {.available = true, .active = true, .confidence = 80}};
    (void)state;
    assert_int_equal(fuse(&rule, views).decided_by, 2);
    views[2].confidence = 50; /* a tie: the first of the rule */
    assert_int_equal(fuse(&rule, views).decided_by, 0);
    views[0].available = false; /* what is not there says nothing */
    assert_int_equal(fuse(&rule, views).decided_by, 2);
    views[2].available = false;
    assert_false(fuse(&rule, views).is_playing);
    views[0].available = true;
    views[1] = (struct fuse_view){.available = false, .active = true};
    assert_true(fuse(&rule, views).is_playing); /* and cannot veto */
}

static void a_not_decides_nothing(void **state)
{
    static const struct fuse_rule only_not = {.steps = {{FUSE_DETECTOR, 0}, {FUSE_NOT, -1}},
                                              .count = 2};
    static const struct fuse_rule empty = {.count = 0};
    struct fuse_view view = {.available = true};
    (void)state;
    struct fuse_verdict verdict = fuse(&only_not, &view);
    assert_true(verdict.is_playing);
    assert_int_equal(verdict.decided_by, -1);
    assert_false(fuse(&empty, &view).is_playing);
}

/* ---- Text ---- */

struct text_case {
    const char *source;
    const char *expected;
};

#define BAD "\xEF\xBF\xBD"

static void text_is_repaired(void **state)
{
    static const struct text_case cases[] = {
        {NULL, ""},
        {"", ""},
        {"plain", "plain"},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\xAE", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\xAE"},
        {"a\nb\tc\x7F", "a b c "},
        {"a\xC2\x80"
         "b\xC2\x9B"
         "31mc\xC2\x9F",
         "a b 31mc "},            /* C1: the second would begin an escape sequence */
        {"\xC2\xA0", "\xC2\xA0"}, /* the first after them */
        {"\xE2\x80\xA7", "\xE2\x80\xA7"},
        {"\xE2\x80\xA8\xE2\x80\xA9", "  "},   /* new line, new paragraph */
        {"\xE2\x80\xAA|\xE2\x80\xAE", " | "}, /* the first and the last override */
        {"\xE2\x80\xAF", "\xE2\x80\xAF"},
        {"\xE2\x81\xA5", "\xE2\x81\xA5"},
        {"\xE2\x81\xA6|\xE2\x81\xA9", " | "}, /* the first and the last isolate */
        {"\xE2\x81\xAA", "\xE2\x81\xAA"},
        {"\xE2\x82\xA8\xE3\x80\xA8\xC3\x80", "\xE2\x82\xA8\xE3\x80\xA8\xC3\x80"},
        {"\xF0\xA2\x80\xA8", "\xF0\xA2\x80\xA8"},
        {"\xFFx", BAD "x"},
        {"x\x80y", "x" BAD "y"},
        {"\xC0\xAF", BAD BAD},                 /* overlong / */
        {"\xE0\x80\xAF", BAD BAD BAD},         /* overlong / */
        {"\xF0\x80\x80\xAF", BAD BAD BAD BAD}, /* overlong / */
        {"\xED\xA0\x80", BAD BAD BAD},         /* a surrogate */
        {"\xED\x9F\xBF", "\xED\x9F\xBF"},      /* the last before them */
        {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
        {"\xF4\x90\x80\x80", BAD BAD BAD BAD}, /* beyond U+10FFFF */
        {"\xF5\x80\x80\x80", BAD BAD BAD BAD},
        {"x\xE2\x82", "x" BAD BAD}, /* cut short */
        {"\xF0\x9F\x8E", BAD BAD BAD},
        {"\xC3", BAD},
    };
    char target[64];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        text_copy(target, sizeof(target), cases[i].source);
        assert_string_equal(target, cases[i].expected);
    }
}

static void text_is_cut_between_characters(void **state)
{
    char target[8] = "xxxxxxx";
    (void)state;
    text_copy(target, 1, "abc");
    assert_string_equal(target, "");
    text_copy(target, 4, "abc");
    assert_string_equal(target, "abc");
    text_copy(target, 4, "abcd");
    assert_string_equal(target, "abc");
    text_copy(target, 4, "ab\xC3\xA9");
    assert_string_equal(target, "ab");
    text_copy(target, 5, "ab\xC3\xA9");
    assert_string_equal(target, "ab\xC3\xA9");
    text_copy(target, 5, "ab\xFF"); /* U+FFFD needs three */
    assert_string_equal(target, "ab");
    text_copy(target, 4, "ab\xE2\x80\xAE"); /* its space needs one */
    assert_string_equal(target, "ab ");
    memset(target, 'x', sizeof(target));
    text_copy(target, 4, "abcdefgh");
    assert_int_equal(target[4], 'x');
}

static void characters_are_measured(void **state)
{
    (void)state;
    assert_int_equal(text_character(""), 0);
    assert_int_equal(text_character("a"), 1);
    assert_int_equal(text_character("\xC3\xA9"), 2);
    assert_int_equal(text_character("\xE2\x82\xAC"), 3);
    assert_int_equal(text_character("\xF0\x9F\x8E\xAE"), 4);
    assert_int_equal(text_character("\xA9"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuids_rise),
        cmocka_unit_test(uuids_hold_the_time),
        cmocka_unit_test(uuids_are_parsed),
        cmocka_unit_test(json_is_exact),
        cmocka_unit_test(the_longest_json_fits),
        cmocka_unit_test(credit_follows_the_table),
        cmocka_unit_test(an_unknown_boot_is_never_the_same),
        cmocka_unit_test(usage_is_split_at_quarter_hours),
        cmocka_unit_test(usage_keeps_overdraft_on_its_side_of_a_border),
        cmocka_unit_test(usage_sums_are_exact),
        cmocka_unit_test(overdraft_is_what_comes_last),
        cmocka_unit_test(without_an_allowance_nothing_is_overdraft),
        cmocka_unit_test(the_day_before_1970_has_an_overdraft_of_its_own),
        cmocka_unit_test(each_day_pays_for_its_side_of_the_border),
        cmocka_unit_test(a_rule_is_evaluated),
        cmocka_unit_test(the_most_confident_decides),
        cmocka_unit_test(a_not_decides_nothing),
        cmocka_unit_test(text_is_repaired),
        cmocka_unit_test(text_is_cut_between_characters),
        cmocka_unit_test(characters_are_measured),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
