/* SPDX-License-Identifier: MIT */
/* The detector "window_title", as the agent loads it, where there is no display. */
#include "fake_host.h"
#include "window_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const x11[] = {"x11"};

static int make_place(void **state)
{
    struct fake_host *fake = calloc(1, sizeof(*fake));
    assert_non_null(fake);
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    fake_host_open(fake, "window_title");
    fake_host_set_text(fake, "run_root", "/nonexistent");
    fake_host_set_text(fake, "x11_display", ":64999");
    assert_int_equal(CLB_ROLE_EVIDENCE, fake->detector->role);
    *state = fake;
    return 0;
}

static int drop_place(void **state)
{
    fake_host_close(*state);
    free(*state);
    return 0;
}

static void CLB_CALL emit(const clb_poll *poll, const clb_observation *observation)
{
    (void)poll;
    (void)observation;
    fail_msg("nothing is known, and something was told");
}

static int32_t poll(struct fake_host *fake)
{
    clb_poll call = {.size = sizeof(call), .deadline_ms = fake->monotonic_ms + 5000, .emit = emit};
    fake->error.text[0] = '\0';
    return fake->detector->poll(fake->instance, &call, &fake->error);
}

static void set_rule(struct fake_host *fake, struct window_rules *made,
                     const struct window_rule *rule)
{
    window_rules_init(made, rule, 1, 0);
    fake_host_setting(fake, "rules")->groups = made->group_pointers;
    fake_host_setting(fake, "rules")->count = 1;
}

static void without_a_display_it_says_what_each_source_misses(void **state)
{
    struct fake_host *fake = *state;
    fake_host_start(fake);
    assert_int_equal(CLB_UNAVAILABLE, poll(fake));
    assert_non_null(strstr(fake->error.text, "x11: "));
    assert_non_null(strstr(fake->error.text, "wayland: "));
    assert_non_null(strstr(fake->error.text, "gnome: "));
    fake_host_stop(fake);

    fake_host_set_list(fake, "sources", x11, 1);
    fake_host_start(fake);
    assert_int_equal(CLB_UNAVAILABLE, poll(fake));
    assert_int_equal(0, strncmp("x11: ", fake->error.text, 5));
    assert_null(strstr(fake->error.text, "gnome"));
}

static void rules_that_make_no_sense_are_refused(void **state)
{
    static const struct window_rule broken = {.activity = "M", .title = {"("}};
    static const struct window_rule piece = {.activity = "$1", .title = {"(.*)"}};
    struct window_rules made;
    struct fake_host *fake = *state;
    set_rule(fake, &made, &broken);
    assert_int_equal(CLB_FAILED, fake_host_create(fake));
    assert_non_null(strstr(fake->error.text, "rules[0]: title: the pattern \"(\" is none"));
    set_rule(fake, &made, &piece);
    assert_int_equal(CLB_FAILED, fake_host_create(fake));
    assert_non_null(strstr(fake->error.text, "keep_titles = true"));
    fake_host_setting(fake, "keep_titles")->integer = 1;
    assert_int_equal(CLB_OK, fake_host_create(fake));
}

static void other_settings_that_make_no_sense_are_refused(void **state)
{
    static const char *const wrong[] = {"x11", "x12"};
    struct fake_host *fake = *state;
    fake_host_set_list(fake, "sources", wrong, 2);
    assert_int_equal(CLB_FAILED, fake_host_create(fake));
    assert_non_null(strstr(fake->error.text, "\"x12\""));
    fake_host_set_list(fake, "sources", x11, 1);
    fake_host_set_text(fake, "run_root", "");
    assert_int_equal(CLB_FAILED, fake_host_create(fake));
    assert_non_null(strstr(fake->error.text, "run_root"));
}

static void without_rules_it_warns(void **state)
{
    static const struct window_rule rule = {.activity = "M", .title = {"M"}};
    struct window_rules made;
    struct fake_host *fake = *state;
    fake_host_start(fake);
    assert_non_null(strstr(fake->log, "it has no rules"));
    fake_host_stop(fake);
    fake->log[0] = '\0';
    set_rule(fake, &made, &rule);
    fake_host_start(fake);
    assert_string_equal("", fake->log);
}

static void a_wait_ends_when_the_host_rings(void **state)
{
    struct fake_host *fake = *state;
    fake_host_start(fake);
    poll(fake);
    fake_host_ring(fake);
    assert_int_equal(CLB_OK, fake->detector->wait(fake->instance, 60 * 1000));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        TEST(without_a_display_it_says_what_each_source_misses),
        TEST(rules_that_make_no_sense_are_refused),
        TEST(other_settings_that_make_no_sense_are_refused),
        TEST(without_rules_it_warns),
        TEST(a_wait_ends_when_the_host_rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
