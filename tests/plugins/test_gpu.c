/* SPDX-License-Identifier: MIT */
/* The detector "gpu_usage", as the agent loads it. */
#include "fake_host.h"
#include "gpu_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { POLL_MS = 5000 };

struct place {
    struct fake_host fake;
    struct gpu_tree tree;
    int emitted;
    int32_t state;
    int32_t confidence;
    double value;
    char subject[128];
    long long used_ms;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    gpu_tree_make(&place->tree);
    fake_host_open(&place->fake, "gpu_usage");
    fake_host_set_text(&place->fake, "proc_root", place->tree.proc);
    fake_host_set_text(&place->fake, "sys_root", place->tree.sys);
    assert_int_equal(CLB_ROLE_CONTEXT, place->fake.detector->role);
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    fake_host_close(&place->fake);
    gpu_tree_drop(&place->tree);
    free(place);
    return 0;
}

static void CLB_CALL emit(const clb_poll *poll, const clb_observation *observation)
{
    struct place *place = poll->host_data;
    place->emitted++;
    place->state = observation->state;
    place->confidence = observation->confidence;
    place->value = observation->value;
    assert_null(observation->activity);
    snprintf(place->subject, sizeof(place->subject), "%s",
             observation->subject != NULL ? observation->subject : "");
}

static int32_t poll(struct place *place)
{
    clb_poll call = {.size = sizeof(call),
                     .deadline_ms = atomic_load(&place->fake.monotonic_ms) + 5000,
                     .host_data = place,
                     .emit = emit};
    place->emitted = 0;
    place->fake.error.text[0] = '\0';
    int32_t status = place->fake.detector->poll(place->fake.instance, &call, &place->fake.error);
    atomic_fetch_add(&place->fake.monotonic_ms, POLL_MS);
    assert_int_equal(status == CLB_OK ? 1 : 0, place->emitted);
    assert_int_equal(status == CLB_OK, place->fake.error.text[0] == '\0');
    return status;
}

/* The game has used so much of the GPU since the poll before. */
static int32_t poll_with_use(struct place *place, int percent)
{
    char text[160];
    place->used_ms += (long long)POLL_MS * percent / 100;
    snprintf(text, sizeof(text),
             "drm-driver:\tamdgpu\ndrm-client-id:\t42\ndrm-pdev:\t0000:03:00.0\n"
             "drm-engine-gfx:\t%lld ns\n",
             place->used_ms * 1000000);
    gpu_tree_use(&place->tree, 300, 7, "renderD128", text);
    return poll(place);
}

static void add_game(const struct place *place, const char *name)
{
    gpu_tree_gpu(&place->tree, "renderD128", "amdgpu", "0000:03:00.0", "active");
    gpu_tree_process(&place->tree, 300, name, 50, name);
}

static void three_busy_samples_of_five_make_it_active(void **state)
{
    static const int percents[] = {0, 30, 30, 5, 30, 5, 5, 30};
    static const int active[] = {0, 0, 0, 0, 1, 1, 0, 0};
    struct place *place = *state;
    add_game(place, "game");
    fake_host_start(&place->fake);
    for (size_t i = 0; i < sizeof(active) / sizeof(active[0]); i++) {
        assert_int_equal(CLB_OK, poll_with_use(place, percents[i]));
        assert_int_equal(active[i] ? CLB_ACTIVE : CLB_INACTIVE, place->state);
        assert_float_equal(percents[i], place->value, 0.01);
    }
    assert_string_equal("game (pid 300) on amdgpu 0000:03:00.0", place->subject);
    assert_int_equal(40, place->confidence);
}

static void the_first_poll_looks_twice(void **state)
{
    struct place *place = *state;
    add_game(place, "game");
    fake_host_start(&place->fake);
    poll_with_use(place, 10);
    assert_int_equal(1, place->fake.waits);
    poll_with_use(place, 10);
    assert_int_equal(1, place->fake.waits);
    fake_host_stop(&place->fake);
    fake_host_start(&place->fake);
    poll_with_use(place, 90);
    assert_int_equal(2, place->fake.waits);
    assert_float_equal(0, place->value, 0.01); /* it began anew */
}

