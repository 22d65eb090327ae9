/* SPDX-License-Identifier: MIT */
/* gpu_usage on trees like /proc and /sys: who uses which GPU, what is left alone, what it costs. */
#include "gpu_tree.h"
#include "gpu_usage/devices.h"
#include "gpu_usage/gpu.h"
#include "gpu_usage/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { POLL_MS = 5000, PROCESSES_YOUNG_POLLS = 14 };

struct place {
    struct gpu_tree tree;
    struct names *names;
    struct gpu *gpu;
    struct gpu_view view;
    clb_error error;
    int64_t now_ms;
};

static void open_gpu(struct place *place, unsigned sources)
{
    struct gpu_settings settings = {.proc_root = place->tree.proc,
                                    .sys_root = place->tree.sys,
                                    .nvml_library = "/nonexistent/libnvidia-ml.so.1",
                                    .sources = sources};
    gpu_destroy(place->gpu);
    place->gpu = gpu_create(&settings, place->names);
    assert_non_null(place->gpu);
}

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    gpu_tree_make(&place->tree);
    place->names = names_create(NULL, true);
    place->now_ms = 1000 * 1000;
    open_gpu(place, GPU_ALL);
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    gpu_destroy(place->gpu);
    names_destroy(place->names);
    gpu_tree_drop(&place->tree);
    free(place);
    return 0;
}

/* The percent, five seconds after the look before; -1: unavailable. */
static double look(struct place *place)
{
    place->error = (clb_error){.size = sizeof(place->error)};
    place->now_ms += POLL_MS;
    bool can = gpu_look(place->gpu, place->now_ms, &place->view, &place->error);
    assert_int_equal(can, place->error.text[0] == '\0');
    return can ? place->view.percent : -1;
}

/* A descriptor of amdgpu, with so many milliseconds of use. */
static void use_amdgpu(const struct place *place, int pid, int number, int client, long long ms)
{
    char text[256];
    snprintf(text, sizeof(text),
             "pos:\t0\nflags:\t02100002\ndrm-driver:\tamdgpu\ndrm-client-id:\t%d\n"
             "drm-pdev:\t0000:03:00.0\ndrm-engine-gfx:\t%lld ns\n",
             client, ms * 1000000);
    gpu_tree_use(&place->tree, pid, number, "renderD128", text);
}

static void add_amdgpu(const struct place *place)
{
    gpu_tree_gpu(&place->tree, "renderD128", "amdgpu", "0000:03:00.0", "active");
    gpu_tree_gpu(&place->tree, "card0", "amdgpu", "0000:03:00.0", "active");
}

static void add_game(const struct place *place, int pid)
{
    gpu_tree_process(&place->tree, pid, "SpaceCadetPinba", 50,
                     "Z:\\games\\SpaceCadetPinball-Win64.exe");
}

/* ---- Who ---- */

static void a_game_is_found_with_what_it_uses(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    add_game(place, 300);
    use_amdgpu(place, 300, 7, 42, 1000);
    assert_float_equal(0, look(place), 0.01);
    assert_true(place->view.is_first);
    use_amdgpu(place, 300, 7, 42, 1000 + POLL_MS * 63 / 100);
    assert_float_equal(63, look(place), 0.01);
    assert_false(place->view.is_first);
    assert_string_equal("SpaceCadetPinball-Win64.exe (pid 300) on amdgpu 0000:03:00.0",
                        place->view.subject);
    assert_string_equal("", place->view.unseen);
    gpu_tree_remove(&place->tree, "proc/300");
    assert_float_equal(0, look(place), 0.01);
}

static void descriptors_of_one_client_count_once(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    add_game(place, 300);
    add_game(place, 301);
    for (int round = 0; round < 4; round++) {
        for (int number = 5; number < 8; number++) {
            use_amdgpu(place, 300, number, 42, round * POLL_MS * 30LL / 100);
            use_amdgpu(place, 301, number, 42, round * POLL_MS * 30LL / 100);
        }
        assert_float_equal(round > 0 ? 30 : 0, look(place), 0.01);
    }
    /* The clients of one process add up. */
    use_amdgpu(place, 300, 5, 42, 4 * POLL_MS * 30LL / 100);
    use_amdgpu(place, 300, 6, 43, 0);
    gpu_tree_remove(&place->tree, "proc/301");
    gpu_tree_remove(&place->tree, "proc/300/fd/7");
    look(place);
    use_amdgpu(place, 300, 5, 42, 5 * POLL_MS * 30LL / 100);
    use_amdgpu(place, 300, 6, 43, POLL_MS * 20LL / 100);
    assert_float_equal(50, look(place), 0.01);
}

