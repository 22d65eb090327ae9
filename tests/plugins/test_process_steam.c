/* SPDX-License-Identifier: MIT */
/* What Steam runs: scopes, launches, trees of Proton, titles. */
#include "proc_tree.h"
#include "process_name/steam.h"
#include "process_name/titles.h"
#include "process_name/vdf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE(text)   text, sizeof(text)

/* ---- Texts ---- */

static void the_scope_tells_the_app(void **state)
{
    (void)state;
    static const struct {
        const char *cgroups;
        int64_t app;
    } cases[] = {
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
         "app-steam-app413150-4711.scope\n",
         413150},
        {"1:name=systemd:/a/app-steam-app570-1.scope/below\n0::/b\n", 570},
        {"12:pids:/x\n0::/app-steam-app3412345678-99.scope", INT64_C(3412345678)},
        {"0::/app-steam-4711.scope\n", 0}, /* Steam itself, on a desktop */
        {"0::/app-steam-app570.scope\n", 0},
        {"0::/app-steam-app-1.scope\n", 0},
        {"0::/app-steam-app570-.scope\n", 0},
        {"0::/app-steam-app570-1.scopes\n", 0},
        {"0::/app-steam-app570-1.service\n", 0},
        {"0::/xapp-steam-app570-1.scope\n", 0},
        {"0::/app-steam-app99999999999999999999-1.scope\n", 0},
        {"app-steam-app570-1.scope", 0},
        {"", 0},
        {"0::/", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (steam_scope_app(cases[i].cgroups) != cases[i].app)
            fail_msg("case %d", (int)i);
}

static void a_launch_tells_the_app_and_an_installation_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        size_t bytes;
        int app;
    } cases[] = {
        {LINE("/s/reaper\0SteamLaunch\0AppId=348550\0--\0/g/game"), 348550},
        {LINE("reaper\0SteamLaunch\0AppId=348550\0--"), 348550},
        {LINE("reaper\0SteamLaunch\0AppId=348550\0Install=1\0--\0/g/setup"), STEAM_INSTALLS},
        {LINE("reaper\0SteamLaunch\0AppId=348550"), 0},
        {LINE("reaper\0SteamLaunch\0AppId=\0--"), 0},
        {LINE("reaper\0SteamLaunch\0AppId=12x\0--"), 0},
        {LINE("reaper\0SteamLaunch\0AppId=0\0--"), 0},
        {LINE("pgrep\0-f\0SteamLaunch AppId=348550 -- "), 0}, /* somebody looks for it */
        {LINE("reaper\0AppId=348550\0SteamLaunch\0--"), 0},
        {"", 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (steam_launch_app(cases[i].arguments, cases[i].bytes) != cases[i].app)
            fail_msg("case %d", (int)i);
}

static bool write_pair(int depth, const char *key, const char *value, void *context)
{
    char *seen = context;
    size_t used = strlen(seen);
    snprintf(seen + used, 256 - used, "%d:%s=%s ", depth, key, value);
    return strcmp(key, "stop") != 0;
}

static void a_vdf_is_read_however_it_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *pairs;
    } cases[] = {
        {"\"a\" { \"b\" \"c\" \"d\" { \"e\" \"f\" } \"g\" \"h\" }", "1:b=c 2:e=f 1:g=h "},
        {"a{b c}\n// \"x\" \"y\"\nd e", "1:b=c 0:d=e "},
        {"\"a\" \"x\\\\y\\\"z\\n\" [$WIN32] \"b\" \"\"", "0:a=x\\y\"z\n 0:b= "},
        {"} } \"a\" \"b\" {{{ \"c\" \"d\"", "0:a=b 3:c=d "},
        {"\"a\" \"not closed", "0:a=not closed "},
        {"\"stop\" \"1\" \"a\" \"b\"", "0:stop=1 "},
        {"\"a\\", ""},
        {"[", ""},
        {"/", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char seen[256] = "";
        vdf_each(cases[i].text, strlen(cases[i].text), write_pair, seen);
        assert_string_equal(cases[i].pairs, seen);
    }
}

static void a_manifest_tells_the_title_and_nothing_that_disturbs(void **state)
{
    (void)state;
    char title[STEAM_TITLE_CAPACITY];
    static const char manifest[] =
        "\"AppState\"\n{\n\t\"appid\"\t\t\"413150\"\n\t\"UserConfig\" { "
        "\"name\" \"wrong\" }\n\t\"name\"\t\t\"Stardew\\n\x1B Valley\"\n}";
    steam_manifest_title(manifest, strlen(manifest), title);
    assert_string_equal("Stardew Valley", title);
    steam_manifest_title("", 0, title);
    assert_string_equal("", title);
}

/* ---- Titles ---- */

