/* SPDX-License-Identifier: MIT */
/* The parts of gpu_usage that are pure: texts of drivers, counters, names, when to look. */
#include "gpu_usage/fdinfo.h"
#include "gpu_usage/names.h"
#include "gpu_usage/processes.h"
#include "gpu_usage/use.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fdinfo parsed(const char *text)
{
    struct fdinfo info;
    assert_true(fdinfo_parse(text, strlen(text), &info));
    return info;
}

/* ---- Drivers ---- */

static const char amdgpu[] = "pos:\t0\nflags:\t02100002\nmnt_id:\t26\nino:\t1078\n"
                             "drm-driver:\tamdgpu\ndrm-client-id:\t4711\n"
                             "drm-pdev:\t0000:03:00.0\npasid:\t32779\n"
                             "drm-total-vram:\t1048576 KiB\ndrm-memory-vram:\t983040 KiB\n"
                             "drm-memory-gtt: \t20480 KiB\namd-evicted-vram:\t0 KiB\n"
                             "drm-engine-gfx:\t81237461928 ns\ndrm-engine-dec:\t1204 ns\n";

static void amdgpu_counts_nanoseconds(void **state)
{
    (void)state;
    struct fdinfo info = parsed(amdgpu);
    assert_string_equal("amdgpu", info.driver);
    assert_string_equal("0000:03:00.0", info.device);
    assert_true(info.has_client);
    assert_int_equal(4711, info.client);
    assert_int_equal(2, info.count);
    assert_string_equal("gfx", info.engines[0].name);
    assert_true(info.engines[0].has_busy_ns);
    assert_int_equal(INT64_C(81237461928), info.engines[0].busy_ns);
    assert_int_equal(1, info.engines[0].capacity);
}

static void i915_has_two_engines_for_video(void **state)
{
    (void)state;
    struct fdinfo info = parsed("pos:    0\nflags:  0100002\nmnt_id: 21\nino:    397\n"
                                "drm-driver: i915\ndrm-client-id: 18\ndrm-pdev: 0000:00:02.0\n"
                                "drm-total-system0: 125 MiB\ndrm-engine-render: 25662044495 ns\n"
                                "drm-engine-copy: 0 ns\ndrm-engine-video: 77 ns\n"
                                "drm-engine-capacity-video:\t2\ndrm-engine-video-enhance: 0 ns\n");
    assert_int_equal(4, info.count);
    assert_int_equal(INT64_C(25662044495), info.engines[0].busy_ns);
    assert_string_equal("video", info.engines[2].name);
    assert_int_equal(2, info.engines[2].capacity);
    assert_string_equal("video-enhance", info.engines[3].name);
}

static void xe_counts_cycles_beside_those_that_went_by(void **state)
{
    (void)state;
    struct fdinfo info = parsed("drm-driver:\txe\ndrm-client-id:\t3\ndrm-pdev:\t0000:00:02.0\n"
                                "drm-total-gtt:\t192 KiB\ndrm-cycles-rcs:\t28257900\n"
                                "drm-total-cycles-rcs:\t7655183225\ndrm-cycles-vcs:\t0\n"
                                "drm-total-cycles-vcs:\t7655183225\n"
                                "drm-engine-capacity-vcs:\t2\n");
    assert_int_equal(2, info.count);
    assert_false(info.engines[0].has_busy_ns);
    assert_int_equal(28257900, info.engines[0].cycles);
    assert_int_equal(INT64_C(7655183225), info.engines[0].total_cycles);
    assert_int_equal(2, info.engines[1].capacity);
}

static void nouveau_tells_of_memory_alone(void **state)
{
    (void)state;
    struct fdinfo info = parsed("drm-driver:\tnouveau\ndrm-client-id:\t9\n"
                                "drm-pdev:\t0000:01:00.0\ndrm-total-vram:\t35 MiB\n"
                                "drm-shared-vram:\t0\ndrm-engine-capacity-gr:\t1\n");
    assert_string_equal("nouveau", info.driver);
    assert_int_equal(0, info.count);
}