static void the_desktop_and_the_browser_are_left_out(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    gpu_tree_process(&place->tree, 200, "kwin_wayland", 5, "/usr/bin/kwin_wayland");
    gpu_tree_process(&place->tree, 201, "Isolated Web Co", 6, "/usr/lib/firefox/firefox");
    gpu_tree_process(&place->tree, 202, "something", 6, "/opt/chrome");
    add_game(place, 300);
    for (int round = 0; round < 3; round++) {
        for (int pid = 200; pid < 203; pid++)
            use_amdgpu(place, pid, 9, pid, round * POLL_MS * 90LL / 100);
        use_amdgpu(place, 300, 9, 300, round * POLL_MS * 10LL / 100);
        look(place);
    }
    assert_float_equal(10, place->view.percent, 0.01);
    assert_non_null(strstr(place->view.subject, "(pid 300)"));
}

static void xe_is_measured_by_cycles(void **state)
{
    struct place *place = *state;
    gpu_tree_gpu(&place->tree, "renderD128", "xe", "0000:00:02.0", "active");
    gpu_tree_process(&place->tree, 300, "game", 50, "/g/game");
    gpu_tree_use(&place->tree, 300, 7, "renderD128",
                 "drm-driver:\txe\ndrm-client-id:\t3\ndrm-pdev:\t0000:00:02.0\n"
                 "drm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\n");
    look(place);
    gpu_tree_use(&place->tree, 300, 7, "renderD128",
                 "drm-driver:\txe\ndrm-client-id:\t3\ndrm-pdev:\t0000:00:02.0\n"
                 "drm-cycles-rcs:\t53257900\ndrm-total-cycles-rcs:\t7755183225\n");
    assert_float_equal(25, look(place), 0.01);
    assert_string_equal("game (pid 300) on xe 0000:00:02.0", place->view.subject);
}

/* Its client on each of them has the same number: it is another one all the same. */
static void the_busier_of_two_gpus_counts(void **state)
{
    static const int amdgpu_percents[] = {0, 40, 80};
    static const int i915_percents[] = {0, 70, 30};
    struct place *place = *state;
    long long amdgpu_ms = 0;
    long long i915_ms = 0;
    add_amdgpu(place);
    gpu_tree_gpu(&place->tree, "renderD129", "i915", "0000:00:02.0", "active");
    gpu_tree_process(&place->tree, 300, "game", 50, "/g/game");
    for (int round = 0; round < 3; round++) {
        char text[160];
        amdgpu_ms += POLL_MS * amdgpu_percents[round] / 100;
        i915_ms += POLL_MS * i915_percents[round] / 100;
        snprintf(text, sizeof(text),
                 "drm-driver: i915\ndrm-client-id: 5\ndrm-pdev: 0000:00:02.0\n"
                 "drm-engine-render: %lld ns\n",
                 i915_ms * 1000000);
        use_amdgpu(place, 300, 5, 5, amdgpu_ms);
        gpu_tree_use(&place->tree, 300, 6, "renderD129", text);
        look(place);
        if (round == 1)
            assert_string_equal("game (pid 300) on i915 0000:00:02.0", place->view.subject);
        if (round == 1)
            assert_float_equal(70, place->view.percent, 0.01);
    }
    assert_float_equal(80, place->view.percent, 0.01);
    assert_string_equal("game (pid 300) on amdgpu 0000:03:00.0", place->view.subject);
}

/* ---- Other sources ---- */

