/* SPDX-License-Identifier: MIT */
/* gpu_usage with NVIDIA's own driver: a library with the symbols of NVML stands in for it. */
#include "gpu_tree.h"
#include "gpu_usage/gpu.h"
#include "nvml_stub.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { POLL_MS = 5000 };

#define SLOT      "0000:01:00.0"
#define SECOND_US 1000000ULL

struct place {
    struct gpu_tree tree;
    struct names *names;
    struct gpu *gpu;
    void *library;
    struct nvml_stub *stub;
    struct gpu_view view;
    clb_error error;
    int64_t now_ms;
};

/* Takes another of the libraries: nvml_stub, nvml_stub_old, nvml_stub_oldest. */
static void open_gpu(struct place *place, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.so", STUBS_FOLDER, name);
    struct gpu_settings settings = {.proc_root = place->tree.proc,
                                    .sys_root = place->tree.sys,
                                    .nvml_library = path,
                                    .sources = GPU_ALL};
    gpu_destroy(place->gpu);
    if (place->library != NULL)
        dlclose(place->library);
    place->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (place->library == NULL)
        fail_msg("%s", dlerror());
    place->stub = dlsym(place->library, "nvml_stub");
    assert_non_null(place->stub);
    memset(place->stub, 0, sizeof(*place->stub));
    place->stub->gpus = 1;
    place->gpu = gpu_create(&settings, place->names);
    assert_non_null(place->gpu);
}

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    gpu_tree_make(&place->tree);
    gpu_tree_nvidia(&place->tree, SLOT, "active", "on");
    gpu_tree_process(&place->tree, 300, "game", 50, "/g/game");
    gpu_tree_process(&place->tree, 200, "Xorg", 5, "/usr/lib/xorg/Xorg");
    place->names = names_create(NULL, true);
    place->now_ms = 1000 * 1000;
    open_gpu(place, "nvml_stub");
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    gpu_destroy(place->gpu);
    assert_int_equal(0, place->stub->open);
    assert_int_equal(0, place->stub->misuses);
    dlclose(place->library);
    names_destroy(place->names);
    gpu_tree_drop(&place->tree);
    free(place);
    return 0;
}

static double look(struct place *place)
{
    place->error = (clb_error){.size = sizeof(place->error)};
    place->now_ms += POLL_MS;
    bool can = gpu_look(place->gpu, place->now_ms, &place->view, &place->error);
    assert_int_equal(can, place->error.text[0] == '\0');
    return can ? place->view.percent : -1;
}

static void add_sample(struct place *place, unsigned pid, unsigned long long stamp_us, unsigned sm)
{
    place->stub->samples[place->stub->sample_count++] = (struct stub_sample){pid, stamp_us, sm};
}

static void the_game_is_found_by_its_process(void **state)
{
    struct place *place = *state;
    place->stub->rates[0] = 96;
    add_sample(place, 200, 10 * SECOND_US, 40);
    add_sample(place, 300, 10 * SECOND_US, 55);
    add_sample(place, 999, 10 * SECOND_US, 90); /* there is no such process */
    assert_float_equal(55, look(place), 0.01);
    assert_string_equal("game (pid 300) on NVIDIA GPU 0", place->view.subject);
    assert_int_equal(0, place->stub->asked_since_us);
    assert_float_equal(55, look(place), 0.01);
    assert_int_equal(8 * SECOND_US, place->stub->asked_since_us);
    assert_int_equal(0, place->stub->plain_calls);
    assert_int_equal(1, place->stub->inits);
}

static void the_desktop_alone_is_no_use(void **state)
{
    struct place *place = *state;
    place->stub->rates[0] = 96;
    add_sample(place, 200, 10 * SECOND_US, 90);
    assert_float_equal(0, look(place), 0.01);
}

static void samples_that_mean_nothing_are_thrown_away(void **state)
{
    struct place *place = *state;
    place->stub->rates[0] = 96;
    add_sample(place, 300, 10 * SECOND_US, 101);
    add_sample(place, 300, 10 * SECOND_US, 4000000000U);
    add_sample(place, 300, 0, 80);
    add_sample(place, 0, 10 * SECOND_US, 81);
    add_sample(place, 300, 7 * SECOND_US, 82); /* of what was before */
    add_sample(place, 300, 10 * SECOND_US, 21);
    assert_float_equal(21, look(place), 0.01);
}