/* msm, on no PCI bus: nanoseconds, and cycles without those that went by. */
static void a_gpu_of_a_phone_has_no_place_on_the_bus(void **state)
{
    (void)state;
    struct fdinfo info = parsed("drm-driver:\tmsm\ndrm-client-id:\t7\ndrm-engine-gpu:\t500 ns\n"
                                "drm-cycles-gpu:\t900\ndrm-maxfreq-gpu:\t800000000 Hz\n"
                                "drm-cycles-other:\t900\n");
    assert_string_equal("", info.device);
    assert_int_equal(1, info.count);
    assert_string_equal("gpu", info.engines[0].name);
}

static void what_is_not_of_a_gpu_is_none(void **state)
{
    static const char *const texts[] = {"",
                                        "pos:\t0\nflags:\t02\nmnt_id:\t9\n",
                                        "drm-driver\n",
                                        "drm-driver:\n",
                                        "drm-driver:\tamd\xff\ndrm-client-id:\t1\n",
                                        "drm-driver:\ta name that is far too long to be a driver\n",
                                        "drm-driver:\tcut"};
    struct fdinfo info;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(fdinfo_parse(texts[i], strlen(texts[i]), &info));
}

/* Cut anywhere, a number is either whole or not there. */
static void a_text_that_is_cut_gives_no_half_number(void **state)
{
    (void)state;
    for (size_t length = 0; length < sizeof(amdgpu) - 1; length++) {
        struct fdinfo info;
        char *copy = malloc(length + 1); /* so that sanitizers see what lies behind */
        memcpy(copy, amdgpu, length);
        if (fdinfo_parse(copy, length, &info)) {
            assert_true(!info.has_client || info.client == 4711);
            assert_true(info.count == 0 || info.engines[0].busy_ns == UINT64_C(81237461928));
            assert_int_not_equal(2, info.count);
        }
        free(copy);
    }
}

static void a_malformed_number_is_left_out(void **state)
{
    static const char *const values[] = {"-5 ns",
                                         "+5 ns",
                                         "5 ms",
                                         "5ns x",
                                         "ns",
                                         "0x10 ns",
                                         "5.5 ns",
                                         "",
                                         " ",
                                         "5 5ns",
                                         "18446744073709551616 ns",
                                         "99999999999999999999999999999999 ns",
                                         "\xff\xfe ns"};
    char text[128];
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(text, sizeof(text), "drm-driver: x\ndrm-engine-gfx: %s\n", values[i]);
        if (parsed(text).count != 0)
            fail_msg("\"%s\" counts", values[i]);
    }
    struct fdinfo info = parsed("drm-driver: x\ndrm-engine-a: 18446744073709551615 ns\n"
                                "drm-engine-b:7\ndrm-engine-capacity-a: 0\n"
                                "drm-engine-capacity-b: 4294967296\n");
    assert_int_equal(2, info.count);
    assert_true(info.engines[0].busy_ns == UINT64_MAX);
    assert_int_equal(1, info.engines[0].capacity);
    assert_int_equal(1, info.engines[1].capacity);
}

static void too_many_engines_are_cut_off(void **state)
{
    char text[4096] = "drm-driver: x\n";
    (void)state;
    for (int i = 0; i < 60; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "drm-engine-e%d: %d ns\n", i, i);
    assert_int_equal(FDINFO_ENGINES_MAX, parsed(text).count);
}

/* ---- Counters ---- */

enum { SECOND_MS = 1000 };

struct meter {
    struct use_client client;
    int64_t now_ms;
};

/* A second later the engine has counted so much; the percent. */
static double after_second(struct meter *meter, const char *counters)
{
    char text[256];
    double percents[FDINFO_ENGINES_MAX];
    snprintf(text, sizeof(text), "drm-driver: x\n%s\n", counters);
    struct fdinfo info = parsed(text);
    meter->now_ms += SECOND_MS;
    assert_true(use_update(&meter->client, &info, meter->now_ms, percents));
    return percents[0];
}