static void thresholds_are_the_users(void **state)
{
    struct place *place = *state;
    add_game(place, "game");
    fake_host_setting(&place->fake, "threshold_percent")->integer = 60;
    fake_host_setting(&place->fake, "busy_samples")->integer = 1;
    fake_host_setting(&place->fake, "of_samples")->integer = 1;
    fake_host_start(&place->fake);
    poll_with_use(place, 0);
    poll_with_use(place, 59);
    assert_int_equal(CLB_INACTIVE, place->state);
    poll_with_use(place, 60);
    assert_int_equal(CLB_ACTIVE, place->state);
    poll_with_use(place, 0);
    assert_int_equal(CLB_INACTIVE, place->state);
}

static void own_programs_are_left_out_and_known_ones_may_count(void **state)
{
    static const char *const ignored[] = {"stellarium"};
    struct place *place = *state;
    add_game(place, "stellarium");
    fake_host_set_list(&place->fake, "ignore", ignored, 1);
    fake_host_start(&place->fake);
    poll_with_use(place, 0);
    poll_with_use(place, 90);
    assert_float_equal(0, place->value, 0.01);
    assert_string_equal("", place->subject);
    fake_host_stop(&place->fake);

    add_game(place, "mpv");
    fake_host_start(&place->fake);
    poll_with_use(place, 0);
    poll_with_use(place, 90);
    assert_float_equal(0, place->value, 0.01);
    fake_host_stop(&place->fake);

    fake_host_setting(&place->fake, "known_programs")->integer = 0;
    fake_host_start(&place->fake);
    poll_with_use(place, 0);
    poll_with_use(place, 90);
    assert_float_equal(90, place->value, 0.01);
}

static void a_gpu_that_goes_and_comes_again_begins_anew(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    assert_int_equal(CLB_UNAVAILABLE, poll(place));
    assert_non_null(strstr(place->fake.error.text, "there is no GPU"));
    add_game(place, "game");
    atomic_fetch_add(&place->fake.monotonic_ms, 30000);
    for (int i = 0; i < 6; i++)
        assert_int_equal(CLB_OK, poll_with_use(place, 90));
    assert_int_equal(CLB_ACTIVE, place->state);
    gpu_tree_remove(&place->tree, "sys");
    atomic_fetch_add(&place->fake.monotonic_ms, 30000);
    assert_int_equal(CLB_UNAVAILABLE, poll_with_use(place, 90));
}

static void of_two_gpus_the_unseen_one_is_logged_once(void **state)
{
    struct place *place = *state;
    add_game(place, "game");
    gpu_tree_nvidia(&place->tree, "0000:01:00.0", "active", "on");
    fake_host_set_text(&place->fake, "nvml_library", "/nonexistent/nvml.so");
    fake_host_start(&place->fake);
    for (int i = 0; i < 5; i++)
        assert_int_equal(CLB_OK, poll_with_use(place, 10));
    const char *line = strstr(place->fake.log, "one GPU cannot be measured: nvidia 0000:01:00.0: ");
    assert_non_null(line);
    assert_null(strstr(line + 1, "one GPU cannot be measured"));
}

static void settings_that_cannot_be_meant_are_refused(void **state)
{
    static const char *const unknown[] = {"fdinfo", "magic"};
    struct place *place = *state;
    fake_host_set_list(&place->fake, "sources", unknown, 2);
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_non_null(strstr(place->fake.error.text, "there is no \"magic\""));
    fake_host_set_list(&place->fake, "sources", unknown, 1);
    fake_host_setting(&place->fake, "busy_samples")->integer = 6;
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_non_null(strstr(place->fake.error.text, "more than of_samples"));
    fake_host_setting(&place->fake, "busy_samples")->integer = 5;
    assert_int_equal(CLB_OK, fake_host_create(&place->fake));
}

/* Whatever this machine has: it says what it sees, or what it misses. */
static void it_works_on_this_machine(void **state)
{
    struct place *place = *state;
    fake_host_set_text(&place->fake, "proc_root", "/proc");
    fake_host_set_text(&place->fake, "sys_root", "/sys");
    fake_host_start(&place->fake);
    for (int i = 0; i < 3; i++) {
        int32_t status = poll(place);
        assert_true(status == CLB_OK || status == CLB_UNAVAILABLE);
        if (status == CLB_OK)
            assert_true(place->value >= 0 && place->value <= 100);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        TEST(three_busy_samples_of_five_make_it_active),
        TEST(the_first_poll_looks_twice),
        TEST(thresholds_are_the_users),
        TEST(own_programs_are_left_out_and_known_ones_may_count),
        TEST(a_gpu_that_goes_and_comes_again_begins_anew),
        TEST(of_two_gpus_the_unseen_one_is_logged_once),
        TEST(settings_that_cannot_be_meant_are_refused),
        TEST(it_works_on_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
