/* SPDX-License-Identifier: MIT */
/* The rules, the parsers and the scan of process_name, on trees like /proc. */
#include "process_name/procfs.h"
#include "process_name/rules.h"
#include "process_name/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- Rules ---- */

static const char *const exe_names[] = {"Minecraft.exe", "ALongNameOfAGame.exe"};
static const char *const java_names[] = {"java"};
static const char *const exclude_names[] = {"crash_reporter"};

static clb_setting text(const char *key, const char *value)
{
    return (clb_setting){
        .size = sizeof(clb_setting), .type = CLB_OPTION_STRING, .key = key, .text = value};
}

static clb_setting list(const char *key, const char *const *items, uint32_t count)
{
    return (clb_setting){.size = sizeof(clb_setting),
                         .type = CLB_OPTION_LIST,
                         .key = key,
                         .items = items,
                         .count = count};
}

/* Two rules: by name, and by name and arguments. */
static struct rules *make_rules(void)
{
    clb_setting first[] = {text("activity", "Minecraft"), list("process", exe_names, 2),
                           text("arguments", NULL), list("exclude", exclude_names, 1)};
    clb_setting second[] = {text("activity", "Java Minecraft"), list("process", java_names, 1),
                            text("arguments", "net.minecraft.client.main.Main"),
                            list("exclude", NULL, 0)};
    const clb_setting *first_all[] = {&first[0], &first[1], &first[2], &first[3]};
    const clb_setting *second_all[] = {&second[0], &second[1], &second[2], &second[3]};
    clb_settings groups[] = {{sizeof(clb_settings), 4, first_all, NULL},
                             {sizeof(clb_settings), 4, second_all, NULL}};
    const clb_settings *both[] = {&groups[0], &groups[1]};
    clb_setting setting = {.size = sizeof(setting),
                           .type = CLB_OPTION_GROUPS,
                           .key = "rules",
                           .groups = both,
                           .count = 2};
    const clb_setting *all[] = {&setting};
    clb_settings settings = {sizeof(settings), 1, all, NULL};
    clb_error error = {.size = sizeof(error)};
    struct rules *rules = rules_create(&settings, &error);
    assert_non_null(rules);
    return rules;
}

static struct rule_match match(const char *comm, const char *arguments, size_t bytes)
{
    struct rules *rules = make_rules();
    struct process_view view = {comm, arguments, bytes};
    struct rule_match found = rules_match(rules, &view);
    rules_destroy(rules);
    return found;
}

#define MATCH(comm, arguments) match(comm, arguments, sizeof(arguments))

static void names_match_whatever_their_case_and_folder(void **state)
{
    (void)state;
    assert_int_equal(CONFIDENCE_PROGRAM, MATCH("x", "/opt/MINECRAFT.EXE").confidence);
    assert_int_equal(CONFIDENCE_PROGRAM,
                     MATCH("x", "Z:\\games\\minecraft.exe\0-fullscreen").confidence);
    assert_int_equal(CONFIDENCE_PROGRAM,
                     MATCH("wine64", "/usr/bin/wine64\0C:\\Minecraft.exe").confidence);
    assert_int_equal(CONFIDENCE_COMM, MATCH("Minecraft.exe", "something else").confidence);
    assert_int_equal(-1, MATCH("vi", "vi\0-R\0Minecraft.exe").rule);
    assert_int_equal(-1, MATCH("x", "/opt/Minecraft.exe.bak").rule);
    assert_int_equal(-1, match("x", NULL, 0).rule);
}

static void a_long_name_cut_by_the_kernel_is_a_guess(void **state)
{
    (void)state;
    assert_int_equal(CONFIDENCE_COMM_CUT, match("ALongNameOfAGam", NULL, 0).confidence);
    assert_int_equal(-1, match("ALongNameOfAGa", NULL, 0).rule);
    assert_int_equal(CONFIDENCE_PROGRAM,
                     MATCH("ALongNameOfAGam", "/g/ALongNameOfAGame.exe").confidence);
}

