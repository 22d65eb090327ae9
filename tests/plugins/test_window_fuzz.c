/* SPDX-License-Identifier: MIT */
/* Rules and titles of window_title that were broken at random. Deterministic: a failure names the
 * round, and CLB_FUZZ_SEED with that number and CLB_FUZZ_COUNT=1 shows it again. CLB_FUZZ_COUNT
 * says how many rounds there are. */
#include "desktop/text.h"
#include "window_rules.h"
#include "window_title/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const patterns[] = {
    "^Minecraft\\b.*",     "(?<game>[^-]+) - (\\w+)$", "(a+a+)+[xy]",        "^(?:(?=x)a|b)*(?i)c",
    "\\p{Lu}\\X(?<=\\K.)", "(?|(a)|(b))\\1(?1)?",      "^steam_app_(\\d+)$",
};
static const char *const activities[] = {"Minecraft", "$1", "${game} $$", "$2-${1}", "Ca$h ${"};
static const char *const titles[] = {
    "Minecraft 1.20.4 - Multiplayer",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "Löwe – 東京 🎮",
    "steam_app_570",
    "a\xCC\x81\xCC\x81 x\xE2\x80\xAE y",
};

/* ---- Chance: xorshift64 with a seed that is never 0 ---- */

static uint64_t chance;

static void set_chance(uint64_t seed)
{
    chance = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1;
}

static size_t below(size_t limit)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return limit > 0 ? (size_t)(chance % limit) : 0;
}

/* ---- Breaking ---- */

enum { LENGTH_MAX = 1500 };

struct broken {
    char text[LENGTH_MAX + 1]; /* may have a NUL within */
    size_t length;
};

static void insert(struct broken *broken, const char *bytes, size_t length)
{
    size_t at = below(broken->length + 1);
    if (broken->length + length > LENGTH_MAX)
        return;
    memmove(broken->text + at + length, broken->text + at, broken->length - at);
    memcpy(broken->text + at, bytes, length);
    broken->length += length;
}

static void break_once(struct broken *broken, const char *const *others, size_t count)
{
    static const char special[] = "()[]{}*+?|^$\\.<>=!:#-,0123456789akKXx\xFF\xC3\xE2\x82";
    const char *other = others[below(count)];
    char c = (char)below(256);
    switch (below(4)) {
    case 0:
        if (broken->length > 0)
            broken->text[below(broken->length)] = c;
        break;
    case 1:
        insert(broken, &special[below(sizeof(special) - 1)], 1);
        break;
    case 2:
        insert(broken, other, below(strlen(other) + 1));
        break;
    default:
        for (size_t i = below(40); i > 0; i--)
            insert(broken, &special[below(sizeof(special) - 1)], 1);
    }
}

static void make(struct broken *broken, const char *const *originals, size_t count, size_t times)
{
    const char *original = originals[below(count)];
    broken->length = strlen(original);
    memcpy(broken->text, original, broken->length);
    for (; times > 0; times--)
        break_once(broken, originals, count);
    broken->text[broken->length] = '\0';
}

/* ---- What has to hold ---- */

static bool is_clean(const char *text)
{
    char again[WINDOW_TITLE_BYTES];
    desktop_text_utf8(again, sizeof(again), text, strlen(text));
    return strcmp(again, text) == 0;
}

static void match(struct match_rules *rules)
{
    static const size_t capacities[] = {1, 2, 5, 64, WINDOW_TITLE_BYTES};
    struct window window = {.is_focused = true, .is_fullscreen = below(2) == 0};
    struct broken title;
    int rule;
    const char *pattern;
    make(&title, titles, COUNT(titles), below(6));
    size_t capacity = capacities[below(COUNT(capacities))];
    if (below(2) == 0)
        desktop_text_utf8(window.title, capacity, title.text, title.length);
    else
        desktop_text_latin1(window.title, capacity, title.text, title.length);
    assert_true(strlen(window.title) < capacity && is_clean(window.title));
    snprintf(window.app, sizeof(window.app), "%s", titles[below(COUNT(titles))]);
    struct match found = match_window(rules, &window);
    assert_in_range(found.rule + 1, 0, match_count(rules));
    assert_true(strlen(found.activity) < ACTIVITY_BYTES && is_clean(found.activity));
    while (match_next_slow(rules, &rule, &pattern))
        assert_in_range(rule, 0, match_count(rules) - 1);
}

/* True: the rule was good. */
static bool try_rule(void)
{
    struct broken title;
    struct broken app;
    struct broken activity;
    struct window_rules made;
    clb_error error = {.size = sizeof(error)};
    make(&title, patterns, COUNT(patterns), below(4));
    make(&app, patterns, COUNT(patterns), below(4));
    make(&activity, activities, COUNT(activities), below(3));
    struct window_rule rule = {.activity = activity.text, .fullscreen = below(4) == 0};
    rule.title[0] = below(3) > 0 ? title.text : NULL;
    rule.app[0] = below(3) == 0 ? app.text : NULL;
    rule.exclude[0] = below(5) == 0 ? app.text : NULL;
    window_rules_init(&made, &rule, 1, below(4) > 0);
    struct match_rules *rules = match_create(&made.settings, &error);
    assert_true((rules == NULL) == (error.text[0] != '\0'));
    if (rules == NULL)
        return false;
    for (int i = 0; i < 4; i++)
        match(rules);
    match_destroy(rules);
    return true;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static volatile uint64_t round_now; /* a debugger finds it after a crash */

static void no_rule_and_no_title_does_harm(void **state)
{
    (void)state;
    uint64_t first = from_environment("CLB_FUZZ_SEED", 1);
    uint64_t count = from_environment("CLB_FUZZ_COUNT", 100000);
    uint64_t good = 0;
    for (round_now = first; round_now - first < count; round_now++) {
        set_chance(round_now);
        good += try_rule();
    }
    print_message("seeds %llu to %llu, %llu good rules\n", (unsigned long long)first,
                  (unsigned long long)(first + count - 1), (unsigned long long)good);
    assert_true(count < 100 || good > count / 10); /* else it tries next to nothing */
}

/* Also when an assertion ended it: then that round is the one. */
static int tell_round(void **state)
{
    (void)state;
    print_message("ended at CLB_FUZZ_SEED=%llu\n", (unsigned long long)round_now);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_rule_and_no_title_does_harm, tell_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