static void without_processes_the_whole_gpu_counts(void **state)
{
    static const int codes[] = {STUB_NOT_SUPPORTED, STUB_NOT_FOUND, 4};
    struct place *place = *state;
    place->stub->rates[0] = 64;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        place->stub->processes_code = codes[i];
        assert_float_equal(64, look(place), 0.01);
        assert_string_equal("NVIDIA GPU 0, by a process that is not known", place->view.subject);
    }
    place->stub->processes_code = 0;
    place->stub->sample_count = STUB_SAMPLES_MAX; /* more than is asked for */
    assert_float_equal(64, look(place), 0.01);
}

static void symbols_without_a_version_do_too(void **state)
{
    struct place *place = *state;
    open_gpu(place, "nvml_stub_old");
    place->stub->rates[0] = 96;
    add_sample(place, 300, 10 * SECOND_US, 55);
    assert_float_equal(55, look(place), 0.01);
    assert_int_equal(3, place->stub->plain_calls);

    open_gpu(place, "nvml_stub_oldest");
    place->stub->rates[0] = 96;
    assert_float_equal(96, look(place), 0.01);
    place->stub->rates_codes[0] = STUB_GPU_IS_LOST;
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "error (15)"));
}

static void what_is_no_nvml_is_refused(void **state)
{
    struct place *place = *state;
    struct gpu_settings settings = {.proc_root = place->tree.proc,
                                    .sys_root = place->tree.sys,
                                    .nvml_library = "/nonexistent/libnvidia-ml.so.1",
                                    .sources = GPU_ALL};
    gpu_destroy(place->gpu);
    place->gpu = gpu_create(&settings, place->names);
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "NVML cannot be loaded: /nonexistent/"));
    gpu_destroy(place->gpu);
    settings.nvml_library = "libc.so.6";
    place->gpu = gpu_create(&settings, place->names);
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "libc.so.6 is no NVML"));
}

static void one_that_does_not_start_is_tried_again_later(void **state)
{
    struct place *place = *state;
    place->stub->init_code = STUB_DRIVER_NOT_LOADED;
    for (int i = 0; i < 6; i++) {
        assert_float_equal(-1, look(place), 0.01);
        assert_non_null(strstr(place->error.text, "it does not start: Driver Not Loaded (9)"));
    }
    assert_int_equal(1, place->stub->inits);
    place->stub->init_code = 0;
    place->stub->rates[0] = 30;
    assert_float_equal(30, look(place), 0.01);
    assert_int_equal(2, place->stub->inits);
}

static void a_gpu_that_is_lost_is_let_go(void **state)
{
    struct place *place = *state;
    place->stub->rates[0] = 30;
    assert_float_equal(30, look(place), 0.01);
    place->stub->rates_codes[0] = STUB_GPU_IS_LOST;
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "no GPU says how busy it is: GPU is lost (15)"));
    assert_int_equal(0, place->stub->open);
    place->stub->rates_codes[0] = 0;
    place->stub->handle_codes[0] = STUB_GPU_IS_LOST;
    place->now_ms += 30000;
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "no GPU that can be looked at: GPU is lost"));
    assert_int_equal(0, place->stub->open);
    place->stub->handle_codes[0] = 0;
    place->now_ms += 30000;
    assert_float_equal(30, look(place), 0.01);

    /* Of two, the other one goes on. */
    gpu_destroy(place->gpu);
    place->gpu = NULL;
    open_gpu(place, "nvml_stub");
    place->stub->gpus = 2;
    place->stub->rates[1] = 40;
    place->stub->rates_codes[0] = STUB_GPU_IS_LOST;
    place->stub->processes_code = STUB_NOT_SUPPORTED;
    assert_float_equal(40, look(place), 0.01);
    assert_string_equal("NVIDIA GPU 1, by a process that is not known", place->view.subject);
}

static void a_count_that_fails_or_is_absurd_does_no_harm(void **state)
{
    struct place *place = *state;
    place->stub->count_code = 999;
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "the GPUs cannot be counted: error (999)"));
    place->stub->count_code = 0;
    place->stub->gpus = 0;
    place->now_ms += 30000;
    assert_float_equal(-1, look(place), 0.01);
    place->stub->gpus = 1;
    place->stub->rates[0] = 4000000000U;
    place->now_ms += 30000;
    assert_float_equal(0, look(place), 0.01);
}

