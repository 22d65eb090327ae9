/* SPDX-License-Identifier: MIT */
/* The detector "process_name", as the agent loads it, on real processes that are like games. */
#include "fake_host.h"
#include "rule_groups.h"
#include "stand_in.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { POLL_MS = 5000, SOMEBODY = 54321, PASSED = 0, SKIPPED = 77 };

struct place {
    struct fake_host fake;
    struct rule_groups groups;
    char folder[64];
    char name[64]; /* no other test, and nobody on this machine, runs a program of that name */
    const char *names[1];
    char app[32];   /* AppId=<a number of our own> */
    char title[32]; /* in its manifest */
    char seen[512]; /* "activity|subject|confidence\n" for each */
};

static void put_manifest(const struct place *place)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/steamapps", place->folder);
    assert_int_equal(0, mkdir(path, 0755));
    snprintf(path, sizeof(path), "%s/steamapps/appmanifest_%s.acf", place->folder, place->app + 6);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "\"AppState\"\n{\n\t\"name\"\t\t\"%s\"\n}\n", place->title);
    assert_int_equal(0, fclose(file));
}

/* One rule of the user, the shipped list, and Steam with one game. */
static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    rule_groups_init(&place->groups);
    snprintf(place->folder, sizeof(place->folder), "/tmp/clockblock-games-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    assert_int_equal(0, chmod(place->folder, 0755));
    snprintf(place->name, sizeof(place->name), "Game-%d.exe", (int)getpid());
    snprintf(place->app, sizeof(place->app), "AppId=%d", 900000000 + (int)getpid());
    snprintf(place->title, sizeof(place->title), "Title %d", (int)getpid());
    put_manifest(place);
    place->names[0] = place->name;
    place->groups.groups[0].process.items = place->names;
    place->groups.groups[0].process.count = 1;
    fake_host_open(&place->fake, "process_name");
    fake_host_setting(&place->fake, "rules")->groups = place->groups.pointers;
    fake_host_setting(&place->fake, "rules")->count = 1;
    fake_host_set_text(&place->fake, "games_file", SHIPPED_GAMES);
    fake_host_set_text(&place->fake, "steam_dir", place->folder);
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    char command[96];
    fake_host_close(&place->fake);
    snprintf(command, sizeof(command), "rm -rf %s", place->folder);
    assert_int_equal(0, system(command)); /* in a folder of this test's own making */
    free(place);
    return 0;
}

/* Other tests, and whoever sits at this machine, may play at the same time. */
static bool is_of_this_test(const struct place *place, const clb_observation *observation)
{
    char link[48];
    char program[256];
    const char *pid = strstr(observation->subject, "(pid ");
    assert_non_null(pid);
    snprintf(link, sizeof(link), "/proc/%ld/exe", strtol(pid + 5, NULL, 10));
    ssize_t length = readlink(link, program, sizeof(program));
    size_t folder = strlen(place->folder);
    return length > (ssize_t)folder && strncmp(program, place->folder, folder) == 0;
}

static void CLB_CALL emit(const clb_poll *poll, const clb_observation *observation)
{
    struct place *place = poll->host_data;
    size_t used = strlen(place->seen);
    if (!is_of_this_test(place, observation))
        return;
    snprintf(place->seen + used, sizeof(place->seen) - used, "%s|%s|%d\n", observation->activity,
             observation->subject, (int)observation->confidence);
}

static int32_t poll(struct place *place)
{
    clb_poll call = {.size = sizeof(call),
                     .deadline_ms = atomic_load(&place->fake.monotonic_ms) + POLL_MS,
                     .host_data = place,
                     .emit = emit};
    place->seen[0] = '\0';
    int32_t status = place->fake.detector->poll(place->fake.instance, &call, &place->fake.error);
    atomic_fetch_add(&place->fake.monotonic_ms, POLL_MS);
    return status;
}

static const char *look(struct place *place)
{
    if (poll(place) != CLB_OK)
        fail_msg("%s", place->fake.error.text);
    return place->seen;
}

static const char *line(char expected[256], const char *activity, const char *program, pid_t pid,
                        const char *rest)
{
    snprintf(expected, 256, "%s|%s (pid %d%s\n", activity, program, (int)pid, rest);
    return expected;
}

