/* SPDX-License-Identifier: MIT */
#include "detect/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES = 4 };
static const struct detect_name names[NAMES] = {
    {"games", true}, {"away", false}, {"browser", true}, {"a1_b", true}};

static void parse(const char *text, struct fuse_rule *rule)
{
    struct error error = {0};
    if (playing_when_parse(text, names, NAMES, rule, &error) != 0)
        fail_msg("%s: %s", text != NULL ? text : "unset", error.text);
}

static struct fuse_verdict judge(const struct fuse_rule *rule, int bits)
{
    struct fuse_view views[NAMES];
    memset(views, 0, sizeof(views));
    for (int i = 0; i < NAMES; i++) {
        views[i].available = true;
        views[i].active = (bits >> i & 1) != 0;
        views[i].confidence = 50;
    }
    return fuse(rule, views);
}

struct meaning {
    const char *text;
    unsigned truth; /* bit n: its value when the detectors are the bits of n */
};

/* The bits of `games`, `away`, `browser` and `a1_b` over all sixteen states. */
enum { G = 0xAAAA, A = 0xCCCC, B = 0xF0F0, X = 0xFF00 };

static void expressions_mean_what_they_say(void **state)
{
    static const struct meaning meanings[] = {
        {"games", G},
        {"  games\t\n", G},
        {"not games", 0xFFFF & ~G},
        {"not not games", G},
        {"not not not games", 0xFFFF & ~G},
        {"games and browser", G & B},
        {"games or browser", G | B},
        {"games or browser and away", G | (B & A)},
        {"(games or browser) and away", (G | B) & A},
        {"games and not away", G & ~A},
        {"not games and away", 0xFFFF & ~G & A},
        {"not (games and away)", 0xFFFF & ~(G & A)},
        {"not games or away", 0xFFFF & (~G | A)},
        {"games and browser or away and a1_b", (G & B) | (A & X)},
        {"games and (browser or away) and a1_b", G & (B | A) & X},
        {"((games))", G},
        {"(games)and(not(away))", G & ~A},
        {"games or games", G},
        {NULL, G | B | X}, /* all that give evidence */
    };
    struct fuse_rule rule;
    (void)state;
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        parse(meanings[i].text, &rule);
        for (int bits = 0; bits < 16; bits++)
            if (judge(&rule, bits).is_playing != ((meanings[i].truth >> bits & 1) != 0))
                fail_msg("%s is wrong at %d", meanings[i].text, bits);
    }
}

static void what_is_not_denied_decides(void **state)
{
    struct fuse_rule rule;
    (void)state;
    parse("not away and games", &rule);
    assert_int_equal(judge(&rule, 1).decided_by, 0);
    parse("not (away or not games)", &rule); /* twice denied */
    assert_int_equal(judge(&rule, 1).decided_by, 0);
    parse("not (away and games)", &rule);
    assert_true(judge(&rule, 1).is_playing);
    assert_int_equal(judge(&rule, 1).decided_by, -1);
    parse("browser or games", &rule); /* equally sure: the first of the rule */
    assert_int_equal(judge(&rule, 1 | 4).decided_by, 2);
    parse("not away", &rule);
    assert_int_equal(judge(&rule, 0).decided_by, -1);
}

static void without_evidence_nobody_plays(void **state)
{
    static const struct detect_name only_away[] = {{"away", false}};
    struct fuse_rule rule;
    (void)state;
    assert_int_equal(playing_when_parse(NULL, only_away, 1, &rule, NULL), 0);
    assert_int_equal(rule.count, 0);
    assert_false(judge(&rule, 15).is_playing);
    assert_int_equal(playing_when_parse(NULL, NULL, 0, &rule, NULL), 0);
    assert_false(judge(&rule, 15).is_playing);
}

struct complaint {
    const char *text;
    const char *says;
    const char *also;
};