static void nanoseconds_become_percent(void **state)
{
    struct meter meter = {0};
    (void)state;
    assert_float_equal(0, after_second(&meter, "drm-engine-a: 5000000000 ns"), 0.01);
    assert_float_equal(30, after_second(&meter, "drm-engine-a: 5300000000 ns"), 0.01);
    assert_float_equal(0, after_second(&meter, "drm-engine-a: 5300000000 ns"), 0.01);
    assert_float_equal(100, after_second(&meter, "drm-engine-a: 6800000000 ns"), 0.01);
}

static void two_engines_under_one_name_share_it(void **state)
{
    struct meter meter = {0};
    (void)state;
    after_second(&meter, "drm-engine-a: 0 ns\ndrm-engine-capacity-a: 2");
    assert_float_equal(
        25, after_second(&meter, "drm-engine-a: 500000000 ns\ndrm-engine-capacity-a: 2"), 0.01);
}

static void cycles_are_held_against_those_that_went_by(void **state)
{
    struct meter meter = {0};
    (void)state;
    after_second(&meter, "drm-cycles-a: 100\ndrm-total-cycles-a: 1000");
    assert_float_equal(40, after_second(&meter, "drm-cycles-a: 500\ndrm-total-cycles-a: 2000"),
                       0.01);
    /* None went by, or they began anew. */
    assert_float_equal(0, after_second(&meter, "drm-cycles-a: 600\ndrm-total-cycles-a: 2000"),
                       0.01);
    assert_float_equal(0, after_second(&meter, "drm-cycles-a: 700\ndrm-total-cycles-a: 10"), 0.01);
}

static void a_counter_that_goes_down_catches_up_first(void **state)
{
    struct meter meter = {0};
    (void)state;
    after_second(&meter, "drm-engine-a: 1000000000 ns");
    assert_float_equal(0, after_second(&meter, "drm-engine-a: 700000000 ns"), 0.01);
    assert_float_equal(20, after_second(&meter, "drm-engine-a: 1200000000 ns"), 0.01);
}

static void a_counter_that_stays_down_has_begun_anew(void **state)
{
    struct meter meter = {0};
    (void)state;
    after_second(&meter, "drm-engine-a: 18000000000000000000 ns");
    for (int i = 0; i < USE_LOWER_MAX; i++)
        assert_float_equal(0, after_second(&meter, "drm-engine-a: 1000 ns"), 0.01);
    assert_float_equal(50, after_second(&meter, "drm-engine-a: 500001000 ns"), 0.01);
}

static void a_leap_is_no_use(void **state)
{
    struct meter meter = {0};
    (void)state;
    after_second(&meter, "drm-engine-a: 0 ns");
    assert_float_equal(0, after_second(&meter, "drm-engine-a: 17000000000 ns"), 0.01);
    assert_float_equal(10, after_second(&meter, "drm-engine-a: 17100000000 ns"), 0.01);
}

static void a_moment_is_not_measured(void **state)
{
    double percents[FDINFO_ENGINES_MAX];
    struct use_client client = {0};
    struct fdinfo info = parsed("drm-driver: x\ndrm-engine-a: 0 ns\n");
    (void)state;
    assert_true(use_update(&client, &info, 0, percents));
    info.engines[0].busy_ns = 50 * 1000 * 1000;
    assert_false(use_update(&client, &info, USE_ELAPSED_MIN_MS - 1, percents));
    assert_true(use_update(&client, &info, USE_ELAPSED_MIN_MS, percents));
    assert_float_equal(50, percents[0], 0.01);
}

static void a_process_is_worth_its_busiest_engine(void **state)
{
    struct use_sum sum = {0};
    int device;
    (void)state;
    assert_float_equal(0, use_highest(&sum, &device), 0.01);
    assert_int_equal(-1, device);
    use_add(&sum, 0, "gfx", 30);
    use_add(&sum, 1, "gfx", 45);
    use_add(&sum, 0, "gfx", 20);
    use_add(&sum, 0, "dec", 40);
    assert_float_equal(50, use_highest(&sum, &device), 0.01);
    assert_int_equal(0, device);
    for (int i = 0; i < 3 * USE_PARTS_MAX; i++)
        use_add(&sum, i, "more", 90);
    use_add(&sum, 0, "gfx", 90);
    assert_float_equal(100, use_highest(&sum, &device), 0.01);
}