/* Steam in the tree's folder, with a second library and a title in each. */
static void make_libraries(const struct tree *tree)
{
    static const char *const folders[] = {"Steam", "Steam/steamapps", "More", "More/steamapps"};
    static const char first[] = "\"AppState\" { \"appid\" \"570\" \"name\" \"Dota 2\" }";
    static const char second[] = "AppState { name \"Stardew Valley\" }";
    char path[160];
    char text[512];
    for (size_t i = 0; i < COUNT(folders); i++) {
        snprintf(path, sizeof(path), "%s/%s", tree->root, folders[i]);
        assert_int_equal(0, mkdir(path, 0755));
    }
    snprintf(text, sizeof(text),
             "\"libraryfolders\"\n{\n \"0\"\n {\n  \"path\" \"%s/Steam\"\n  \"apps\" { \"570\" "
             "\"1\" } }\n \"1\"\n {\n  \"path\" \"%s/More\"\n  \"label\" \"\"\n }\n}\n",
             tree->root, tree->root);
    put_file(tree, "Steam/steamapps/libraryfolders.vdf", text, strlen(text));
    put_file(tree, "Steam/steamapps/appmanifest_570.acf", first, strlen(first));
    put_file(tree, "More/steamapps/appmanifest_413150.acf", second, strlen(second));
}

static struct titles *open_titles(const struct tree *tree)
{
    char path[96];
    snprintf(path, sizeof(path), "%s/Steam", tree->root);
    struct titles *titles = titles_create(path);
    assert_non_null(titles);
    return titles;
}

static void titles_come_from_the_manifests_of_all_libraries(void **state)
{
    struct tree *tree = *state;
    make_libraries(tree);
    struct titles *titles = open_titles(tree);
    assert_string_equal("Dota 2", titles_find(titles, 1000, 570, 0));
    assert_string_equal("Stardew Valley", titles_find(titles, 1000, 413150, 0));
    assert_null(titles_find(titles, 1000, 1, 0));
    drop(tree, "Steam");
    assert_string_equal("Dota 2", titles_find(titles, 1000, 570, 5000)); /* kept */
    for (int64_t app = 100; app < 200; app++)
        assert_null(titles_find(titles, 1000, app, 5000));
    titles_destroy(titles);
}

static void a_manifest_that_comes_later_is_found(void **state)
{
    struct tree *tree = *state;
    static const char manifest[] = "AppState { name Later }";
    make_libraries(tree);
    struct titles *titles = open_titles(tree);
    assert_null(titles_find(titles, 1000, 7, 0));
    put_file(tree, "More/steamapps/appmanifest_7.acf", manifest, strlen(manifest));
    assert_null(titles_find(titles, 1000, 7, 30000)); /* not looked for at every poll */
    assert_string_equal("Later", titles_find(titles, 1000, 7, 60000));
    titles_destroy(titles);
}

static void old_libraries_are_read_too(void **state)
{
    struct tree *tree = *state;
    char text[256];
    make_libraries(tree);
    snprintf(text, sizeof(text),
             "\"LibraryFolders\" { \"TimeNextStatsReport\" \"1\" \"1\" \"%s/More\" }", tree->root);
    put_file(tree, "Steam/steamapps/libraryfolders.vdf", text, strlen(text));
    struct titles *titles = open_titles(tree);
    assert_string_equal("Stardew Valley", titles_find(titles, 1000, 413150, 0));
    titles_destroy(titles);
}

/* Whoever plays may put anything there, and the agent may be root. */
static void a_pipe_or_a_giant_in_the_place_of_a_manifest_is_passed_over(void **state)
{
    struct tree *tree = *state;
    char path[128];
    make_libraries(tree);
    snprintf(path, sizeof(path), "%s/Steam/steamapps/appmanifest_8.acf", tree->root);
    assert_int_equal(0, mkfifo(path, 0644));
    snprintf(path, sizeof(path), "%s/Steam/steamapps/appmanifest_9.acf", tree->root);
    put_file(tree, "Steam/steamapps/appmanifest_9.acf", "AppState { name X }", 19);
    assert_int_equal(0, truncate(path, 1 << 30));
    struct titles *titles = open_titles(tree);
    assert_null(titles_find(titles, 1000, 8, 0));
    assert_null(titles_find(titles, 1000, 9, 0));
    titles_destroy(titles);
}

/* ---- Trees ---- */

/* Rules as those of the tree, that count Steam, with a list of what is no game. `app` names a rule
 * of the user for that app. */
