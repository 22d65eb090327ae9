/* SPDX-License-Identifier: MIT */
/* The scan of process_name, on trees like /proc. */
#include "proc_tree.h"
#include "process_name/known.h"
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

/* ---- What is seen ---- */

static void a_game_is_seen_when_it_comes_and_no_longer_when_it_goes(void **state)
{
    struct tree *tree = *state;
    assert_string_equal("", look(tree, 0));
    PUT(tree, 300, "Minecraft.exe", 'S', 1, 50, "/games/Minecraft.exe");
    assert_string_equal("0:90:Minecraft.exe:300", look(tree, 5000));
    assert_string_equal("0:90:Minecraft.exe:300", look(tree, 500000));
    drop(tree, "300");
    assert_string_equal("", look(tree, 505000));
}

/* reaper, container, python, shim of Steam, game and servers of Wine: one of them is the game. */
static void of_a_tree_of_proton_the_game_is_seen(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 100, "reaper", 'S', 1, 10,
        "/s/reaper\0SteamLaunch\0AppId=1\0--\0/s/proton\0waitforexitandrun\0/g/Minecraft.exe");
    PUT(tree, 101, "pv-adverb", 'S', 100, 11, "/s/pv-adverb\0--\0/g/Minecraft.exe");
    PUT(tree, 102, "python3", 'S', 101, 12, "python3\0/s/proton\0waitforexitandrun\0Minecraft.exe");
    PUT(tree, 103, "steam.exe", 'S', 102, 13,
        "c:\\windows\\system32\\steam.exe\0Z:\\Minecraft.exe");
    PUT(tree, 104, "Minecraft.exe", 'S', 103, 14, "Z:\\home\\kid\\my games\\Minecraft.exe\0-w");
    PUT(tree, 105, "wineserver", 'S', 1, 14, "/s/wineserver");
    PUT(tree, 106, "services.exe", 'S', 1, 14, "C:\\windows\\system32\\services.exe");
    assert_string_equal("0:90:Minecraft.exe:104", look(tree, 0));
}

static void each_rule_is_reported_once(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 300, "Minecraft.exe", 'S', 1, 50, "Minecraft.exe");
    PUT(tree, 301, "Minecraft.exe", 'S', 1, 51, "Minecraft.exe");
    PUT(tree, 302, "java", 'S', 1, 52, "java\0net.minecraft.client.main.Main");
    PUT(tree, 303, "java", 'S', 1, 53, "java\0-jar\0server.jar");
    look(tree, 0);
    assert_non_null(strstr(tree->found, "0:90:Minecraft.exe:30"));
    assert_non_null(strstr(tree->found, "1:90:java:302"));
    assert_int_equal(1, strchr(tree->found, ' ') != NULL);
    assert_null(strchr(strchr(tree->found, ' ') + 1, ' '));
}

static void the_surest_of_several_is_reported(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 300, "ALongNameOfAGam", 'S', 1, 50, "");
    PUT(tree, 301, "ALongNameOfAGam", 'S', 1, 50, "/g/ALongNameOfAGame.exe");
    PUT(tree, 302, "ALongNameOfAGam", 'S', 1, 50, "");
    assert_string_equal("0:90:ALongNameOfAGame.exe:301", look(tree, 0));
}

static void a_name_of_forty_characters_is_seen_by_its_command_line(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 300, "ALongNameOfAGam", 'S', 1, 50, "/g/ALongNameOfAGame.exe");
    assert_string_equal("0:90:ALongNameOfAGame.exe:300", look(tree, 0));
    PUT(tree, 300, "ALongNameOfAGam", 'S', 1, 51, "");
    assert_string_equal("0:40:ALongNameOfAGam:300", look(tree, 5000));
}

static void the_dead_and_the_kernels_threads_do_not_play(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 301, "Minecraft.exe", 'Z', 1, 50, "");
    PUT(tree, 302, "Minecraft.exe", 'X', 1, 50, "");
    put_process(tree, &(struct made_process){.pid = 303,
                                             .comm = "Minecraft.exe",
                                             .state = 'I',
                                             .parent = 2,
                                             .start = 50,
                                             .arguments = "",
                                             .flags = 0x00208040}); /* PF_KTHREAD */
    assert_string_equal("", look(tree, 0));
}