/* ---- Steam ---- */

enum { TREE = 5 };

/* reaper, wrapper, what installs shaders, launcher of a shop, and the game in the loader of Wine.
 */
static void make_proton(const struct place *place, struct stand_in tree[TREE], char windows[96])
{
    snprintf(windows, 96, "Z:\\home\\kid\\Games\\%s", place->name);
    const struct stand_in made[TREE] = {
        {"reaper",
         {"/s/reaper", "SteamLaunch", place->app, "--", "/s/proton", "run", windows},
         0,
         0},
        {"steam-launch-wrapper", {"/s/steam-launch-wrapper", "--", "/s/proton", windows}, 0, 0},
        {"python3", {"python3", "/s/proton", "waitforexitandrun", windows}, 0, 0},
        {"EADesktop.exe", {"C:\\EA\\EADesktop.exe"}, 0, 0},
        {"wine64-preloader", {windows, "-fullscreen"}, 0, 0},
    };
    memcpy(tree, made, sizeof(made));
}

static void a_game_in_proton_is_seen_by_the_rule_of_the_user(void **state)
{
    struct place *place = *state;
    struct stand_in tree[TREE];
    char windows[96];
    char expected[256];
    make_proton(place, tree, windows);
    fake_host_start(&place->fake);
    assert_string_equal("", look(place));
    stand_in_run(place->folder, tree, TREE);
    line(expected, "Minecraft", place->name, tree[TREE - 1].pid, ")|90");
    assert_string_equal(expected, look(place));
    assert_string_equal(expected, look(place));
    stand_in_end(tree, TREE);
    while (look(place)[0] != '\0') /* until the kernel has ended it */
        assert_string_equal(expected, place->seen);
}

static void a_game_in_proton_is_seen_by_its_title_until_only_launchers_are_left(void **state)
{
    struct place *place = *state;
    struct stand_in tree[TREE];
    char windows[96];
    char expected[256];
    char rest[64];
    fake_host_setting(&place->fake, "rules")->count = 0;
    make_proton(place, tree, windows);
    fake_host_start(&place->fake);
    stand_in_run(place->folder, tree, TREE);
    snprintf(rest, sizeof(rest), ", Steam app %s)|95", place->app + 6);
    line(expected, place->title, "wine64-preloade", tree[TREE - 1].pid, rest);
    for (int i = 0; i < 20; i++)
        assert_string_equal(expected, look(place));
    siginfo_t ended;
    kill(tree[TREE - 1].pid, SIGKILL);
    while (look(place)[0] != '\0') /* until the kernel has ended it */
        assert_string_equal(expected, place->seen);
    assert_int_equal(0, waitid(P_PID, (id_t)tree[0].pid, &ended, WEXITED | WNOHANG | WNOWAIT));
    assert_int_equal(0, ended.si_pid); /* the reaper still waits, for the launcher */
    stand_in_end(tree, TREE - 1);
}

static void an_installation_is_no_game(void **state)
{
    struct place *place = *state;
    struct stand_in tree[] = {
        {"reaper", {"/s/reaper", "SteamLaunch", place->app, "Install=1", "--", "/g/setup"}, 0, 0},
        {"setup-it.exe", {"Z:\\g\\setup-it.exe", "/quiet"}, 0, 0},
    };
    fake_host_start(&place->fake);
    stand_in_run(place->folder, tree, 2);
    assert_string_equal("", look(place));
    stand_in_end(tree, 2);
}

static void launchers_are_no_games(void **state)
{
    struct place *place = *state;
    struct stand_in tree[] = {
        {"steam", {"/usr/lib/steam/steam", "-silent"}, 0, 0},
        {"steamwebhelper", {"/usr/lib/steam/steamwebhelper", "-lang=en"}, 0, 0},
        {"minecraft-launcher", {"/opt/minecraft-launcher/minecraft-launcher"}, 0, 0},
        {"heroic", {"/opt/Heroic/heroic", "--type=gpu-process"}, 0, 0},
        {"EpicGamesLaunch", {"C:\\Epic\\EpicGamesLauncher.exe"}, 0, 0},
    };
    fake_host_start(&place->fake);
    stand_in_run(place->folder, tree, 5);
    assert_string_equal("", look(place));
    stand_in_end(tree, 5);
}

