/* SPDX-License-Identifier: MIT */
/* Which windows the rules of window_title match, and which rules are refused. */
#include "desktop/text.h"
#include "window_rules.h"
#include "window_title/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static clb_error error;

/* NULL: it was refused, and `error` says why. */
static struct match_rules *make(const struct window_rule *rules, uint32_t count, int keep_titles)
{
    struct window_rules made;
    window_rules_init(&made, rules, count, keep_titles);
    error = (clb_error){.size = sizeof(error)};
    struct match_rules *match = match_create(&made.settings, &error);
    assert_true((match == NULL) == (error.text[0] != '\0'));
    return match;
}

static struct window window(const char *app, const char *title)
{
    struct window made = {.is_focused = true};
    snprintf(made.app, sizeof(made.app), "%s", app);
    snprintf(made.title, sizeof(made.title), "%s", title);
    return made;
}

static int rule_of(struct match_rules *rules, const char *app, const char *title)
{
    struct window seen = window(app, title);
    return match_window(rules, &seen).rule;
}

static const char *activity_of(struct match_rules *rules, const char *app, const char *title)
{
    static struct match match;
    struct window seen = window(app, title);
    match = match_window(rules, &seen);
    return match.activity;
}

static void a_rule_matches_by_title_and_by_app(void **state)
{
    static const struct window_rule rules[] = {
        {.activity = "Minecraft", .title = {"^Minecraft\\b", "\\bminetest\\b"}},
        {.activity = "In the browser", .title = {"krunker"}, .app = {"^firefox$", "chromium"}},
        {.activity = "Any game of this launcher", .app = {"^steam_app_"}},
    };
    (void)state;
    struct match_rules *match = make(rules, COUNT(rules), 0);
    assert_non_null(match);
    assert_int_equal(0, rule_of(match, "x", "Minecraft 1.20"));
    assert_int_equal(0, rule_of(match, "x", "MINECRAFT"));
    assert_int_equal(0, rule_of(match, "x", "play Minetest now"));
    assert_int_equal(-1, rule_of(match, "x", "How to Minecraft"));
    assert_int_equal(-1, rule_of(match, "x", "Minecrafter"));
    assert_int_equal(1, rule_of(match, "Firefox", "Krunker.io"));
    assert_int_equal(1, rule_of(match, "org.chromium.Chromium", "krunker"));
    assert_int_equal(-1, rule_of(match, "Firefox", "News"));
    assert_int_equal(-1, rule_of(match, "gedit", "krunker"));
    assert_int_equal(2, rule_of(match, "steam_app_570", ""));
    assert_string_equal("In the browser", activity_of(match, "firefox", "krunker"));
    assert_string_equal("", activity_of(match, "firefox", "News"));
    match_destroy(match);
}

static void nothing_matches_without_a_focus(void **state)
{
    static const struct window_rule rule = {.activity = "All", .title = {".*"}};
    (void)state;
    struct match_rules *match = make(&rule, 1, 0);
    struct window seen = window("app", "title");
    assert_int_equal(0, match_window(match, &seen).rule);
    seen.is_focused = false;
    assert_int_equal(-1, match_window(match, &seen).rule);
    match_destroy(match);
}

static void exclude_leaves_out_by_title_or_app(void **state)
{
    static const struct window_rule rule = {
        .activity = "M", .title = {"minecraft"}, .exclude = {"^firefox$", "wiki"}};
    (void)state;
    struct match_rules *match = make(&rule, 1, 0);
    assert_int_equal(0, rule_of(match, "java", "Minecraft"));
    assert_int_equal(-1, rule_of(match, "firefox", "Minecraft"));
    assert_int_equal(-1, rule_of(match, "java", "Minecraft Wiki"));
    match_destroy(match);
}

static void fullscreen_may_be_wanted(void **state)
{
    static const struct window_rule rule = {
        .activity = "A game", .exclude = {"mpv"}, .fullscreen = 1};
    (void)state;
    struct match_rules *match = make(&rule, 1, 0);
    struct window seen = window("doom", "");
    assert_int_equal(-1, match_window(match, &seen).rule);
    seen.is_fullscreen = true;
    assert_int_equal(0, match_window(match, &seen).rule);
    seen = window("mpv", "");
    seen.is_fullscreen = true;
    assert_int_equal(-1, match_window(match, &seen).rule);
    match_destroy(match);
}