static void in_a_container_pid_two_is_anybody(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 2, "sh", 'S', 1, 50, "sh");
    PUT(tree, 3, "Minecraft.exe", 'S', 2, 50, "Minecraft.exe");
    assert_string_equal("0:90:Minecraft.exe:3", look(tree, 0));
    PUT(tree, 3, "Minecraft.exe", 'S', 2, 50, ""); /* it has hidden its command line */
    assert_string_equal("0:80:Minecraft.exe:3", look(tree, 5000));
}

static void what_vanishes_while_it_is_read_is_no_error(void **state)
{
    struct tree *tree = *state;
    char path[96];
    snprintf(path, sizeof(path), "%s/500", tree->root);
    mkdir(path, 0755);
    PUT(tree, 501, "Minecraft.exe", 'S', 1, 50, "Minecraft.exe");
    drop(tree, "501/cmdline");
    PUT(tree, 502, "Minecraft.exe", 'S', 1, 50, "Minecraft.exe");
    drop(tree, "502/stat");
    put_file(tree, "502/stat", "", 0);
    put_file(tree, "503", "a file", 6);
    assert_string_equal("", look(tree, 0));
}

static void a_megabyte_of_arguments_is_read_in_part(void **state)
{
    struct tree *tree = *state;
    enum { BYTES = 1024 * 1024 };
    static char arguments[BYTES];
    static const char main_class[] = "net.minecraft.client.main.Main";
    memset(arguments, 'x', BYTES);
    memcpy(arguments, "java", 5);
    put_process(tree, &(struct made_process){300, "java", 'S', 1, 50, arguments, BYTES, 0, NULL});
    assert_string_equal("", look(tree, 0));
    memcpy(arguments + 60000, main_class, sizeof(main_class)); /* behind a long class path */
    put_process(tree, &(struct made_process){300, "java", 'S', 1, 51, arguments, BYTES, 0, NULL});
    assert_string_equal("1:90:java:300", look(tree, 5000));
}

/* ---- What is read again ---- */

static int count_reads(struct tree *tree, int64_t now_ms)
{
    look(tree, now_ms);
    return scan_reads(tree->scan);
}

static void an_old_process_is_not_read_at_every_poll(void **state)
{
    struct tree *tree = *state;
    int reads = 0;
    for (int64_t now_ms = 0; now_ms < KNOWN_YOUNG_MS; now_ms += 5000)
        assert_int_equal(1, count_reads(tree, now_ms));
    for (int64_t now_ms = KNOWN_YOUNG_MS; now_ms < KNOWN_YOUNG_MS + 100000; now_ms += 1000)
        reads += count_reads(tree, now_ms);
    assert_in_range(reads, 100000 / KNOWN_LOOK_MS, 100000 / KNOWN_LOOK_MS + 1);
}

/* Of 1,000 seconds, told in ticks of 10 ms. */
static void what_was_there_before_the_agent_is_as_old_as_it_is(void **state)
{
    struct tree *tree = *state;
    int reads = 0;
    put_file(tree, "uptime", "1000.50 1.00\n", 13);
    for (int pid = 300; pid < 400; pid++)
        PUT(tree, pid, "old", 'S', 1, 100, "old");
    PUT(tree, 400, "young", 'S', 1, 99900, "young");
    PUT(tree, 401, "Minecraft.exe", 'S', 1, 100, "Minecraft.exe");
    PUT(tree, 402, "future", 'S', 1, 999999, "future");
    assert_int_equal(104, count_reads(tree, 0)); /* all of them once */
    assert_string_equal("0:90:Minecraft.exe:401", tree->found);
    PUT(tree, 403, "new", 'S', 1, 100, "new"); /* what comes later is new, whatever it says */
    for (int64_t now_ms = 5000; now_ms < 55000; now_ms += 5000)
        reads += count_reads(tree, now_ms);
    assert_in_range(reads, 4 * 10 + 101 / 2, 4 * 10 + 101);
}

static void what_matched_no_rule_is_not_read_in_between(void **state)
{
    struct tree *tree = *state;
    int64_t now_ms = 0;
    PUT(tree, 300, "bash", 'S', 1, 50, "bash");
    for (; now_ms < KNOWN_YOUNG_MS + KNOWN_LOOK_MS; now_ms += 1000)
        look(tree, now_ms);
    while (count_reads(tree, now_ms) == 0)
        now_ms += 1000;
    /* Something was read now: what changes is seen at its next turn, and not before. */
    PUT(tree, 300, "Minecraft.exe", 'S', 1, 50, "Minecraft.exe");
    int unseen = 0;
    for (int64_t end_ms = now_ms + KNOWN_LOOK_MS; tree->found[0] == '\0'; unseen++) {
        assert_true(now_ms <= end_ms);
        now_ms += 1000;
        look(tree, now_ms);
    }
    assert_true(unseen > 1);
}