/* ---- Names ---- */

static void the_main_class_tells_minecraft_from_another_java(void **state)
{
    struct place *place = *state;
    char expected[256];
    struct stand_in server = {"java", {"/usr/bin/java", "-jar", "minecraft_server.jar"}, 0, 0};
    struct stand_in game = {
        "java",
        {"/opt/jre/bin/java", "-cp", "a.jar", "net.minecraft.client.main.Main", "--demo"},
        0,
        0};
    fake_host_setting(&place->fake, "rules")->count = 0;
    fake_host_start(&place->fake);
    stand_in_run(place->folder, &server, 1);
    assert_string_equal("", look(place));
    stand_in_run(place->folder, &game, 1);
    assert_string_equal(line(expected, "Minecraft", "java", game.pid, ")|90"), look(place));
    stand_in_end(&game, 1);
    stand_in_end(&server, 1);
}

static void a_name_of_forty_characters_is_seen_with_and_without_a_command_line(void **state)
{
    struct place *place = *state;
    char expected[256];
    char cut[16];
    snprintf(place->name, sizeof(place->name), "G%010d-A-Name-Of-Forty-Characters.exe",
             (int)getpid());
    snprintf(cut, sizeof(cut), "%.15s", place->name);
    struct stand_in named = {place->name, {place->name, "-w"}, 0, 0};
    struct stand_in bare = {place->name, {"", NULL}, 0, 0};
    fake_host_start(&place->fake);
    stand_in_run(place->folder, &named, 1);
    assert_string_equal(line(expected, "Minecraft", place->name, named.pid, ")|90"), look(place));
    stand_in_end(&named, 1);
    stand_in_run(place->folder, &bare, 1); /* 15 characters are all that there is: a guess */
    assert_string_equal(line(expected, "Minecraft", cut, bare.pid, ")|40"), look(place));
    stand_in_end(&bare, 1);
}

static void what_only_names_a_game_in_its_arguments_is_none(void **state)
{
    struct place *place = *state;
    struct stand_in viewer = {"viewer", {"viewer", place->name, "/g/factorio"}, 0, 0};
    fake_host_start(&place->fake);
    stand_in_run(place->folder, &viewer, 1);
    assert_string_equal("", look(place));
    stand_in_end(&viewer, 1);
}

/* It waits in the child of this test until a byte comes, and then becomes the game. */
static void what_becomes_a_game_after_minutes_is_seen_within_a_look(void **state)
{
    struct place *place = *state;
    struct stand_in game = {place->name, {place->name}, 0, 0};
    char expected[256];
    char byte = '!';
    int start[2];
    int execed[2];
    int polls = 0;
    stand_in_copy(place->folder, game.file);
    assert_int_equal(0, pipe2(start, O_CLOEXEC));
    assert_int_equal(0, pipe2(execed, O_CLOEXEC));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (read(start[0], &byte, 1) == 1)
            stand_in_become(place->folder, &game);
        _exit(1);
    }
    close(execed[1]);
    fake_host_start(&place->fake);
    for (int i = 0; i < 300000 / POLL_MS; i++)
        assert_string_equal("", look(place));
    assert_int_equal(1, write(start[1], &byte, 1));
    assert_int_equal(0, read(execed[0], &byte, 1));
    line(expected, "Minecraft", place->name, pid, ")|90");
    while (look(place)[0] == '\0' && polls < 10)
        polls++;
    assert_string_equal(expected, place->seen);
    assert_in_range(polls, 0, 2); /* 10 s, and a poll */
    game.pid = pid;
    stand_in_end(&game, 1);
    close(start[0]);
    close(start[1]);
    close(execed[0]);
}

/* ---- Users ---- */

static void skip_for(const char *reason)
{
    print_message("skipped: %s\n", reason);
    skip();
}