static void count_steam(struct tree *tree, int64_t app)
{
    static const char *const names[] = {"MyMod.exe"};
    static const char *const excluded[] = {"Editor.exe"};
    clb_setting fields[] = {
        {.size = sizeof(clb_setting), .key = "activity", .text = "Mine"},
        {.size = sizeof(clb_setting), .key = "process", .items = names, .count = 1},
        {.size = sizeof(clb_setting), .key = "exclude", .items = excluded, .count = 1},
        {.size = sizeof(clb_setting), .key = "steam_app", .integer = app}};
    const clb_setting *pointers[] = {&fields[0], &fields[1], &fields[2], &fields[3]};
    clb_settings group = {sizeof(group), 4, pointers, NULL};
    const clb_settings *groups[] = {&group};
    clb_setting rules = {.size = sizeof(rules), .key = "rules", .groups = groups, .count = 1};
    clb_setting steam = {.size = sizeof(steam), .key = "steam", .integer = 1};
    const clb_setting *all[] = {&rules, &steam};
    clb_settings settings = {sizeof(settings), 2, all, NULL};
    char list[] =
        "[games]\nKnown = Known.exe\n[not games]\nreaper, steam-launch-wrapper, pv-adverb\n"
        "python3, wineserver, services.exe, explorer.exe, steam.exe, EADesktop.exe, setup\n"
        "steam_app 250820\n";
    rules_destroy(tree->rules);
    tree->rules = rules_create(&settings, &tree->error);
    assert_non_null(tree->rules);
    assert_true(rules_add_games(tree->rules, list, &tree->error));
    open_scan(tree);
}

#define SCOPE(id) "0::/user.slice/app.slice/app-steam-app" id "-100.scope\n"

static void put_proton(const struct tree *tree, const char *cgroup)
{
    PUT_IN(tree, 100, "reaper", 'S', 1, 10,
           "/s/reaper\0SteamLaunch\0AppId=77\0--\0/s/proton\0waitforexitandrun\0/g/Game.exe",
           cgroup);
    PUT_IN(tree, 101, "pv-adverb", 'S', 100, 11, "/s/pv-adverb\0--\0/g/Game.exe", cgroup);
    PUT_IN(tree, 102, "python3", 'S', 101, 12, "python3\0/s/proton\0waitforexitandrun\0Game.exe",
           cgroup);
    PUT_IN(tree, 105, "wineserver", 'S', 101, 14, "/s/wineserver", cgroup);
    PUT_IN(tree, 106, "services.exe", 'S', 101, 14, "C:\\windows\\system32\\services.exe", cgroup);
    PUT_IN(tree, 107, "EADesktop.exe", 'S', 101, 14, "C:\\EA\\EADesktop.exe", cgroup);
}

static void put_game(const struct tree *tree, const char *cgroup)
{
    PUT_IN(tree, 110, "Game.exe", 'S', 102, 20, "Z:\\home\\kid\\Game.exe\0-w", cgroup);
}

static void a_game_of_steam_is_seen_by_its_launch(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    put_proton(tree, NULL);
    assert_string_equal("", look(tree, 0)); /* it is not there yet */
    put_game(tree, NULL);
    assert_string_equal("77/-1:0:Game.exe:110", look(tree, 5000));
    assert_string_equal("77/-1:0:Game.exe:110", look(tree, 3600000));
    drop(tree, "110");
    assert_string_equal("", look(tree, 3605000)); /* a launcher was left open */
}

static void a_game_of_steam_is_seen_by_its_scope(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    PUT_IN(tree, 110, "game", 'S', 1, 20, "/g/game", SCOPE("413150"));
    PUT_IN(tree, 111, "steam", 'S', 1, 20, "/g/steamish", "0::/app-steam-111.scope\n");
    assert_string_equal("413150/-1:0:game:110", look(tree, 0));
}

static void a_scope_that_comes_a_moment_later_is_seen(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    PUT_IN(tree, 110, "game", 'S', 1, 20, "/g/game", "0::/user.slice\n");
    assert_string_equal("", look(tree, 0));
    PUT_IN(tree, 110, "game", 'S', 1, 20, "/g/game", SCOPE("5"));
    assert_string_equal("5/-1:0:game:110", look(tree, 5000));
}

static void a_launch_alone_is_played_until_something_else_is_there(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    PUT(tree, 100, "reaper", 'S', 1, 10, "/s/reaper\0SteamLaunch\0AppId=77\0--\0/g/Game");
    assert_string_equal("77/-1:0:reaper:100", look(tree, 0));
    PUT(tree, 101, "pv-adverb", 'S', 100, 11, "/s/pv-adverb\0--\0/g/Game");
    assert_string_equal("", look(tree, 5000));
}

static void an_installation_is_not_played_even_in_a_scope(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 77);
    PUT_IN(tree, 100, "reaper", 'S', 1, 10, "/s/reaper\0SteamLaunch\0AppId=77\0Install=1\0--\0/g/x",
           SCOPE("77"));
    PUT_IN(tree, 101, "vcredist.exe", 'S', 100, 11, "Z:\\g\\vcredist.exe", SCOPE("77"));
    assert_string_equal("", look(tree, 0));
}