static void a_driver_that_tells_no_use_is_unavailable(void **state)
{
    struct place *place = *state;
    gpu_tree_gpu(&place->tree, "renderD128", "nouveau", "0000:01:00.0", "active");
    gpu_tree_process(&place->tree, 300, "game", 50, "/g/game");
    gpu_tree_use(&place->tree, 300, 7, "renderD128",
                 "drm-driver:\tnouveau\ndrm-client-id:\t9\ndrm-pdev:\t0000:01:00.0\n"
                 "drm-total-vram:\t35 MiB\n");
    assert_float_equal(-1, look(place), 0.01);
    assert_string_equal(
        "no GPU can be measured: nouveau 0000:01:00.0: the driver does not tell who "
        "uses it",
        place->error.text);
}

static void an_old_amdgpu_says_how_busy_it_is(void **state)
{
    static const char *const hostile[] = {"101\n", "-1\n", "", "99999999999999999999\n", "\xff\n"};
    struct place *place = *state;
    add_amdgpu(place);
    gpu_tree_process(&place->tree, 300, "game", 50, "/g/game");
    gpu_tree_use(&place->tree, 300, 7, "renderD128",
                 "drm-driver:\tamdgpu\ndrm-client-id:\t9\ndrm-pdev:\t0000:03:00.0\n");
    gpu_tree_put(&place->tree, "sys/class/drm/renderD128/device/gpu_busy_percent", "57\n");
    assert_float_equal(57, look(place), 0.01);
    assert_string_equal("amdgpu 0000:03:00.0, by a process that is not known", place->view.subject);
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        gpu_tree_put(&place->tree, "sys/class/drm/renderD128/device/gpu_busy_percent", hostile[i]);
        assert_float_equal(-1, look(place), 0.01);
    }
    gpu_tree_remove(&place->tree, "sys/class/drm/renderD128/device/gpu_busy_percent");
    gpu_tree_folder(&place->tree, "sys/class/drm/renderD128/device/gpu_busy_percent");
    assert_float_equal(-1, look(place), 0.01);
}

static void a_source_that_is_switched_off_is_not_asked(void **state)
{
    struct place *place = *state;
    struct gpu_trace trace;
    add_amdgpu(place);
    add_game(place, 300);
    gpu_tree_put(&place->tree, "sys/class/drm/renderD128/device/gpu_busy_percent", "57\n");
    use_amdgpu(place, 300, 7, 42, 0);
    open_gpu(place, GPU_SYSFS);
    gpu_trace_begin(&trace, &place->tree, "proc/300/fdinfo/7");
    assert_float_equal(57, look(place), 0.01);
    assert_int_equal(0, gpu_trace_count(&trace));
    open_gpu(place, GPU_NVML);
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "no source that is switched on"));
    gpu_trace_end(&trace);
}

static void without_a_gpu_it_says_so(void **state)
{
    struct place *place = *state;
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "there is no GPU"));
    /* One that only shows pictures is none. */
    gpu_tree_gpu(&place->tree, "card0", "ast", "0000:05:00.0", "active");
    place->now_ms += DEVICES_LIST_MS;
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "there is no GPU"));
    /* One that comes later is seen, also when there was no /sys at all. */
    gpu_tree_remove(&place->tree, "sys");
    open_gpu(place, GPU_ALL);
    assert_float_equal(-1, look(place), 0.01);
    add_amdgpu(place);
    place->now_ms += DEVICES_LIST_MS;
    assert_float_equal(0, look(place), 0.01);
}

static void without_processes_it_says_so(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    gpu_tree_remove(&place->tree, "proc");
    assert_float_equal(-1, look(place), 0.01);
    assert_non_null(strstr(place->error.text, "No such file"));
}

/* ---- Sleep ---- */