static void the_activity_takes_groups(void **state)
{
    static const struct window_rule rules[] = {
        {.activity = "$1 ($$$2, Ca$h)", .title = {"^(\\w+) (?:v(\\d+))?"}},
        {.activity = "${game}", .title = {"^play: (?<game>.*)$", "^(x)(?<game>y*)"}},
        {.activity = "Steam app ${1}0", .app = {"^steam_app_(\\d+)$"}},
    };
    (void)state;
    struct match_rules *match = make(rules, COUNT(rules), 1);
    assert_non_null(match);
    assert_string_equal("Löwe ($3, Ca$h)", activity_of(match, "", "Löwe v3"));
    assert_string_equal("Doom ($, Ca$h)", activity_of(match, "", "Doom x"));
    assert_string_equal("a\xC2\xB7 b", activity_of(match, "", "play: a\xC2\xB7\tb "));
    assert_string_equal("yyy", activity_of(match, "", "xyyyz"));
    assert_string_equal("", activity_of(match, "", "x")); /* nothing is left of it */
    assert_string_equal("Steam app 5700", activity_of(match, "steam_app_570", "-"));
    match_destroy(match);
}

/* In the middle of a character of three bytes. */
static void a_long_activity_is_cut_between_characters(void **state)
{
    static const struct window_rule rule = {.activity = "$1", .title = {"(.*)"}};
    char title[WINDOW_TITLE_BYTES] = "";
    (void)state;
    struct match_rules *match = make(&rule, 1, 1);
    for (int i = 0; i < 300; i++)
        memcpy(title + 3 * i, "\xE2\x82\xAC", 4);
    assert_int_equal(126, strlen(activity_of(match, "", title)));
    match_destroy(match);
}

static void a_piece_of_a_title_needs_keep_titles(void **state)
{
    static const struct window_rule of_title = {.activity = "$1", .title = {"(.*)"}};
    static const struct window_rule of_app = {.activity = "$1", .app = {"(.*)"}};
    static const struct window_rule price = {.activity = "The $ and $$1 game", .title = {"x"}};
    (void)state;
    assert_null(make(&of_title, 1, 0));
    assert_non_null(strstr(error.text, "rules[0]: its activity takes a piece of the title"));
    assert_non_null(strstr(error.text, "keep_titles = true"));
    struct match_rules *match = make(&of_app, 1, 0); /* which is no title */
    assert_string_equal("doom", activity_of(match, "doom", "secret"));
    match_destroy(match);
    match = make(&price, 1, 0);
    assert_string_equal("The $ and $1 game", activity_of(match, "", "x"));
    match_destroy(match);
}