/* First seen at 0; execs when it has waited for so long. */
static int64_t see_exec_after(struct tree *tree, int64_t waited_ms)
{
    int64_t now_ms = 0;
    open_scan(tree);
    PUT(tree, 300, "launcher", 'S', 1, 50, "launcher");
    for (; now_ms < waited_ms; now_ms += 5000)
        assert_string_equal("", look(tree, now_ms));
    PUT(tree, 300, "Minecraft.exe", 'S', 1, 50, "Minecraft.exe");
    while (look(tree, now_ms)[0] == '\0')
        now_ms += 5000;
    return now_ms - waited_ms;
}

static void a_launcher_that_execs_a_game_is_seen_in_time(void **state)
{
    struct tree *tree = *state;
    assert_int_equal(0, see_exec_after(tree, 5000));
    assert_int_equal(0, see_exec_after(tree, KNOWN_YOUNG_MS - 5000));
    assert_in_range(see_exec_after(tree, 5 * 60 * 1000), 0, KNOWN_LOOK_MS + 5000);
    assert_in_range(see_exec_after(tree, 30 * 60 * 1000), 0, KNOWN_SETTLED_LOOK_MS + 5000);
    assert_in_range(see_exec_after(tree, 2 * 3600 * 1000), 0, KNOWN_OLD_LOOK_MS + 5000);
}

static void a_pid_that_was_given_again_is_a_new_process(void **state)
{
    struct tree *tree = *state;
    int64_t now_ms = 0;
    PUT(tree, 400, "java", 'S', 1, 50, "java\0-jar\0server.jar");
    for (; now_ms < 2 * KNOWN_SETTLED_MS; now_ms += 5000)
        assert_string_equal("", look(tree, now_ms));
    /* The same name and the same pid: only the start tells. */
    PUT(tree, 400, "java", 'S', 1, 9999, "java\0net.minecraft.client.main.Main");
    for (int64_t end_ms = now_ms + KNOWN_SETTLED_LOOK_MS + 5000; now_ms < end_ms; now_ms += 5000)
        look(tree, now_ms);
    assert_string_equal("1:90:java:400", tree->found);
}

static void thousands_of_processes_come_and_go(void **state)
{
    struct tree *tree = *state;
    for (int pid = 1000; pid < 2500; pid++)
        PUT(tree, pid, "worker", 'S', 1, pid, "worker");
    PUT(tree, 2500, "Minecraft.exe", 'S', 1, 2500, "Minecraft.exe");
    assert_string_equal("0:90:Minecraft.exe:2500", look(tree, 0));
    drop(tree, "1???");
    drop(tree, "2???");
    assert_string_equal("", look(tree, 5000));
    PUT(tree, 2500, "Minecraft.exe", 'S', 1, 99, "Minecraft.exe");
    assert_string_equal("0:90:Minecraft.exe:2500", look(tree, 10000));
}

/* ---- Whose ---- */

static void processes_of_users_who_do_not_count_are_no_play(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 300, "Minecraft.exe", 'S', 1, 50, "Minecraft.exe");
    tree->users = (struct users){.uids = {(int64_t)geteuid() + 1}, .count = 1};
    open_scan(tree);
    assert_string_equal("", look(tree, 0));
    tree->users.uids[0] = (int64_t)geteuid();
    open_scan(tree);
    assert_string_equal("0:90:Minecraft.exe:300", look(tree, 0));
}