static void a_gpu_that_sleeps_is_not_touched(void **state)
{
    static const char *const words[] = {"suspended", "suspending", "resuming"};
    struct place *place = *state;
    struct gpu_trace counters;
    struct gpu_trace busy;
    add_amdgpu(place);
    add_game(place, 300);
    use_amdgpu(place, 300, 7, 42, 0);
    gpu_tree_put(&place->tree, "sys/class/drm/renderD128/device/gpu_busy_percent", "57\n");
    gpu_trace_begin(&counters, &place->tree, "proc/300/fdinfo/7");
    gpu_trace_begin(&busy, &place->tree, "sys/class/drm/renderD128/device/gpu_busy_percent");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        gpu_tree_gpu(&place->tree, "renderD128", "amdgpu", "0000:03:00.0", words[i]);
        open_gpu(place, GPU_ALL);
        for (int round = 0; round < 20; round++)
            assert_float_equal(0, look(place), 0.01);
        open_gpu(place, GPU_SYSFS);
        assert_float_equal(0, look(place), 0.01);
    }
    struct devices devices;
    double percent;
    assert_true(devices_init(&devices, place->tree.sys));
    devices_look(&devices, place->now_ms);
    assert_int_equal(1, devices.count);
    assert_false(devices_busy(&devices, 0, &percent));
    devices_finish(&devices);
    assert_int_equal(0, gpu_trace_count(&counters));
    assert_int_equal(0, gpu_trace_count(&busy));

    /* The same when it is awake: the trace does see it. */
    gpu_tree_gpu(&place->tree, "renderD128", "amdgpu", "0000:03:00.0", "active");
    look(place);
    assert_true(gpu_trace_count(&busy) > 0);
    open_gpu(place, GPU_ALL);
    look(place);
    assert_true(gpu_trace_count(&counters) > 0);
    gpu_trace_end(&counters);
    gpu_trace_end(&busy);
}

static void whether_it_sleeps_has_to_be_known(void **state)
{
    static const char *const words[] = {NULL, "error", "\xff\xfe", "active-", ""};
    struct place *place = *state;
    struct gpu_trace trace;
    add_game(place, 300);
    use_amdgpu(place, 300, 7, 42, 0);
    gpu_trace_begin(&trace, &place->tree, "proc/300/fdinfo/7");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        gpu_tree_gpu(&place->tree, "renderD128", "amdgpu", "0000:03:00.0", words[i]);
        open_gpu(place, GPU_ALL);
        assert_float_equal(-1, look(place), 0.01);
        assert_non_null(strstr(place->error.text, "must not be woken"));
    }
    gpu_tree_remove(&place->tree, "sys/class/drm/renderD128/device/power/runtime_status");
    gpu_tree_folder(&place->tree, "sys/class/drm/renderD128/device/power/runtime_status");
    assert_float_equal(-1, look(place), 0.01);
    assert_int_equal(0, gpu_trace_count(&trace));
    gpu_trace_end(&trace);
}

/* Five seconds of sleep are no time in which it could have been used. */
static void after_a_sleep_it_is_measured_from_its_end(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    add_game(place, 300);
    use_amdgpu(place, 300, 7, 42, 0);
    look(place);
    gpu_tree_gpu(&place->tree, "renderD128", "amdgpu", "0000:03:00.0", "suspended");
    look(place);
    gpu_tree_gpu(&place->tree, "renderD128", "amdgpu", "0000:03:00.0", "active");
    use_amdgpu(place, 300, 7, 42, POLL_MS / 2);
    assert_float_equal(50, look(place), 0.01);
}

/* ---- Change ---- */

static void a_pid_that_is_used_again_begins_anew(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    add_game(place, 300);
    use_amdgpu(place, 300, 7, 42, 0);
    look(place);
    look(place);
    /* Another process, with the same pid, descriptor and, by inheritance, client. */
    gpu_tree_process(&place->tree, 300, "other", 77, "/g/other");
    use_amdgpu(place, 300, 7, 42, POLL_MS / 2);
    assert_float_equal(0, look(place), 0.01);
    use_amdgpu(place, 300, 7, 42, POLL_MS);
    assert_float_equal(50, look(place), 0.01);
    assert_string_equal("other (pid 300) on amdgpu 0000:03:00.0", place->view.subject);
    /* Another client behind the same number. */
    use_amdgpu(place, 300, 7, 43, POLL_MS * 2);
    assert_float_equal(0, look(place), 0.01);
}

/* The highest percent of so many polls, while the game uses half of the GPU. */
static double highest_of(struct place *place, int polls)
{
    double highest = 0;
    for (int round = 0; round < polls; round++) {
        use_amdgpu(place, 300, 7, 42, round * POLL_MS / 2);
        double percent = look(place);
        highest = percent > highest ? percent : highest;
    }
    return highest;
}

static void a_launcher_that_execs_a_game_is_one_within_a_minute(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    gpu_tree_process(&place->tree, 300, "steam", 50, "/usr/bin/steam");
    use_amdgpu(place, 300, 7, 42, 0);
    look(place);
    gpu_tree_process(&place->tree, 300, "game", 50, "/g/game");
    assert_float_equal(50, highest_of(place, 65 * 1000 / POLL_MS), 0.01);
}