static void tools_of_steam_are_no_games(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    PUT_IN(tree, 110, "vrthing", 'S', 1, 20, "/g/vrthing", SCOPE("250820"));
    assert_string_equal("", look(tree, 0));
    count_steam(tree, 250820); /* but a rule counts it */
    assert_string_equal("250820/0:95:vrthing:110", look(tree, 0));
}

static void a_rule_names_an_app_by_its_number_and_may_leave_out_its_tools(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 77);
    put_proton(tree, SCOPE("77"));
    PUT_IN(tree, 108, "Editor.exe", 'S', 102, 20, "Z:\\g\\Editor.exe", SCOPE("77"));
    assert_string_equal("", look(tree, 0));
    put_game(tree, SCOPE("77"));
    assert_string_equal("77/0:95:Game.exe:110", look(tree, 5000));
}

static void a_rule_for_a_process_names_it_and_not_its_app(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    put_proton(tree, NULL);
    PUT(tree, 110, "MyMod.exe", 'S', 102, 20, "Z:\\g\\MyMod.exe");
    assert_string_equal("0:90:MyMod.exe:110", look(tree, 0));
    PUT(tree, 110, "Known.exe", 'S', 102, 20,
        "Z:\\g\\Known.exe"); /* of the list: the app as well */
    assert_string_equal("77/-1:0:Known.exe:110 1:90:Known.exe:110", look(tree, 5000));
}

static void two_apps_are_two_games(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    PUT_IN(tree, 110, "one", 'S', 1, 20, "/g/one", SCOPE("1"));
    PUT_IN(tree, 111, "two", 'S', 1, 20, "/g/two", SCOPE("2"));
    PUT_IN(tree, 112, "one more", 'S', 1, 20, "/g/more", SCOPE("1"));
    look(tree, 0);
    assert_non_null(strstr(tree->found, "1/-1:0:one:110"));
    assert_non_null(strstr(tree->found, "2/-1:0:two:111"));
}

static void a_pid_of_a_game_that_is_given_again_is_none(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    PUT_IN(tree, 110, "game", 'S', 1, 20, "/g/game", SCOPE("5"));
    assert_string_equal("5/-1:0:game:110", look(tree, 0));
    assert_string_equal("5/-1:0:game:110", look(tree, 900000));
    PUT_IN(tree, 110, "game", 'S', 1, 99, "/g/game", "0::/\n");
    assert_string_equal("", look(tree, 905000));
}

/* Parents that are their own ancestors: by pids that were given again in the middle of a poll. */
static void a_circle_of_parents_ends(void **state)
{
    struct tree *tree = *state;
    count_steam(tree, 0);
    PUT(tree, 110, "a", 'S', 111, 20, "/g/a");
    PUT(tree, 111, "b", 'S', 110, 20, "/g/b");
    PUT(tree, 112, "c", 'S', 112, 20, "/g/c");
    PUT_IN(tree, 113, "game", 'S', 112, 20, "/g/game", SCOPE("5"));
    assert_string_equal("5/-1:0:game:113", look(tree, 0));
}

static void without_steam_and_its_rules_it_is_not_looked_at(void **state)
{
    struct tree *tree = *state;
    put_proton(tree, SCOPE("77"));
    put_game(tree, SCOPE("77"));
    assert_string_equal("", look(tree, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scope_tells_the_app),
        cmocka_unit_test(a_launch_tells_the_app_and_an_installation_is_none),
        cmocka_unit_test(a_vdf_is_read_however_it_is_written),
        cmocka_unit_test(a_manifest_tells_the_title_and_nothing_that_disturbs),
        IN_A_TREE(titles_come_from_the_manifests_of_all_libraries),
        IN_A_TREE(a_manifest_that_comes_later_is_found),
        IN_A_TREE(old_libraries_are_read_too),
        IN_A_TREE(a_pipe_or_a_giant_in_the_place_of_a_manifest_is_passed_over),
        IN_A_TREE(a_game_of_steam_is_seen_by_its_launch),
        IN_A_TREE(a_game_of_steam_is_seen_by_its_scope),
        IN_A_TREE(a_scope_that_comes_a_moment_later_is_seen),
        IN_A_TREE(a_launch_alone_is_played_until_something_else_is_there),
        IN_A_TREE(an_installation_is_not_played_even_in_a_scope),
        IN_A_TREE(tools_of_steam_are_no_games),
        IN_A_TREE(a_rule_names_an_app_by_its_number_and_may_leave_out_its_tools),
        IN_A_TREE(a_rule_for_a_process_names_it_and_not_its_app),
        IN_A_TREE(two_apps_are_two_games),
        IN_A_TREE(a_pid_of_a_game_that_is_given_again_is_none),
        IN_A_TREE(a_circle_of_parents_ends),
        IN_A_TREE(without_steam_and_its_rules_it_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