static void three_of_five_samples_decide(void **state)
{
    struct use_samples samples = {.needed = 3, .of = 5};
    static const int busy[] = {1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0};
    static const int active[] = {0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0};
    (void)state;
    for (size_t i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
        assert_int_equal(active[i], use_samples_add(&samples, busy[i]));
}

/* ---- Names ---- */

static void what_is_no_game_is_known(void **state)
{
    static const char *const names[] = {"firefox",      "firefox-esr",  "chrome",
                                        "kwin_wayland", "mpv",          "gnome-shell",
                                        "DISCORD",      "gamescope-wl", "Xwayland"};
    static const char *const games[] = {"Minecraft.exe", "java", "stk", "chromatic", "mpvgame", ""};
    struct names *known = names_create(NULL, true);
    struct names *none = names_create(NULL, false);
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!names_has(known, names[i]))
            fail_msg("%s is a game", names[i]);
        assert_false(names_has(none, names[i]));
    }
    for (size_t i = 0; i < sizeof(games) / sizeof(games[0]); i++)
        if (names_has(known, games[i]))
            fail_msg("%s is no game", games[i]);
    names_destroy(known);
    names_destroy(none);
}

static void own_names_are_left_out_too(void **state)
{
    const char *items[] = {"", "Stellarium", "viewer*", "name-with-more-than-fifteen"};
    clb_setting setting = {.size = sizeof(setting), .items = items, .count = 4};
    struct names *names = names_create(&setting, false);
    (void)state;
    assert_true(names_has(names, "stellarium"));
    assert_true(names_has(names, "viewer-3d"));
    assert_true(names_has(names, "name-with-more-"));
    assert_true(names_has(names, "name-with-more-than-fifteen"));
    assert_false(names_has(names, "name-with-more"));
    assert_false(names_has(names, "stellarium2"));
    assert_false(names_has(names, "firefox"));
    names_destroy(names);
}

static const char *chosen(const char *comm, const char *arguments)
{
    static char name[NAMES_CAPACITY];
    char program[NAMES_CAPACITY];
    names_program(program, arguments, strlen(arguments));
    names_choose(name, comm, program);
    return name;
}

static void a_process_is_called_by_its_whole_name(void **state)
{
    (void)state;
    assert_string_equal("SpaceCadetPinball-Win64.exe",
                        chosen("SpaceCadetPinba", "Z:\\games\\SpaceCadetPinball-Win64.exe"));
    assert_string_equal("Isolated Web Co", chosen("Isolated Web Co", "/usr/lib/firefox/firefox"));
    assert_string_equal("game", chosen("game", ""));
    assert_string_equal("bad?name?", chosen("bad\nname\xff", "/x"));
    assert_string_equal("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                        chosen("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", ""));
    assert_string_equal("?", chosen("\xc3", ""));
    assert_string_equal("???", chosen("\xed\xa0\x80", "")); /* half a pair */
    assert_string_equal("??", chosen("\xc0\xaf", ""));
}

/* ---- When to look ---- */

/* How many of the processes are due at each listing, at most, from one time to another. */
static int most_due(struct processes *processes, int count, int64_t from_ms, int64_t to_ms)
{
    int64_t pids[600];
    int most = 0;
    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms += PROCESSES_LIST_MS) {
        int due = 0;
        for (int i = 0; i < count; i++)
            pids[i] = count - i; /* in any order */
        assert_true(processes_are_due(processes, now_ms));
        assert_true(processes_list(processes, pids, (size_t)count, now_ms));
        assert_false(processes_are_due(processes, now_ms + PROCESSES_LIST_MS - 1));
        for (int i = 0; i < count; i++) {
            struct process *process = &processes->all[i];
            assert_int_equal(i + 1, process->pid);
            if (!processes_is_due(processes, process))
                continue;
            process->was_looked_at = true;
            process->looked_ms = now_ms;
            assert_false(processes_is_due(processes, process));
            due++;
        }
        most = due > most ? due : most;
    }
    return most;
}