static void rules_that_cannot_be_meant_are_refused(void **state)
{
    static const struct {
        struct window_rule rule;
        const char *says;
    } wrong[] = {
        {{.activity = "", .title = {"x"}}, "rules[1]: its activity is empty"},
        {{.activity = "M"}, "rules[1]: it needs a pattern of title or app"},
        {{.activity = "M", .exclude = {"x"}}, "rules[1]: it needs a pattern of title or app"},
        {{.activity = "M", .title = {"a", ""}}, "rules[1]: title: a pattern is empty"},
        {{.activity = "M", .title = {"a", "b(c"}},
         "rules[1]: title: the pattern \"b(c\" is none: missing closing parenthesis, at offset 3"},
        {{.activity = "M", .app = {"[z-a]"}},
         "rules[1]: app: the pattern \"[z-a]\" is none: range"},
        {{.activity = "M", .title = {"x"}, .exclude = {"*"}}, "rules[1]: exclude: the pattern"},
        {{.activity = "M", .title = {"\xFF"}}, "rules[1]: title: the pattern"},
        {{.activity = "M", .title = {"\\C"}}, "rules[1]: title: the pattern"},
        {{.activity = "$2", .title = {"(a)"}}, "names the group 2, which the pattern \"(a)\""},
        {{.activity = "$0", .title = {"(a)"}}, "names the group 0, which the pattern \"(a)\""},
        {{.activity = "${n}", .title = {"(?<n>a)", "b"}}, "names the group n, which the pattern"},
        {{.activity = "$1", .fullscreen = 1}, "there is no pattern of title or app"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct window_rule rules[] = {{.activity = "Good", .title = {"x"}}, wrong[i].rule};
        assert_null(make(rules, 2, 1));
        if (strstr(error.text, wrong[i].says) == NULL)
            fail_msg("%s\n", error.text);
    }
}

static void a_pattern_that_takes_too_long_is_given_up_and_told_once(void **state)
{
    static const struct window_rule rules[] = {
        {.activity = "Slow", .title = {"(a+a+)+[xy]", "(a+a+)+[zw]"}},
        {.activity = "Also", .title = {"^a"}, .exclude = {"(a|a|a)*[xy]"}},
    };
    char title[WINDOW_TITLE_BYTES];
    int rule;
    const char *pattern;
    (void)state;
    memset(title, 'a', sizeof(title));
    title[sizeof(title) - 1] = '\0';
    struct match_rules *match = make(rules, 2, 0);
    assert_false(match_next_slow(match, &rule, &pattern));
    assert_int_equal(1, rule_of(match, "", title));
    assert_true(match_next_slow(match, &rule, &pattern));
    assert_int_equal(0, rule);
    assert_string_equal("(a+a+)+[xy]", pattern);
    assert_true(match_next_slow(match, &rule, &pattern));
    assert_int_equal(0, rule);
    assert_string_equal("(a+a+)+[zw]", pattern);
    assert_true(match_next_slow(match, &rule, &pattern));
    assert_int_equal(1, rule);
    assert_false(match_next_slow(match, &rule, &pattern));
    assert_int_equal(1, rule_of(match, "", "aay")); /* and it takes no time ever again */
    assert_false(match_next_slow(match, &rule, &pattern));
    match_destroy(match);
}

static void without_rules_nothing_matches(void **state)
{
    (void)state;
    struct match_rules *match = make(NULL, 0, 0);
    assert_int_equal(0, match_count(match));
    assert_int_equal(-1, rule_of(match, "a", "b"));
    match_destroy(match);
    match_destroy(NULL);
}

static void text_of_others_becomes_utf8_on_one_line(void **state)
{
    static const struct {
        const char *from;
        const char *to;
    } texts[] = {
        {"Löwe \xE2\x82\xAC \xF0\x9F\x8E\xAE", "Löwe \xE2\x82\xAC \xF0\x9F\x8E\xAE"},
        {"a\n\tb\x7F", "a  b"},
        {"  a ", "a"},
        {"\x80", "\xEF\xBF\xBD"},
        {"\xC3", "\xEF\xBF\xBD"},                                 /* cut off */
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* too long a form */
        {"\xE0\x80\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* also */
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* half of a pair */
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* beyond */
        {"a\xE2\x80\xA8"
         "b\xC2\x85"
         "c",
         "a b c"}, /* ends of lines */
    };
    char made[64];
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        desktop_text_utf8(made, sizeof(made), texts[i].from, strlen(texts[i].from));
        assert_string_equal(texts[i].to, made);
    }
    desktop_text_utf8(made, sizeof(made), "a\0b", 3);
    assert_string_equal("a b", made);
    desktop_text_latin1(made, sizeof(made), "L\xF6we\x9B", 5);
    assert_string_equal("Löwe", made);
    desktop_text_utf8(made, 4, "ab\xC3\xB6z", 5);
    assert_string_equal("ab", made);
    desktop_text_utf8(made, 1, "ab", 2);
    assert_string_equal("", made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_matches_by_title_and_by_app),
        cmocka_unit_test(nothing_matches_without_a_focus),
        cmocka_unit_test(exclude_leaves_out_by_title_or_app),
        cmocka_unit_test(fullscreen_may_be_wanted),
        cmocka_unit_test(the_activity_takes_groups),
        cmocka_unit_test(a_long_activity_is_cut_between_characters),
        cmocka_unit_test(a_piece_of_a_title_needs_keep_titles),
        cmocka_unit_test(rules_that_cannot_be_meant_are_refused),
        cmocka_unit_test(a_pattern_that_takes_too_long_is_given_up_and_told_once),
        cmocka_unit_test(without_rules_nothing_matches),
        cmocka_unit_test(text_of_others_becomes_utf8_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
