/* SPDX-License-Identifier: MIT */
/* What several sources see as one answer, and what of a game pad is input. */
#include "idle/combine.h"
#include "idle/pad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Combining ---- */

static void what_is_exact_counts_before_what_is_a_hint(void **state)
{
    (void)state;
    const struct combine_seen seen[] = {{"x11", {INPUT_EXACTLY, 400000, false}},
                                        {"wayland", {INPUT_EXACTLY, 300000, false}},
                                        {"logind", {INPUT_ROUGHLY, 0, false}}};
    struct combine_answer answer;
    char text[128];
    assert_true(combine(seen, 3, &answer));
    assert_true(answer.is_exact);
    assert_int_equal(300000, answer.idle_ms);
    assert_null(answer.locked_by);
    combine_subject(&answer, true, text, sizeof(text));
    assert_string_equal("no input for 300 s (wayland)", text);
    assert_true(combine(&seen[2], 1, &answer));
    assert_false(answer.is_exact);
    combine_subject(&answer, false, text, sizeof(text));
    assert_string_equal("input 0 s ago (logind)", text);
}

static void one_lock_is_enough(void **state)
{
    (void)state;
    const struct combine_seen seen[] = {{"x11", {INPUT_EXACTLY, 1000, false}},
                                        {"logind", {INPUT_UNKNOWN, INT64_MAX, true}}};
    struct combine_answer answer;
    char text[128];
    assert_true(combine(seen, 2, &answer));
    assert_int_equal(1000, answer.idle_ms);
    combine_subject(&answer, true, text, sizeof(text));
    assert_string_equal("the screen is locked (logind)", text);
    assert_true(combine(&seen[1], 1, &answer));
    assert_null(answer.by);
    assert_true(answer.idle_ms == INT64_MAX);
}

static void a_pad_ends_idleness_and_does_not_show_it(void **state)
{
    (void)state;
    const struct combine_seen seen[] = {{"gamepads", {INPUT_UNKNOWN, 2000, false}},
                                        {"x11", {INPUT_EXACTLY, 900000, false}}};
    const struct combine_seen quiet[] = {{"gamepads", {INPUT_UNKNOWN, INT64_MAX, false}},
                                         {"logind", {INPUT_ROUGHLY, 900000, false}}};
    struct combine_answer answer;
    assert_true(combine(seen, 2, &answer));
    assert_int_equal(2000, answer.idle_ms);
    assert_string_equal("gamepads", answer.by);
    assert_true(combine(quiet, 2, &answer));
    assert_int_equal(900000, answer.idle_ms);
    assert_string_equal("logind", answer.by);
    assert_false(combine(seen, 1, &answer));
    assert_false(combine(quiet, 1, &answer));
}

static void what_nobody_saw_is_not_known(void **state)
{
    (void)state;
    struct combine_answer answer;
    const struct combine_seen early = {"x11", {INPUT_EXACTLY, -5, false}};
    assert_false(combine(NULL, 0, &answer));
    assert_true(combine(&early, 1, &answer));
    assert_int_equal(0, answer.idle_ms);
}

/* ---- Game pads ---- */

/* Bitmaps as 64-bit kernels write them. */
static const char pad_keys[] = "7fdb000000000000 0 0 0 0\n";
static const char pad_axes[] = "3003f\n";

static void pads_are_told_from_other_devices(void **state)
{
    static const struct {
        const char *keys, *axes;
        bool is_pad;
    } devices[] = {
        {pad_keys, pad_axes, true},
        {"ffff00000000 0 0 0 0\n", "3f\n", true}, /* a joystick */
        {"402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n", "0\n",
         false},                                              /* keyboard */
        {"e520 10000 0 0 0 0\n", "260800000000003\n", false}, /* touch pad */
        {"70000 0 0 0 0\n", "3\n", false},                    /* mouse with absolute axes */
        {pad_keys, "0\n", false},
        {"", "", false},
        {"\n", "\n", false},
        {"zzzz", "3", false},
        {"   7fdb000000000000    ", "   ", false},
        {"ffffffffffffffffffffffffffffffffffff 0 0 0 0", "ffffffffffffffffffffffffffffff", true},
    };
    (void)state;
    if (sizeof(long) != 8)
        skip();
    for (size_t i = 0; i < COUNT(devices); i++)
        assert_int_equal(devices[i].is_pad, pad_is_one(devices[i].keys, devices[i].axes));
}

static void buttons_count_when_they_move(void **state)
{
    struct pad pad = {0};
    (void)state;
    assert_true(pad_event(&pad, 1, 0x130, 1));
    assert_false(pad_event(&pad, 1, 0x130, 2)); /* it is held */
    assert_true(pad_event(&pad, 1, 0x130, 0));
    assert_false(pad_event(&pad, 0, 0, 0)); /* the end of a report */
    assert_false(pad_event(&pad, 0, 3, 0)); /* events were lost */
    assert_false(pad_event(&pad, 4, 4, 90001));
}

/* A worn stick rests beside its middle, trembles, and creeps. */
static void a_stick_that_drifts_is_not_input(void **state)
{
    struct pad pad = {0};
    int inputs = 0;
    (void)state;
    pad_set_axis(&pad, 0, -32768, 32767, 5200);
    for (int i = 0; i < 100000; i++)
        assert_false(pad_event(&pad, 3, 0, 5200 + (i * 7919) % 9000 - 4500));
    for (int value = -6000; value < 6000; value++)
        inputs += pad_event(&pad, 3, 0, value);
    assert_int_equal(0, inputs);
    assert_true(pad_event(&pad, 3, 0, 32767));
    assert_false(pad_event(&pad, 3, 0, 30000));
    assert_true(pad_event(&pad, 3, 0, -32768));
    assert_true(pad_event(&pad, 3, 0, 5200));
}

static void triggers_and_hats_are_input(void **state)
{
    struct pad pad = {0};
    (void)state;
    pad_set_axis(&pad, 2, 0, 255, 0);
    pad_set_axis(&pad, 0x10, -1, 1, 0);
    assert_false(pad_event(&pad, 3, 2, 20));
    assert_true(pad_event(&pad, 3, 2, 255));
    assert_true(pad_event(&pad, 3, 0x10, -1));
    assert_true(pad_event(&pad, 3, 0x10, 0));
}

static void axes_that_cannot_be_are_ignored(void **state)
{
    struct pad pad = {0};
    (void)state;
    pad_set_axis(&pad, PAD_AXES, 0, 255, 0);
    pad_set_axis(&pad, 1, 5, 5, 0);
    pad_set_axis(&pad, 2, INT32_MAX, INT32_MIN, 0);
    assert_false(pad_event(&pad, 3, 1, 255));
    assert_false(pad_event(&pad, 3, 2, INT32_MIN));
    assert_false(pad_event(&pad, 3, PAD_AXES, 255));
    assert_false(pad_event(&pad, 3, 0xFFFF, 255));
    pad_set_axis(&pad, 3, INT32_MIN, INT32_MAX, INT32_MIN);
    assert_true(pad_event(&pad, 3, 3, INT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_exact_counts_before_what_is_a_hint),
        cmocka_unit_test(one_lock_is_enough),
        cmocka_unit_test(a_pad_ends_idleness_and_does_not_show_it),
        cmocka_unit_test(what_nobody_saw_is_not_known),
        cmocka_unit_test(pads_are_told_from_other_devices),
        cmocka_unit_test(buttons_count_when_they_move),
        cmocka_unit_test(a_stick_that_drifts_is_not_input),
        cmocka_unit_test(triggers_and_hats_are_input),
        cmocka_unit_test(axes_that_cannot_be_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