/* ---- Sleep ---- */

static void a_gpu_that_sleeps_is_not_opened(void **state)
{
    static const char *const words[] = {"suspended", "suspending", "resuming"};
    struct place *place = *state;
    struct gpu_trace trace;
    char path[512];
    struct gpu_settings settings = {.proc_root = place->tree.proc,
                                    .sys_root = place->tree.sys,
                                    .nvml_library = path,
                                    .sources = GPU_ALL};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        gpu_tree_nvidia(&place->tree, SLOT, words[i], "auto");
        for (int round = 0; round < 20; round++)
            assert_float_equal(0, look(place), 0.01);
    }
    assert_int_equal(0, place->stub->inits);
    /* Not even the file is. */
    gpu_tree_put(&place->tree, "libnvidia-ml.so.1", "no library");
    snprintf(path, sizeof(path), "%s/libnvidia-ml.so.1", place->tree.root);
    gpu_destroy(place->gpu);
    place->gpu = gpu_create(&settings, place->names);
    gpu_trace_begin(&trace, &place->tree, "libnvidia-ml.so.1");
    assert_float_equal(0, look(place), 0.01);
    assert_int_equal(0, gpu_trace_count(&trace));
    gpu_tree_nvidia(&place->tree, SLOT, "active", "auto");
    assert_float_equal(-1, look(place), 0.01);
    assert_true(gpu_trace_count(&trace) > 0);
    gpu_trace_end(&trace);
}

static void one_of_two_that_sleeps_keeps_the_library_closed(void **state)
{
    struct place *place = *state;
    gpu_tree_nvidia(&place->tree, "0000:02:00.0", "suspended", "auto");
    look(place);
    assert_int_equal(0, place->stub->inits);
    assert_non_null(strstr(place->view.unseen, "another one sleeps"));
}

static void it_is_closed_when_a_gpu_falls_asleep(void **state)
{
    struct place *place = *state;
    place->stub->rates[0] = 30;
    look(place);
    assert_int_equal(1, place->stub->open);
    gpu_tree_nvidia(&place->tree, SLOT, "suspended", "auto");
    assert_float_equal(0, look(place), 0.01);
    assert_int_equal(0, place->stub->open);
}

/* What nobody uses may fall asleep: it is closed for half a minute. */
static void an_idle_gpu_that_may_sleep_is_let_go(void **state)
{
    struct place *place = *state;
    gpu_tree_nvidia(&place->tree, SLOT, "active", "auto");
    for (int round = 0; round < 12; round++) {
        assert_float_equal(0, look(place), 0.01);
        assert_int_equal(0, place->stub->open);
    }
    assert_int_equal(2, place->stub->inits); /* in a minute */
    place->stub->rates[0] = 80;
    for (int round = 0; round < 6; round++)
        look(place);
    assert_float_equal(80, place->view.percent, 0.01);
    assert_int_equal(1, place->stub->open); /* it is used: nothing would sleep anyway */
    place->stub->rates[0] = 0;
    look(place);
    assert_int_equal(0, place->stub->open);
}

static void one_that_never_sleeps_stays_open(void **state)
{
    struct place *place = *state;
    for (int round = 0; round < 12; round++)
        assert_float_equal(0, look(place), 0.01);
    assert_int_equal(1, place->stub->inits);
    assert_int_equal(1, place->stub->open);
    gpu_close(place->gpu);
    assert_int_equal(0, place->stub->open);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        TEST(the_game_is_found_by_its_process),
        TEST(the_desktop_alone_is_no_use),
        TEST(samples_that_mean_nothing_are_thrown_away),
        TEST(without_processes_the_whole_gpu_counts),
        TEST(symbols_without_a_version_do_too),
        TEST(what_is_no_nvml_is_refused),
        TEST(one_that_does_not_start_is_tried_again_later),
        TEST(a_gpu_that_is_lost_is_let_go),
        TEST(a_count_that_fails_or_is_absurd_does_no_harm),
        TEST(a_gpu_that_sleeps_is_not_opened),
        TEST(one_of_two_that_sleeps_keeps_the_library_closed),
        TEST(it_is_closed_when_a_gpu_falls_asleep),
        TEST(an_idle_gpu_that_may_sleep_is_let_go),
        TEST(one_that_never_sleeps_stays_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
