/* SPDX-License-Identifier: MIT */
/* The pure parts of process_name: rules, parsers, and when a process is read again. */
#include "process_name/known.h"
#include "process_name/procfs.h"
#include "process_name/rules.h"
#include "rule_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Rules ---- */

struct expected {
    const char *comm;
    const char *arguments;
    size_t bytes;
    int rule;
    int confidence;
    const char *program;
};

/* The bytes of a command line, with the NUL behind its last argument. */
#define LINE(text) text, sizeof(text)

static void assert_matches(const struct expected *cases, size_t count)
{
    struct rule_groups groups;
    clb_error error = {.size = sizeof(error)};
    rule_groups_init(&groups);
    struct rules *rules = rules_create(&groups.settings, &error);
    assert_non_null(rules);
    for (size_t i = 0; i < count; i++) {
        struct process_view view = {cases[i].comm, cases[i].arguments, cases[i].bytes};
        struct rule_match match = rules_match(rules, &view);
        if (match.rule != cases[i].rule || match.confidence != cases[i].confidence)
            fail_msg("case %d: rule %d with %d", (int)i, match.rule, match.confidence);
        if (match.rule >= 0)
            assert_string_equal(cases[i].program, match.program);
    }
    rules_destroy(rules);
}

static void names_match_whatever_their_case_and_folder(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"x", LINE("/opt/MINECRAFT.EXE"), 0, 90, "MINECRAFT.EXE"},
        {"x", LINE("Z:\\my games\\minecraft.exe\0-fullscreen"), 0, 90, "minecraft.exe"},
        {"x", LINE("C:\\a/b\\Minecraft.exe"), 0, 90, "Minecraft.exe"},
        {"Minecraft.exe", LINE("something else"), 0, 80, "Minecraft.exe"},
        {"minecraft.EXE", "", 0, 0, 80, "minecraft.EXE"},
        {"x", LINE("spiel\xC3\x84"), 0, 90, "spiel\xC3\x84"},
        {"x", LINE("spiel\xC3\xA4"), -1, 0, NULL}, /* beyond ASCII, case counts */
        {"x", LINE("/opt/Minecraft.exe.bak"), -1, 0, NULL},
        {"x", LINE("/opt/Minecraft.exe/"), -1, 0, NULL},
        {"x", LINE("aMinecraft.exe"), -1, 0, NULL},
        {"x", LINE(""), -1, 0, NULL},
        {"", "", 0, -1, 0, NULL},
        {"x", NULL, 0, -1, 0, NULL},
    };
    assert_matches(cases, COUNT(cases));
}

static void behind_the_loader_of_wine_stands_the_program(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"wine64", LINE("/usr/bin/wine64\0C:\\Minecraft.exe"), 0, 90, "Minecraft.exe"},
        {"wine64-preloade", LINE("/p/wine64-preloader\0/g/Minecraft.exe"), 0, 90, "Minecraft.exe"},
        {"wine", LINE("wine"), -1, 0, NULL},
        {"vi", LINE("vi\0Minecraft.exe"), -1, 0, NULL}, /* somebody looks at the file */
        {"sha256sum", LINE("sha256sum\0/games/Minecraft.exe"), -1, 0, NULL},
        {"wine64", LINE("/usr/bin/wine64\0a.exe\0Minecraft.exe"), -1, 0, NULL},
    };
    assert_matches(cases, COUNT(cases));
}

static void a_long_name_cut_by_the_kernel_is_a_guess(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"ALongNameOfAGam", "", 0, 0, 40, "ALongNameOfAGam"},
        {"alongnameofagam", "", 0, 0, 40, "alongnameofagam"},
        {"ALongNameOfAGa", "", 0, -1, 0, NULL},
        {"ALongNameOfAGan", "", 0, -1, 0, NULL},
        {"ALongNameOfAGam", LINE("/g/ALongNameOfAGame.exe"), 0, 90, "ALongNameOfAGame.exe"},
        {"ALongNameOfAGam", LINE("/g/ALongNameOfAGamut.exe"), -1, 0, NULL}, /* no guess needed */
    };
    assert_matches(cases, COUNT(cases));
}

static void arguments_tell_one_java_from_another(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"java", LINE("/usr/bin/java\0-cp\0x\0net.minecraft.client.main.Main"), 1, 90, "java"},
        {"java", LINE("java\0NET.Minecraft.Client.main.Main"), 1, 90, "java"},
        {"java", LINE("/usr/bin/java\0-jar\0server.jar"), -1, 0, NULL},
        {"java", LINE("/usr/bin/java\0net.minecraft.client.main.Mai"), -1, 0, NULL},
    };
    assert_matches(cases, COUNT(cases));
}