static void mistakes_have_a_column(void **state)
{
    static const struct complaint complaints[] = {
        {"", "column 1: ", "ends where"},
        {"   ", "column 4: ", "ends where"},
        {"gmaes", "column 1: ", "no enabled detector \"gmaes\" (did you mean \"games\"?)"},
        {"games and nobody", "column 11: ", "no enabled detector \"nobody\""},
        {"Games", "column 1: ", "(did you mean \"games\"?)"},
        {"games and", "column 10: ", "ends where"},
        {"games and or away", "column 11: ", "is expected"},
        {"and games", "column 1: ", "is expected"},
        {"not", "column 4: ", "ends where"},
        {"games away", "column 7: ", "\"and\", \"or\" or the end"},
        {"games not away", "column 7: ", "\"and\", \"or\" or the end"},
        {"(games", "column 7: ", "\")\" is missing"},
        {"(games or away", "column 15: ", "\")\" is missing"},
        {"games)", "column 6: ", "\"and\", \"or\" or the end"},
        {"()", "column 2: ", "is expected"},
        {"games & away", "column 7: ", "\"and\", \"or\" or the end"},
        {"!games", "column 1: ", "is expected"},
        {"games AND away", "column 7: ", "\"and\", \"or\" or the end"},
        {"games or \xC3\xA9", "column 10: ", "is expected"},
    };
    struct fuse_rule rule;
    (void)state;
    for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
        struct error error = {0};
        int result = playing_when_parse(complaints[i].text, names, NAMES, &rule, &error);
        if (result != EXIT_CODE_CONFIG || strstr(error.text, complaints[i].says) != error.text ||
            strstr(error.text, complaints[i].also) == NULL)
            fail_msg("\"%s\": %d %s", complaints[i].text, result, error.text);
    }
}

/* Names are compared to their end, however long they are. */
static void long_names_are_not_cut(void **state)
{
    char name[INSTANCE_CAPACITY];
    char longer[INSTANCE_CAPACITY + 1];
    struct fuse_rule rule;
    struct error error = {0};
    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    snprintf(longer, sizeof(longer), "%sx", name);
    const struct detect_name one = {name, true};
    assert_int_equal(playing_when_parse(name, &one, 1, &rule, &error), 0);
    if (playing_when_parse(longer, &one, 1, &rule, &error) == 0)
        fail_msg("a name with a letter too many is taken for another");
}

static char *put_times(char *next, int count, const char *text)
{
    size_t length = strlen(text);
    for (int i = 0; i < count; i++, next += length)
        memcpy(next, text, length);
    return next;
}

static char *repeat(const char *before, int count, const char *middle, const char *after)
{
    size_t bytes = (size_t)count * (strlen(before) + strlen(after)) + strlen(middle) + 1;
    char *text = calloc(1, bytes);
    assert_non_null(text);
    put_times(put_times(put_times(text, count, before), 1, middle), count, after);
    return text;
}

static void depth_is_limited(void **state)
{
    struct fuse_rule rule;
    struct error error = {0};
    (void)state;
    char *text = repeat("(", 32, "games", ")");
    parse(text, &rule);
    free(text);
    text = repeat("(", 33, "games", ")");
    assert_int_equal(playing_when_parse(text, names, NAMES, &rule, &error), EXIT_CODE_CONFIG);
    assert_non_null(strstr(error.text, "column 33: "));
    free(text);
    text = repeat("(", 100000, "games", ")");
    assert_int_equal(playing_when_parse(text, names, NAMES, &rule, &error), EXIT_CODE_CONFIG);
    free(text);
    /* The deepest stack that a rule can need. */
    text = repeat("away or games and (", 31, "browser", ")");
    parse(text, &rule);
    assert_true(judge(&rule, 2).is_playing);
    assert_true(judge(&rule, 1 | 4).is_playing);
    assert_false(judge(&rule, 1).is_playing);
    free(text);
    text = repeat("not ", 100001, "games", "");
    parse(text, &rule);
    assert_true(judge(&rule, 0).is_playing);
    assert_false(judge(&rule, 1).is_playing);
    free(text);
}