static void accounts_of_the_system_are_no_people(void **state)
{
    (void)state;
    static const int64_t people[] = {1000, 1001, 60001, 65520, 65533, 1876001104};
    static const int64_t others[] = {0, 1, 33, 999, 61184, 65519, 65534, 65535};
    struct users users = {.people = true};
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
        assert_true(users_count(&users, people[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(users_count(&users, others[i]));
}

static void users_have_names_and_numbers(void **state)
{
    (void)state;
    struct users users;
    clb_error error = {.size = sizeof(error)};
    static const char *const items[] = {"root", "4711"};
    static const char *const unknown[] = {"4711", "nobody-of-that-name"};
    clb_setting setting = {.size = sizeof(setting), .items = items, .count = 2};
    assert_true(users_find(&users, &setting, &error));
    assert_true(users_count(&users, 0));
    assert_true(users_count(&users, 4711));
    assert_false(users_count(&users, 1000));
    assert_true(users.others_too);
    setting.items = unknown;
    assert_false(users_find(&users, &setting, &error));
    assert_non_null(strstr(error.text, "nobody-of-that-name"));
}

static void unset_users_are_ones_own_and_all_people_for_a_service(void **state)
{
    (void)state;
    struct users users;
    clb_error error = {.size = sizeof(error)};
    static const int64_t services[] = {0, 33, 998, 61184, 65519};
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        users_default(&users, services[i]);
        assert_true(users.others_too && users_count(&users, services[i]));
        assert_true(users_count(&users, 1000) && users_count(&users, 1001));
        assert_false(users_count(&users, 34));
    }
    users_default(&users, 1000);
    assert_true(users_count(&users, 1000));
    assert_false(users.others_too || users_count(&users, 1001) || users_count(&users, 0));

    assert_true(users_find(&users, NULL, &error));
    assert_true(users_count(&users, (int64_t)geteuid()));
}

/* ---- What cannot be seen ---- */

static void assert_unavailable(struct tree *tree, const char *reason)
{
    assert_int_equal(CLB_UNAVAILABLE, tree_poll(tree, 0));
    if (strstr(tree->error.text, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", tree->error.text, reason);
}

static void put_mounts(const struct tree *tree, const char *options)
{
    char line[160];
    snprintf(line, sizeof(line), "proc %s proc rw,%s 0 0\n", tree->root, options);
    put_file(tree, "mounts", line, strlen(line));
}

static void a_proc_that_hides_others_is_unavailable_when_they_are_asked_for(void **state)
{
    struct tree *tree = *state;
    PUT(tree, 300, "bash", 'S', 1, 50, "bash");
    put_mounts(tree, "hidepid=invisible");
    tree->users.others_too = true;
    open_scan(tree);
    assert_string_equal("", look(tree, 0)); /* the first process is there: nothing is hidden */
    drop(tree, "1");
    assert_unavailable(tree, "hidepid=0");
    put_mounts(tree, "hidepid=off");
    assert_string_equal("", look(tree, 5000));
    put_mounts(tree, "hidepid=2");
    tree->users.others_too = false;
    open_scan(tree);
    assert_string_equal("", look(tree, 0));
}

static void a_proc_that_is_not_there_is_unavailable_until_it_is(void **state)
{
    struct tree *tree = *state;
    drop(tree, "");
    assert_unavailable(tree, tree->root);
    assert_int_equal(0, mkdir(tree->root, 0755));
    assert_unavailable(tree, "shows no processes");
    PUT(tree, 1, "init", 'S', 0, 1, "/sbin/init");
    assert_string_equal("", look(tree, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_TREE(a_game_is_seen_when_it_comes_and_no_longer_when_it_goes),
        IN_A_TREE(of_a_tree_of_proton_the_game_is_seen),
        IN_A_TREE(each_rule_is_reported_once),
        IN_A_TREE(the_surest_of_several_is_reported),
        IN_A_TREE(a_name_of_forty_characters_is_seen_by_its_command_line),
        IN_A_TREE(the_dead_and_the_kernels_threads_do_not_play),
        IN_A_TREE(in_a_container_pid_two_is_anybody),
        IN_A_TREE(what_vanishes_while_it_is_read_is_no_error),
        IN_A_TREE(a_megabyte_of_arguments_is_read_in_part),
        IN_A_TREE(an_old_process_is_not_read_at_every_poll),
        IN_A_TREE(what_was_there_before_the_agent_is_as_old_as_it_is),
        IN_A_TREE(what_matched_no_rule_is_not_read_in_between),
        IN_A_TREE(a_launcher_that_execs_a_game_is_seen_in_time),
        IN_A_TREE(a_pid_that_was_given_again_is_a_new_process),
        IN_A_TREE(thousands_of_processes_come_and_go),
        IN_A_TREE(processes_of_users_who_do_not_count_are_no_play),
        cmocka_unit_test(accounts_of_the_system_are_no_people),
        cmocka_unit_test(users_have_names_and_numbers),
        cmocka_unit_test(unset_users_are_ones_own_and_all_people_for_a_service),
        IN_A_TREE(a_proc_that_hides_others_is_unavailable_when_they_are_asked_for),
        IN_A_TREE(a_proc_that_is_not_there_is_unavailable_until_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