static void a_game_of_another_user_counts_when_that_one_does(void **state)
{
    struct place *place = *state;
    char expected[256];
    static const char *const root[] = {"0"};
    static const char *const somebody[] = {"54321"};
    if (geteuid() != 0)
        skip_for("to run a game as another user needs root");
    struct stand_in game = {place->name, {place->name}, SOMEBODY, 0};
    stand_in_run(place->folder, &game, 1);
    line(expected, "Minecraft", place->name, game.pid, ")|90");
    fake_host_start(&place->fake);
    assert_string_equal(expected, look(place)); /* unset: all people */
    fake_host_stop(&place->fake);
    fake_host_set_list(&place->fake, "users", root, 1);
    fake_host_start(&place->fake);
    assert_string_equal("", look(place));
    fake_host_stop(&place->fake);
    fake_host_set_list(&place->fake, "users", somebody, 1);
    fake_host_start(&place->fake);
    assert_string_equal(expected, look(place));
    stand_in_end(&game, 1);
}

/* In a process of its own, which is nobody's at the end. Returns its exit status. */
static int look_at_hidden(struct place *place)
{
    static const char *const root[] = {"0"};
    char mounted[96];
    snprintf(mounted, sizeof(mounted), "%s/proc", place->folder);
    if (mkdir(mounted, 0755) != 0 || unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("proc", mounted, "proc", 0, "hidepid=2") != 0)
        return SKIPPED;
    /* The group of root may look behind it. */
    if (setgroups(0, NULL) != 0 || setgid(SOMEBODY) != 0 || setuid(SOMEBODY) != 0)
        return SKIPPED;
    fake_host_set_text(&place->fake, "proc_root", mounted);
    fake_host_set_list(&place->fake, "users", root, 1);
    fake_host_start(&place->fake);
    if (poll(place) != CLB_UNAVAILABLE || strstr(place->fake.error.text, "hidepid") == NULL)
        return 1;
    fake_host_stop(&place->fake);
    fake_host_set_list(&place->fake, "users", NULL, 0); /* its own are not hidden */
    fake_host_start(&place->fake);
    return poll(place) == CLB_OK ? PASSED : 2;
}

static void hidden_processes_of_others_are_unavailable_and_not_absent(void **state)
{
    struct place *place = *state;
    int status;
    if (geteuid() != 0)
        skip_for("to mount a /proc needs root");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(look_at_hidden(place));
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED)
        skip_for("no /proc can be mounted here with hidepid");
    assert_int_equal(PASSED, WEXITSTATUS(status));
}

/* ---- The list ---- */

static void a_list_of_the_user_that_is_missing_or_broken_is_told(void **state)
{
    struct place *place = *state;
    char path[96];
    snprintf(path, sizeof(path), "%s/mine.conf", place->folder);
    fake_host_set_text(&place->fake, "games_file", path);
    assert_int_equal(CLB_OK, fake_host_create(&place->fake));
    const clb_detector *detector = place->fake.detector;
    assert_int_equal(CLB_FAILED, detector->start(place->fake.instance, &place->fake.error));
    assert_non_null(strstr(place->fake.error.text, "mine.conf cannot be read"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("[games]\nA game\n", file);
    fclose(file);
    assert_int_equal(CLB_FAILED, detector->start(place->fake.instance, &place->fake.error));
    assert_non_null(strstr(place->fake.error.text, "line 2: a game is written as"));
    assert_int_equal(0, truncate(path, 0));
    assert_int_equal(CLB_OK, detector->start(place->fake.instance, &place->fake.error));
    detector->stop(place->fake.instance);
    detector->destroy(place->fake.instance);
    place->fake.instance = NULL;
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
    stand_in_main();
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(a_game_in_proton_is_seen_by_the_rule_of_the_user),
        IN_A_PLACE(a_game_in_proton_is_seen_by_its_title_until_only_launchers_are_left),
        IN_A_PLACE(an_installation_is_no_game),
        IN_A_PLACE(launchers_are_no_games),
        IN_A_PLACE(the_main_class_tells_minecraft_from_another_java),
        IN_A_PLACE(a_name_of_forty_characters_is_seen_with_and_without_a_command_line),
        IN_A_PLACE(what_only_names_a_game_in_its_arguments_is_none),
        IN_A_PLACE(what_becomes_a_game_after_minutes_is_seen_within_a_look),
        IN_A_PLACE(a_game_of_another_user_counts_when_that_one_does),
        IN_A_PLACE(hidden_processes_of_others_are_unavailable_and_not_absent),
        IN_A_PLACE(a_list_of_the_user_that_is_missing_or_broken_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