static void a_game_that_comes_is_seen_within_ten_seconds(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    look(place);
    add_game(place, 300);
    assert_float_equal(50, highest_of(place, 4), 0.01); /* listed, then measured */
}

static void a_gpu_that_is_opened_late_is_seen_within_ten_seconds(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    look(place);
    add_game(place, 300);
    for (int i = 0; i < 6; i++)
        look(place);
    assert_float_equal(50, highest_of(place, 4), 0.01);
}

/* Such as a daemon: the files that it has open are not even looked through. */
static void what_has_little_memory_is_passed_over(void **state)
{
    struct place *place = *state;
    struct gpu_trace trace;
    add_amdgpu(place);
    add_game(place, 300);
    gpu_tree_put(&place->tree, "proc/300/statm", "9000 300 1 1 0 1 0\n");
    gpu_trace_begin(&trace, &place->tree, "proc/300/fd");
    assert_float_equal(0, highest_of(place, 20), 0.01);
    assert_int_equal(0, gpu_trace_count(&trace));
    gpu_tree_put(&place->tree, "proc/300/statm", "90000 9000 1 1 0 1 0\n");
    assert_float_equal(50, highest_of(place, 20), 0.01);
    gpu_trace_end(&trace);
}

/* ---- Hostile ---- */

static void hostile_descriptors_are_nobody(void **state)
{
    static const char *const texts[] = {
        "",
        "drm-driver:\tamdg",
        "\xff\xfe\xfd",
        "drm-driver:\t\xff\n",
        "drm-client-id:\t1\ndrm-engine-gfx:\t5 ns\n",
        "drm-driver:\tamdgpu\ndrm-engine-gfx:\t-5 ns\n",
        "drm-driver:\tamdgpu\ndrm-engine-gfx:\t99999999999999999999 ns\n",
        "drm-driver:\tamdgpu\ndrm-engine-:\t5 ns\n"};
    struct place *place = *state;
    add_amdgpu(place);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int pid = 300 + (int)i;
        gpu_tree_process(&place->tree, pid, "ga\xffme", 50, "\xff\xfe\\\xfd");
        gpu_tree_use(&place->tree, pid, 7, "renderD128", texts[i]);
    }
    /* A folder where a file should be, a file where a folder should be, files that are missing. */
    gpu_tree_process(&place->tree, 400, "game", 50, "");
    gpu_tree_use(&place->tree, 400, 7, "renderD128", "");
    gpu_tree_remove(&place->tree, "proc/400/fdinfo/7");
    gpu_tree_folder(&place->tree, "proc/400/fdinfo/7");
    gpu_tree_put(&place->tree, "proc/401/fd", "no folder");
    gpu_tree_folder(&place->tree, "proc/402");
    gpu_tree_folder(&place->tree, "proc/403/stat");
    gpu_tree_use(&place->tree, 403, 7, "renderD128", "drm-driver:\tamdgpu\n");
    gpu_tree_put(&place->tree, "proc/404/stat", "404 (cut");
    gpu_tree_use(&place->tree, 404, 7, "renderD128", "drm-driver:\tamdgpu\n");
    gpu_tree_put(&place->tree, "proc/99999999999999999999/stat", "");
    gpu_tree_put(&place->tree, "proc/-5/stat", "");
    for (int round = 0; round < 5; round++)
        assert_float_equal(-1, look(place), 0.01);

    /* Among them a game is found all the same, and its name is made fit to be shown. */
    gpu_tree_process(&place->tree, 500, "ga\xffme", 50, "");
    use_amdgpu(place, 500, 7, 42, 0);
    place->now_ms += 2 * POLL_MS;
    assert_float_equal(0, look(place), 0.01);
    use_amdgpu(place, 500, 7, 42, POLL_MS / 2);
    assert_float_equal(50, look(place), 0.01);
    assert_string_equal("ga?me (pid 500) on amdgpu 0000:03:00.0", place->view.subject);
}