static void what_is_excluded_is_no_game(void **state)
{
    (void)state;
    static const struct expected cases[] = {
        {"Minecraft.exe", LINE("/g/Crash_Reporter"), -1, 0, NULL},
        {"crash_reporter", LINE("/g/Minecraft.exe"), -1, 0, NULL},
        /* A guess is not enough to leave a game out. */
        {"AnotherLongName", LINE("/g/Minecraft.exe"), 0, 90, "Minecraft.exe"},
    };
    assert_matches(cases, COUNT(cases));
}

static void a_command_line_of_a_megabyte_is_only_long(void **state)
{
    (void)state;
    enum { BYTES = 1024 * 1024 };
    char *line = malloc(BYTES + 1);
    assert_non_null(line);
    memset(line, '\\', BYTES);
    line[BYTES] = '\0';
    const struct expected no_end = {"java", line, BYTES, -1, 0, NULL};
    assert_matches(&no_end, 1);
    memset(line, 'n', BYTES);
    memcpy(line, "java", 5);
    const struct expected not_there = {"java", line, BYTES, -1, 0, NULL};
    assert_matches(&not_there, 1);
    free(line);
}

static void assert_rules_refused(const struct rule_groups *groups, const char *reason)
{
    clb_error error = {.size = sizeof(error)};
    assert_null(rules_create(&groups->settings, &error));
    if (strstr(error.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

static void rules_that_can_never_match_are_refused(void **state)
{
    (void)state;
    struct rule_groups groups;
    static const char *const empty[] = {"good", ""};
    static const char *const path[] = {"C:\\games\\Minecraft.exe"};
    rule_groups_init(&groups);
    groups.groups[1].process.items = empty;
    assert_rules_refused(&groups, "rules[1]: a name is empty");
    groups.groups[1].process.items = path;
    groups.groups[1].process.count = 1;
    assert_rules_refused(&groups, "a name has no folder");
    groups.groups[1].process.count = 0;
    assert_rules_refused(&groups, "process needs one name");
    groups.groups[0].activity.text = "";
    assert_rules_refused(&groups, "rules[0]: its activity is empty");
}

/* ---- Parsers ---- */

#define STAT_REST " S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 100 200"

static void a_name_may_hold_anything(void **state)
{
    (void)state;
    struct procfs_stat stat;
    assert_true(procfs_parse_stat("42 (a) b (c\n)" STAT_REST, &stat));
    assert_string_equal("a) b (c\n", stat.comm);
    assert_int_equal('S', stat.state);
    assert_int_equal(1, stat.parent);
    assert_int_equal(4711, stat.start_ticks);
    assert_true(procfs_parse_stat("42 ()" STAT_REST, &stat));
    assert_string_equal("", stat.comm);
    assert_true(procfs_parse_stat("2 (Web Content) Z 0 1 1 0 -1 1 1 0 0 0 0 0 0 0 20 0 1 0 "
                                  "18446744073709551615",
                                  &stat));
    assert_true(stat.start_ticks == UINT64_MAX);
}

static void broken_stat_lines_are_refused(void **state)
{
    (void)state;
    struct procfs_stat stat;
    static const char *const broken[] = {"",       "42",           "42 (",      "42 ()",    "42 )(",
                                         "42 (x)", "42 (x) S 1 1", "(((((((((", "42 (x)S 1"};
    for (size_t i = 0; i < COUNT(broken); i++)
        assert_false(procfs_parse_stat(broken[i], &stat));
}

static void a_name_of_a_megabyte_is_cut(void **state)
{
    (void)state;
    enum { BYTES = 1024 * 1024 };
    struct procfs_stat stat;
    char *text = malloc(BYTES + sizeof(STAT_REST) + 8);
    assert_non_null(text);
    memset(text, '(', BYTES);
    memcpy(text, "42 (", 4);
    memcpy(text + BYTES, ")" STAT_REST, sizeof(STAT_REST) + 1);
    assert_true(procfs_parse_stat(text, &stat));
    assert_int_equal(PROCFS_COMM_CAPACITY - 1, strlen(stat.comm));
    assert_int_equal(4711, stat.start_ticks);
    free(text);
}

static void the_uptime_is_in_whole_seconds(void **state)
{
    (void)state;
    assert_int_equal(4711, procfs_parse_uptime("4711.99 9000.00\n"));
    assert_int_equal(0, procfs_parse_uptime(""));
    assert_int_equal(0, procfs_parse_uptime("-1 2"));
    assert_int_equal(0, procfs_parse_uptime("99999999999999999999 1"));
}

static void only_numbers_are_pids(void **state)
{
    (void)state;
    assert_int_equal(4711, procfs_parse_pid("4711"));
    assert_int_equal(0, procfs_parse_pid("self"));
    assert_int_equal(0, procfs_parse_pid("47x"));
    assert_int_equal(0, procfs_parse_pid("-1"));
    assert_int_equal(0, procfs_parse_pid(""));
    assert_int_equal(0, procfs_parse_pid("99999999999"));
}

/* The parent does not tell: in a container pid 2 may be anybody. */
static void threads_of_the_kernel_are_told_by_their_flags(void **state)
{
    (void)state;
    struct procfs_stat stat;
    assert_true(procfs_parse_stat("9 (kworker/0:1) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 "
                                  "7 0 0",
                                  &stat));
    assert_true(stat.is_kernel);
    assert_int_equal(7, stat.start_ticks);
    assert_true(
        procfs_parse_stat("9 (game) S 2 0 0 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 7 0 0", &stat));
    assert_false(stat.is_kernel);
}

static void hidepid_is_seen_in_the_mounts(void **state)
{
    (void)state;
    static const struct {
        const char *mounts;
        bool hides;
    } cases[] = {
        {"", false},
        {"proc /proc proc rw,nosuid 0 0\n", false},
        {"proc /proc proc rw,hidepid=invisible 0 0\n", true},
        {"proc /proc proc rw,gid=5,hidepid=2,nosuid 0 0", true},
        {"proc /proc proc rw,hidepid=0 0 0\n", false},
        {"proc /proc proc rw,hidepid=off 0 0\n", false},
        {"proc /proc/x proc hidepid=2 0 0\nproc /other proc hidepid=2 0 0\n", false},
        {"proc /proc proc hidepid=2 0 0\nproc /proc proc rw 0 0\n", false}, /* covered */
        {"x /proc tmpfs hidepid=2 0 0\n", false},
        {"proc /proc proc rw,nohidepid=2 0 0\n", false},
        {"proc\n/proc\nproc hidepid=2\n", false},
        {"proc /proc", false},
        {"proc /proc proc", false},
        {"\n\n \n/proc\n", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (procfs_hides_others(cases[i].mounts, "/proc") != cases[i].hides)
            fail_msg("case %d", (int)i);
}

/* ---- When a process is read ---- */

enum { POLL_MS = 5000, PROCESSES = 600 };

/* One poll over all; what is due is marked as read. Returns how many that were. */
static int poll_all(struct known_table *table, int64_t now_ms)
{
    int due = 0;
    known_begin(table);
    for (int pid = 1; pid <= PROCESSES; pid++) {
        struct known *known = known_see(table, pid, now_ms);
        assert_non_null(known);
        if (!known_is_due(known, now_ms))
            continue;
        known->kind = KNOWN_OTHER;
        known->looked_ms = now_ms;
        due++;
    }
    return due;
}

static void second_looks_are_spread_over_the_polls(void **state)
{
    (void)state;
    struct known_table *table = known_create();
    int64_t now_ms = 123456;
    const int64_t start_ms = now_ms;
    for (; now_ms < start_ms + KNOWN_YOUNG_MS; now_ms += POLL_MS)
        assert_int_equal(PROCESSES, poll_all(table, now_ms));
    for (; now_ms < start_ms + KNOWN_SETTLED_MS; now_ms += POLL_MS)
        assert_in_range(poll_all(table, now_ms), PROCESSES / 3, PROCESSES * 2 / 3);
    for (int i = 0; i < 14; i++, now_ms += POLL_MS)
        poll_all(table, now_ms);
    for (int i = 0; i < 100; i++, now_ms += POLL_MS)
        assert_in_range(poll_all(table, now_ms), PROCESSES / 12 / 2, PROCESSES / 12 * 2);
    known_destroy(table);
}

static void no_second_look_is_later_than_a_period_and_a_poll(void **state)
{
    (void)state;
    struct known known = {.pid = 4711, .kind = KNOWN_OTHER};
    for (int64_t now_ms = KNOWN_YOUNG_MS; now_ms < 2 * KNOWN_SETTLED_MS; now_ms += 700) {
        int64_t period_ms = now_ms < KNOWN_SETTLED_MS + 700 ? KNOWN_LOOK_MS : KNOWN_SETTLED_LOOK_MS;
        assert_true(now_ms - known.looked_ms < period_ms + 700 || now_ms == KNOWN_YOUNG_MS);
        if (known_is_due(&known, now_ms))
            known.looked_ms = now_ms;
    }
}

static void a_match_is_read_at_every_poll(void **state)
{
    (void)state;
    struct known known = {.pid = 4711, .kind = KNOWN_MATCH, .looked_ms = 9000000};
    assert_true(known_is_due(&known, 9000001));
    assert_true(known_needs_all(&known, 9000001));
}

static void an_exec_makes_a_process_young_again(void **state)
{
    (void)state;
    struct known known = {.pid = 4711, .kind = KNOWN_OTHER, .start_ticks = 5, .comm = "sh"};
    struct procfs_stat same = {.comm = "sh", .start_ticks = 5};
    struct procfs_stat execed = {.comm = "game", .start_ticks = 5};
    struct procfs_stat reused = {.comm = "sh", .start_ticks = 6};
    assert_true(known_is_same(&known, &same));
    assert_false(known_is_same(&known, &execed));
    assert_false(known_is_same(&known, &reused));
    assert_false(known_needs_all(&known, 9000000));
    known_renew(&known, &execed, 9000000);
    assert_true(known_is_same(&known, &execed));
    assert_true(known_needs_all(&known, 9000000));
}

static void threads_of_the_kernel_rename_themselves_all_the_time(void **state)
{
    (void)state;
    struct known known = {.pid = 4711, .kind = KNOWN_KERNEL, .start_ticks = 5, .comm = "kworker/1"};
    struct procfs_stat renamed = {.comm = "kworker/1-events", .start_ticks = 5};
    struct procfs_stat reused = {.comm = "kworker/1", .start_ticks = 6};
    assert_true(known_is_same(&known, &renamed));
    assert_false(known_is_same(&known, &reused));
    assert_false(known_is_due(&known, 1));
}

static void what_is_gone_is_forgotten(void **state)
{
    (void)state;
    struct known_table *table = known_create();
    known_begin(table);
    known_see(table, 300, 0)->kind = KNOWN_OTHER;
    known_begin(table);
    assert_int_equal(KNOWN_OTHER, known_see(table, 300, 5000)->kind);
    known_begin(table);
    known_begin(table);
    assert_int_equal(KNOWN_NEW, known_see(table, 300, 15000)->kind);
    known_destroy(table);
}

/* Pids come and go by the thousand, and those that stay are remembered through all of it. */
static void the_table_does_not_grow_with_what_is_gone(void **state)
{
    (void)state;
    struct known_table *table = known_create();
    known_begin(table);
    known_see(table, 1, 0)->kind = KNOWN_OTHER;
    for (int64_t round = 1; round < 500; round++) {
        known_begin(table);
        assert_int_equal(KNOWN_OTHER, known_see(table, 1, round)->kind);
        for (int64_t i = 0; i < 200; i++)
            assert_int_equal(KNOWN_NEW, known_see(table, 2 + round * 200 + i, round)->kind);
    }
    known_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_match_whatever_their_case_and_folder),
        cmocka_unit_test(behind_the_loader_of_wine_stands_the_program),
        cmocka_unit_test(a_long_name_cut_by_the_kernel_is_a_guess),
        cmocka_unit_test(arguments_tell_one_java_from_another),
        cmocka_unit_test(what_is_excluded_is_no_game),
        cmocka_unit_test(a_command_line_of_a_megabyte_is_only_long),
        cmocka_unit_test(rules_that_can_never_match_are_refused),
        cmocka_unit_test(a_name_may_hold_anything),
        cmocka_unit_test(broken_stat_lines_are_refused),
        cmocka_unit_test(a_name_of_a_megabyte_is_cut),
        cmocka_unit_test(the_uptime_is_in_whole_seconds),
        cmocka_unit_test(only_numbers_are_pids),
        cmocka_unit_test(threads_of_the_kernel_are_told_by_their_flags),
        cmocka_unit_test(hidepid_is_seen_in_the_mounts),
        cmocka_unit_test(second_looks_are_spread_over_the_polls),
        cmocka_unit_test(no_second_look_is_later_than_a_period_and_a_poll),
        cmocka_unit_test(a_match_is_read_at_every_poll),
        cmocka_unit_test(an_exec_makes_a_process_young_again),
        cmocka_unit_test(threads_of_the_kernel_rename_themselves_all_the_time),
        cmocka_unit_test(what_is_gone_is_forgotten),
        cmocka_unit_test(the_table_does_not_grow_with_what_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