static void files_are_looked_through_in_slices(void **state)
{
    struct processes processes = {0};
    (void)state;
    assert_int_equal(300, most_due(&processes, 300, 5000, 10000)); /* those it begins with, once */
    assert_in_range(most_due(&processes, 300, 15000, 500000), 50, 75);
    /* 300 new ones, at each listing for a minute; the others are settled by and by. */
    assert_in_range(most_due(&processes, 600, 505000, 560000), 350, 375);
    most_due(&processes, 600, 565000, 1205000);
    assert_in_range(most_due(&processes, 600, 1205000, 1800000), 20, 40);
    for (int i = 0; i < 600; i++) {
        int64_t waited_ms = 1800000 - processes.all[i].looked_ms;
        assert_true(waited_ms <= PROCESSES_SETTLED_LOOK_MS + PROCESSES_LIST_MS);
    }
    processes.all[7].uses_a_gpu = processes.all[8].uses_a_gpu = true;
    processes.all[7].looked_ms = processes.all[8].looked_ms = processes.listed_ms - 1;
    processes.all[8].is_no_game = true;
    assert_true(processes_is_due(&processes, &processes.all[7]));
    assert_false(processes_is_due(&processes, &processes.all[8]));
    assert_true(processes_list(&processes, NULL, 0, 1800000));
    assert_int_equal(0, processes.count);
    processes_finish(&processes);
}

static void what_has_little_memory_uses_no_gpu(void **state)
{
    static const char *const others[] = {"50000 4096 900 1 0 9 0\n",
                                         "5 99999999999 1 0\n",
                                         "",
                                         "5",
                                         "5 ",
                                         "5 -1 0",
                                         "x 5 5",
                                         "5 5",
                                         "\xff 1 1"};
    (void)state;
    assert_true(processes_is_small("50000 4095 900 1 0 9 0\n"));
    assert_true(processes_is_small("0 0 0 0 0 0 0\n")); /* a thread of the kernel */
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (processes_is_small(others[i]))
            fail_msg("\"%s\" is small", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amdgpu_counts_nanoseconds),
        cmocka_unit_test(i915_has_two_engines_for_video),
        cmocka_unit_test(xe_counts_cycles_beside_those_that_went_by),
        cmocka_unit_test(nouveau_tells_of_memory_alone),
        cmocka_unit_test(a_gpu_of_a_phone_has_no_place_on_the_bus),
        cmocka_unit_test(what_is_not_of_a_gpu_is_none),
        cmocka_unit_test(a_text_that_is_cut_gives_no_half_number),
        cmocka_unit_test(a_malformed_number_is_left_out),
        cmocka_unit_test(too_many_engines_are_cut_off),
        cmocka_unit_test(nanoseconds_become_percent),
        cmocka_unit_test(two_engines_under_one_name_share_it),
        cmocka_unit_test(cycles_are_held_against_those_that_went_by),
        cmocka_unit_test(a_counter_that_goes_down_catches_up_first),
        cmocka_unit_test(a_counter_that_stays_down_has_begun_anew),
        cmocka_unit_test(a_leap_is_no_use),
        cmocka_unit_test(a_moment_is_not_measured),
        cmocka_unit_test(a_process_is_worth_its_busiest_engine),
        cmocka_unit_test(three_of_five_samples_decide),
        cmocka_unit_test(what_is_no_game_is_known),
        cmocka_unit_test(own_names_are_left_out_too),
        cmocka_unit_test(a_process_is_called_by_its_whole_name),
        cmocka_unit_test(files_are_looked_through_in_slices),
        cmocka_unit_test(what_has_little_memory_uses_no_gpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