static void more_than_there_is_room_for_does_no_harm(void **state)
{
    struct place *place = *state;
    add_amdgpu(place);
    for (int i = 0; i < 40; i++) {
        char node[16];
        char slot[16];
        snprintf(node, sizeof(node), "renderD%d", 130 + i);
        snprintf(slot, sizeof(slot), "0000:%02x:01.0", (unsigned)i);
        gpu_tree_gpu(&place->tree, node, "amdgpu", slot, "active");
    }
    for (int pid = 300; pid < 570; pid++) {
        gpu_tree_process(&place->tree, pid, "game", 50, "/g/game");
        for (int number = 0; number < (pid == 300 ? 60 : 2); number++)
            use_amdgpu(place, pid, number, pid * 100 + number, 0);
    }
    for (int round = 0; round < 4; round++)
        assert_true(look(place) <= 0.01);
}

static uint64_t chance(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Spoils a text: cuts it, changes bytes of it, or writes another one over it. */
static size_t spoil(uint64_t *seed, const char *text, char *spoiled, size_t capacity)
{
    size_t length = strlen(text);
    memset(spoiled, 0, capacity);
    memcpy(spoiled, text, length);
    for (uint64_t changes = chance(seed) % 4; changes > 0; changes--)
        spoiled[chance(seed) % length] = (char)chance(seed);
    if (chance(seed) % 3 == 0)
        return chance(seed) % length;
    return chance(seed) % 8 == 0 ? capacity : length;
}

/* A hundredth of CLB_FUZZ: each is six files. */
static void random_trees_do_no_harm(void **state)
{
    static const char *const files[][2] = {
        {"proc/300/stat", "300 (game) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 50 1 2\n"},
        {"proc/300/cmdline", "Z:\\games\\Game.exe"},
        {"proc/300/fdinfo/7", "drm-driver:\tamdgpu\ndrm-client-id:\t42\n"
                              "drm-engine-gfx:\t812374619 ns\n"},
        {"sys/class/drm/renderD128/device/uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n"},
        {"sys/class/drm/renderD128/device/power/runtime_status", "active\n"},
        {"sys/class/drm/renderD128/device/gpu_busy_percent", "57\n"}};
    enum { FILES = sizeof(files) / sizeof(files[0]) };
    struct place *place = *state;
    const char *rounds_text = getenv("CLB_FUZZ");
    const char *seed_text = getenv("CLB_SEED");
    long rounds = rounds_text != NULL ? strtol(rounds_text, NULL, 10) / 100 : 100;
    uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 20262;
    printf("CLB_FUZZ=%ld CLB_SEED=%llu\n", rounds * 100, (unsigned long long)seed);
    seed = seed * 2 + 1;
    add_amdgpu(place);
    add_game(place, 300);
    for (long round = 0; round < rounds; round++) {
        char spoiled[2048];
        use_amdgpu(place, 300, 7, 42, round * 100);
        for (int i = 0; i < FILES; i++) {
            size_t length = spoil(&seed, files[i][1], spoiled, sizeof(spoiled));
            bool is_spoiled = chance(&seed) % 3 == 0;
            gpu_tree_put_bytes(&place->tree, files[i][0], is_spoiled ? spoiled : files[i][1],
                               is_spoiled ? length : strlen(files[i][1]));
        }
        place->now_ms += (int64_t)(chance(&seed) % 40000) - 2000;
        double percent = look(place);
        char clean[sizeof(place->view.subject)];
        memcpy(clean, place->view.subject, sizeof(clean));
        names_clean(clean);
        assert_string_equal(clean, place->view.subject);
        assert_true(percent <= 100);
    }
}

/* ---- Cost ---- */

/* 200 processes, of which three use the GPU: most polls read the stat and the counters of the one
 * that may be a game, and nothing of the others. */
static void a_poll_reads_what_may_be_a_game_alone(void **state)
{
    struct place *place = *state;
    struct devices devices;
    struct watch_view view;
    struct watch *watch = watch_create(place->tree.proc, place->names);
    int looks = 0;
    int polls_without = 0;
    int looked_through;
    int read;
    add_amdgpu(place);
    for (int pid = 100; pid < 300; pid++) {
        char path[32];
        gpu_tree_process(&place->tree, pid, "daemon", 5, "/usr/bin/daemon");
        snprintf(path, sizeof(path), "proc/%d/statm", pid);
        gpu_tree_put(&place->tree, path, pid % 2 ? "9000 300 1 1 0 1 0" : "90000 30000 1 1 0 1 0");
    }
    gpu_tree_process(&place->tree, 300, "firefox", 5, "/usr/bin/firefox");
    gpu_tree_process(&place->tree, 301, "sway", 5, "/usr/bin/sway");
    add_game(place, 302);
    for (int pid = 300; pid < 303; pid++)
        use_amdgpu(place, pid, 7, pid, 0);
    assert_true(devices_init(&devices, place->tree.sys));
    for (int poll = 0; poll < 120; poll++, place->now_ms += POLL_MS) {
        devices_look(&devices, place->now_ms);
        assert_true(watch_look(watch, &devices, place->now_ms, &view));
        watch_costs(watch, &looked_through, &read);
        if (poll < PROCESSES_YOUNG_POLLS)
            continue;
        looks += looked_through;
        polls_without += looked_through == 0;
        assert_in_range(read, 1, looked_through == 0 ? 1 : 3);
    }
    int polls = 120 - PROCESSES_YOUNG_POLLS;
    assert_true(polls_without >= polls / 2 - 1);
    assert_in_range(looks / polls, 1, 25); /* of 204 */
    devices_finish(&devices);
    watch_destroy(watch);
}

/* Many that have many files open: a look takes some of them, the newest first. */
static void the_first_look_does_not_take_all(void **state)
{
    enum { PROCESSES = 30, FILES = 100 };
    struct place *place = *state;
    struct devices devices;
    struct watch_view view;
    struct watch *watch = watch_create(place->tree.proc, place->names);
    int all = 0;
    int looked_through;
    int read;
    add_amdgpu(place);
    add_game(place, 300);
    use_amdgpu(place, 300, 7, 42, 0);
    for (int pid = 100; pid < 100 + PROCESSES; pid++) {
        gpu_tree_process(&place->tree, pid, "server", 5, "/usr/bin/server");
        for (int number = 0; number < FILES; number++) {
            char path[64];
            snprintf(path, sizeof(path), "proc/%d/fd/%d", pid, number);
            gpu_tree_put(&place->tree, path, "");
        }
    }
    assert_true(devices_init(&devices, place->tree.sys));
    devices_look(&devices, place->now_ms);
    for (int i = 0; i < 3; i++, place->now_ms += 1000) {
        assert_true(watch_look(watch, &devices, place->now_ms, &view));
        watch_costs(watch, &looked_through, &read);
        assert_true(looked_through < PROCESSES - 5);
        assert_int_equal(1, read); /* the game is found at once */
        all += looked_through;
    }
    assert_int_equal(PROCESSES + 2, all);
    devices_finish(&devices);
    watch_destroy(watch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        TEST(a_game_is_found_with_what_it_uses),
        TEST(descriptors_of_one_client_count_once),
        TEST(the_desktop_and_the_browser_are_left_out),
        TEST(xe_is_measured_by_cycles),
        TEST(the_busier_of_two_gpus_counts),
        TEST(a_driver_that_tells_no_use_is_unavailable),
        TEST(an_old_amdgpu_says_how_busy_it_is),
        TEST(a_source_that_is_switched_off_is_not_asked),
        TEST(without_a_gpu_it_says_so),
        TEST(without_processes_it_says_so),
        TEST(a_gpu_that_sleeps_is_not_touched),
        TEST(whether_it_sleeps_has_to_be_known),
        TEST(after_a_sleep_it_is_measured_from_its_end),
        TEST(a_pid_that_is_used_again_begins_anew),
        TEST(a_launcher_that_execs_a_game_is_one_within_a_minute),
        TEST(a_game_that_comes_is_seen_within_ten_seconds),
        TEST(what_has_little_memory_is_passed_over),
        TEST(a_gpu_that_is_opened_late_is_seen_within_ten_seconds),
        TEST(hostile_descriptors_are_nobody),
        TEST(more_than_there_is_room_for_does_no_harm),
        TEST(random_trees_do_no_harm),
        TEST(the_first_look_does_not_take_all),
        TEST(a_poll_reads_what_may_be_a_game_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