static void length_is_limited(void **state)
{
    struct fuse_rule rule;
    struct error error = {0};
    (void)state;
    char *text = repeat("games or ", FUSE_STEPS_MAX / 2 - 1, "games", "");
    parse(text, &rule);
    assert_int_equal(rule.count, FUSE_STEPS_MAX - 1);
    free(text);
    text = repeat("games or ", FUSE_STEPS_MAX / 2, "games", "");
    assert_int_equal(playing_when_parse(text, names, NAMES, &rule, &error), EXIT_CODE_CONFIG);
    assert_non_null(strstr(error.text, "too long"));
    free(text);
    /* So many detectors that even the unset expression has no room for them. */
    static struct detect_name many[FUSE_STEPS_MAX];
    for (int i = 0; i < FUSE_STEPS_MAX; i++)
        many[i] = (struct detect_name){"x", true};
    assert_int_equal(playing_when_parse(NULL, many, FUSE_STEPS_MAX, &rule, &error),
                     EXIT_CODE_CONFIG);
    assert_int_equal(playing_when_parse(NULL, many, FUSE_STEPS_MAX / 2, &rule, &error), 0);
}

/* ---- Why ---- */

static void each_says_its_word_once_and_in_order(void **state)
{
    struct detect_view views[NAMES] = {
        {.name = "games",
         .state = DETECT_OK,
         .fuse = {.available = true, .active = true, .activity = "Minecraft"},
         .subject = "java (pid 7)"},
        {.name = "away", .state = DETECT_OK, .fuse = {.available = true}},
        {.name = "browser", .state = DETECT_WEDGED, .reason = "a call hangs"},
        {.name = "a1_b", .state = DETECT_OK, .fuse = {.available = true, .active = true}}};
    struct fuse_rule rule;
    char why[DETECT_WHY_CAPACITY];
    (void)state;
    parse("(browser or games) and not away and (games or a1_b)", &rule);
    detect_why(&rule, views, why);
    assert_string_equal(why, "browser is wedged and counts as not active; games sees Minecraft by "
                             "java (pid 7); away is not active; a1_b is active");
    views[0].fuse.activity[0] = '\0';
    parse("games", &rule);
    detect_why(&rule, views, why);
    assert_string_equal(why, "games is active: java (pid 7)");
    views[0].subject[0] = '\0';
    detect_why(&rule, views, why);
    assert_string_equal(why, "games is active");
    detect_why(&(struct fuse_rule){0}, views, why);
    assert_string_equal(why, "");
}

static void what_has_no_room_is_left_out_whole(void **state)
{
    static struct detect_name many[FUSE_STEPS_MAX / 2];
    static struct detect_view views[FUSE_STEPS_MAX / 2];
    struct fuse_rule rule;
    struct error error = {0};
    char why[DETECT_WHY_CAPACITY];
    (void)state;
    for (int i = 0; i < FUSE_STEPS_MAX / 2; i++) {
        many[i] = (struct detect_name){"x", true};
        snprintf(views[i].name, sizeof(views[i].name), "detector_%d", i);
        views[i].fuse = (struct fuse_view){.available = true, .active = true};
        memset(views[i].fuse.activity, 'm', sizeof(views[i].fuse.activity) - 1);
        memset(views[i].subject, 's', sizeof(views[i].subject) - 1);
    }
    assert_int_equal(playing_when_parse(NULL, many, FUSE_STEPS_MAX / 2, &rule, &error), 0);
    detect_why(&rule, views, why);
    assert_in_range(strlen(why), DETECT_WHY_CAPACITY - 300, DETECT_WHY_CAPACITY - 1);
    assert_int_equal(why[strlen(why) - 1], 's');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_mean_what_they_say),
        cmocka_unit_test(what_is_not_denied_decides),
        cmocka_unit_test(without_evidence_nobody_plays),
        cmocka_unit_test(mistakes_have_a_column),
        cmocka_unit_test(long_names_are_not_cut),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(length_is_limited),
        cmocka_unit_test(each_says_its_word_once_and_in_order),
        cmocka_unit_test(what_has_no_room_is_left_out_whole),
    };
    return cmocka_run_group_tests_name("playing_when", tests, NULL, NULL);
}