static void arguments_tell_one_java_from_another(void **state)
{
    (void)state;
    assert_int_equal(1,
                     MATCH("java", "/usr/bin/java\0-cp\0x\0net.minecraft.client.main.Main").rule);
    assert_int_equal(-1, MATCH("java", "/usr/bin/java\0-jar\0server.jar").rule);
}

static void what_is_excluded_is_no_game(void **state)
{
    (void)state;
    assert_int_equal(-1, MATCH("Minecraft.exe", "/g/crash_reporter").rule);
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
}

static void broken_stat_lines_are_refused(void **state)
{
    (void)state;
    struct procfs_stat stat;
    static const char *const broken[] = {"",       "42",           "42 (",      "42 ()",    "42 )(",
                                         "42 (x)", "42 (x) S 1 1", "(((((((((", "42 (x)S 1"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_false(procfs_parse_stat(broken[i], &stat));
}

static void only_numbers_are_pids(void **state)
{
    (void)state;
    assert_int_equal(4711, procfs_parse_pid("4711"));
    assert_int_equal(0, procfs_parse_pid("self"));
    assert_int_equal(0, procfs_parse_pid("47x"));
    assert_int_equal(0, procfs_parse_pid(""));
    assert_int_equal(0, procfs_parse_pid("99999999999"));
}

/* ---- Scan ---- */

struct tree {
    char root[64];
    struct rules *rules;
    struct scan *scan;
    int found;
    long long pid;
};

static void write_file(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(length, fwrite(bytes, 1, length, file));
    fclose(file);
}

static void put_process(struct tree *tree, int pid, const char *comm, char process_state,
                        int parent, int start, const char *arguments)
{
    char path[128];
    char line[256];
    snprintf(path, sizeof(path), "%s/%d", tree->root, pid);
    mkdir(path, 0755);
    snprintf(line, sizeof(line), "%d (%s) %c %d 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 %d 1 2",
             pid, comm, process_state, parent, start);
    snprintf(path, sizeof(path), "%s/%d/stat", tree->root, pid);
    write_file(path, line, strlen(line));
    snprintf(path, sizeof(path), "%s/%d/cmdline", tree->root, pid);
    write_file(path, arguments, strlen(arguments) + 1);
}

static int make_tree(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    snprintf(tree->root, sizeof(tree->root), "/tmp/clockblock-proc-XXXXXX");
    assert_non_null(mkdtemp(tree->root));
    tree->rules = make_rules();
    tree->scan = scan_create(tree->root, tree->rules, NULL, 0);
    assert_non_null(tree->scan);
    put_process(tree, 1, "init", 'S', 0, 1, "/sbin/init");
    *state = tree;
    return 0;
}

static int drop_tree(void **state)
{
    struct tree *tree = *state;
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", tree->root);
    assert_int_equal(0, system(command)); /* a folder of this test's own making */
    scan_destroy(tree->scan);
    rules_destroy(tree->rules);
    free(tree);
    return 0;
}

static void on_found(int rule, int confidence, const char *program, int64_t pid, void *context)
{
    (void)rule;
    (void)confidence;
    (void)program;
    struct tree *tree = context;
    tree->found++;
    tree->pid = pid;
}

static int look(struct tree *tree, int64_t now_ms)
{
    clb_error error = {.size = sizeof(error)};
    tree->found = 0;
    assert_int_equal(CLB_OK, scan_poll(tree->scan, now_ms, on_found, tree, &error));
    return tree->found;
}

static void a_game_is_seen_when_it_comes_and_no_longer_when_it_goes(void **state)
{
    struct tree *tree = *state;
    char path[96];
    assert_int_equal(0, look(tree, 0));
    put_process(tree, 300, "Minecraft.exe", 'S', 1, 50, "/games/Minecraft.exe");
    assert_int_equal(1, look(tree, 5000));
    assert_int_equal(300, tree->pid);
    assert_int_equal(1, look(tree, 500000));
    snprintf(path, sizeof(path), "rm -rf %s/300", tree->root);
    assert_int_equal(0, system(path));
    assert_int_equal(0, look(tree, 505000));
}

static void the_dead_and_the_kernels_threads_do_not_play(void **state)
{
    struct tree *tree = *state;
    put_process(tree, 301, "Minecraft.exe", 'Z', 1, 50, "");
    put_process(tree, 302, "Minecraft.exe", 'I', 2, 50, "");
    assert_int_equal(0, look(tree, 0));
}

static void an_old_process_is_not_read_at_every_poll(void **state)
{
    struct tree *tree = *state;
    look(tree, 0);
    assert_int_equal(1, scan_reads(tree->scan));
    look(tree, 30000);
    assert_int_equal(1, scan_reads(tree->scan)); /* young: it may become a game */
    look(tree, 61000);
    look(tree, 63000);
    assert_int_equal(0, scan_reads(tree->scan));
    look(tree, 75000);
    assert_int_equal(1, scan_reads(tree->scan)); /* the second look */
}

static void a_pid_that_was_given_again_is_a_new_process(void **state)
{
    struct tree *tree = *state;
    put_process(tree, 400, "bash", 'S', 1, 50, "bash");
    look(tree, 0);
    look(tree, 70000);
    put_process(tree, 400, "Minecraft.exe", 'S', 1, 9999, "/g/Minecraft.exe");
    assert_int_equal(1, look(tree, 85000));
}

static void a_process_without_files_is_no_error(void **state)
{
    struct tree *tree = *state;
    char path[96];
    snprintf(path, sizeof(path), "%s/500", tree->root);
    mkdir(path, 0755);
    assert_int_equal(0, look(tree, 0));
}

static void thousands_of_processes_come_and_go(void **state)
{
    struct tree *tree = *state;
    for (int pid = 1000; pid < 2500; pid++)
        put_process(tree, pid, "worker", 'S', 1, pid, "worker");
    put_process(tree, 2500, "Minecraft.exe", 'S', 1, 2500, "Minecraft.exe");
    assert_int_equal(1, look(tree, 0));
    char command[192];
    snprintf(command, sizeof(command), "rm -rf %s/1??? %s/2???", tree->root, tree->root);
    assert_int_equal(0, system(command));
    assert_int_equal(0, look(tree, 5000));
    put_process(tree, 2500, "Minecraft.exe", 'S', 1, 99, "Minecraft.exe");
    assert_int_equal(1, look(tree, 10000));
}

static void a_proc_that_is_not_there_is_unavailable(void **state)
{
    struct tree *tree = *state;
    clb_error error = {.size = sizeof(error)};
    struct scan *scan = scan_create("/nowhere", tree->rules, NULL, 0);
    assert_int_equal(CLB_UNAVAILABLE, scan_poll(scan, 0, on_found, tree, &error));
    assert_non_null(strstr(error.text, "/nowhere"));
    scan_destroy(scan);
}

#define IN_A_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, drop_tree)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_match_whatever_their_case_and_folder),
        cmocka_unit_test(a_long_name_cut_by_the_kernel_is_a_guess),
        cmocka_unit_test(arguments_tell_one_java_from_another),
        cmocka_unit_test(what_is_excluded_is_no_game),
        cmocka_unit_test(a_name_may_hold_anything),
        cmocka_unit_test(broken_stat_lines_are_refused),
        cmocka_unit_test(only_numbers_are_pids),
        IN_A_TREE(a_game_is_seen_when_it_comes_and_no_longer_when_it_goes),
        IN_A_TREE(the_dead_and_the_kernels_threads_do_not_play),
        IN_A_TREE(an_old_process_is_not_read_at_every_poll),
        IN_A_TREE(a_pid_that_was_given_again_is_a_new_process),
        IN_A_TREE(a_process_without_files_is_no_error),
        IN_A_TREE(thousands_of_processes_come_and_go),
        IN_A_TREE(a_proc_that_is_not_there_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
