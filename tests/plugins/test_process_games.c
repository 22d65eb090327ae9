/* SPDX-License-Identifier: MIT */
/* The list of games: how it is written, what the one that is shipped says, and that the user's
 * rules come before it. */
#include "process_name/games.h"
#include "process_name/rules.h"
#include "process_name/text_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE(text)   text, sizeof(text)

/* ---- The format ---- */

static const char *write_entry(const struct games_entry *entry, void *context)
{
    char *seen = context;
    size_t used = strlen(seen);
    used += (size_t)snprintf(seen + used, 512 - used, "%s:", entry->title ? entry->title : "-");
    for (size_t i = 0; i < entry->count; i++)
        used += (size_t)snprintf(seen + used, 512 - used, "<%s>", entry->names[i]);
    if (entry->arguments != NULL)
        used += (size_t)snprintf(seen + used, 512 - used, "+%s", entry->arguments);
    snprintf(seen + used, 512 - used, "%lld\n", (long long)entry->steam_app);
    return NULL;
}

static void games_and_what_is_none_are_read(void **state)
{
    (void)state;
    char seen[512] = "";
    int line = 0;
    char text[] = "# a list\n\n[games]\r\n  Among Us = Among Us.exe , among\r\n"
                  "Minecraft=java,javaw.exe with net.minecraft.client.main.Main\n"
                  "[not games]\nsteam, steam.exe\nsteam_app 250820\n[games]\nX = y";
    assert_null(games_parse(text, write_entry, seen, &line));
    assert_string_equal("Among Us:<Among Us.exe><among>0\n"
                        "Minecraft:<java><javaw.exe>+net.minecraft.client.main.Main0\n"
                        "-:<steam><steam.exe>0\n-:250820\nX:<y>0\n",
                        seen);
}

static void a_line_that_says_nothing_is_refused_with_its_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *problem;
    } cases[] = {
        {"x = y", 1, "comes first"},
        {"[games]\nx", 2, "a game is written"},
        {"[games]\n= y", 2, "title is empty"},
        {"[games]\n\n#\nx = a,,b", 4, "name is empty"},
        {"[games]\nx =", 2, "name is empty"},
        {"[not games]\nsteam_app 12x", 2, "no number"},
        {"[not games]\nsteam_app -1", 2, "no number"},
        {"[other]", 1, "[games]"},
        {"[games]\nx = a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", 2,
         "too many"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char seen[512] = "";
        char text[256];
        int line = 0;
        snprintf(text, sizeof(text), "%s", cases[i].text);
        const char *problem = games_parse(text, write_entry, seen, &line);
        if (problem == NULL || line != cases[i].line || strstr(problem, cases[i].problem) == NULL)
            fail_msg("case %d: line %d: %s", (int)i, line, problem ? problem : "fine");
    }
}

/* ---- The rules ---- */

struct settings {
    clb_setting rule[3];
    const clb_setting *rule_pointers[3];
    clb_settings group;
    const clb_settings *groups[1];
    clb_setting rules;
    const clb_setting *all[1];
    clb_settings settings;
};

/* One rule of the user, or none with a NULL. */
static struct rules *make_rules(const char *activity, const char *name)
{
    struct settings made = {0};
    clb_error error = {.size = sizeof(error)};
    made.rule[0] = (clb_setting){.size = sizeof(clb_setting), .key = "activity", .text = activity};
    made.rule[1] =
        (clb_setting){.size = sizeof(clb_setting), .key = "process", .items = &name, .count = 1};
    made.rule[2] = (clb_setting){.size = sizeof(clb_setting), .key = "exclude"};
    for (int i = 0; i < 3; i++)
        made.rule_pointers[i] = &made.rule[i];
    made.group = (clb_settings){sizeof(clb_settings), 3, made.rule_pointers, NULL};
    made.groups[0] = &made.group;
    made.rules = (clb_setting){.size = sizeof(clb_setting),
                               .key = "rules",
                               .groups = made.groups,
                               .count = activity != NULL ? 1 : 0};
    made.all[0] = &made.rules;
    made.settings = (clb_settings){sizeof(clb_settings), 1, made.all, NULL};
    struct rules *rules = rules_create(&made.settings, &error);
    assert_non_null(rules);
    return rules;
}

static void add_shipped(struct rules *rules)
{
    size_t length;
    const char *problem = "";
    clb_error error = {.size = sizeof(error)};
    char *text = text_file_read(SHIPPED_GAMES, 1 << 20, &length, &problem);
    if (text == NULL)
        fail_msg("%s: %s", SHIPPED_GAMES, problem);
    if (!rules_add_games(rules, text, &error))
        fail_msg("%s", error.text);
    free(text);
}

struct program {
    const char *comm;
    const char *arguments;
    size_t bytes;
    const char *activity; /* NULL: no game */
};

static void assert_programs(const struct rules *rules, const struct program *programs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct process_view view = {programs[i].comm, programs[i].arguments, programs[i].bytes};
        struct rule_match match = rules_match(rules, &view);
        const char *activity = match.rule >= 0 ? match.activity : "none";
        assert_string_equal(programs[i].activity ? programs[i].activity : "none", activity);
    }
}

static void the_shipped_list_knows_games_and_what_is_none(void **state)
{
    (void)state;
    static const struct program programs[] = {
        {"StardewValley", LINE("/home/kid/Stardew Valley/StardewValley"), "Stardew Valley"},
        {"Stardew Valley.", LINE("Z:\\games\\Stardew Valley\\Stardew Valley.exe"),
         "Stardew Valley"},
        {"FortniteClient-", LINE("C:\\FortniteClient-Win64-Shipping.exe"), "Fortnite"},
        {"FortniteClient-", "", 0, NULL}, /* or one of those against cheating */
        {"FortniteClient-", LINE("C:\\FortniteClient-Win64-Shipping_BE.exe"), NULL},
        {"java", LINE("java\0net.minecraft.client.main.Main"), "Minecraft"},
        {"java", LINE("java\0-jar\0minecraft_server.jar"), NULL},
        {"hl2_linux", LINE("/s/hl2_linux\0-game\0garrysmod"), "Garry's Mod"},
        {"hl2_linux", LINE("/s/hl2_linux\0-game\0hl2"), NULL},
        {"steam", LINE("/usr/bin/steam\0-silent"), NULL},
        {"steamwebhelper", LINE("/s/steamwebhelper"), NULL},
        {"EADesktop.exe", LINE("C:\\EA\\EADesktop.exe"), NULL},
        {"firefox", LINE("/usr/bin/firefox"), NULL},
        {"fossilize_repla", LINE("/s/fossilize_replay\0--x"), NULL},
        {"minecraft-launc", LINE("/opt/minecraft-launcher/minecraft-launcher"), NULL},
        {"EasyAntiCheat_E", LINE("EasyAntiCheat_EOS.exe"), NULL},
    };
    struct rules *rules = make_rules(NULL, NULL);
    assert_int_equal(0, rules_count(rules));
    add_shipped(rules);
    assert_in_range(rules_count(rules), 60, 200);
    assert_programs(rules, programs, COUNT(programs));
    rules_destroy(rules);
}

static void what_is_no_game_is_told_by_the_command_line_or_by_comm(void **state)
{
    (void)state;
    static const struct {
        struct process_view view;
        bool is_not_game;
    } cases[] = {
        {{"reaper", LINE("/s/reaper\0SteamLaunch")}, true},
        {{"wineserver", LINE("/p/wineserver")}, true},
        {{"services.exe", LINE("C:\\windows\\system32\\services.exe")}, true},
        {{"explorer.exe", "", 0}, true},
        {{"steam-runtime-l", "", 0}, true}, /* steam-runtime-launcher-service */
        {{"sh", LINE("/g/Game")}, false},   /* the name is the game's, comm not yet */
        {{"Game.exe", LINE("Z:\\g\\Game.exe")}, false},
        {{"", "", 0}, false},
    };
    struct rules *rules = make_rules(NULL, NULL);
    add_shipped(rules);
    for (size_t i = 0; i < COUNT(cases); i++)
        if (rules_is_not_game(rules, &cases[i].view) != cases[i].is_not_game)
            fail_msg("case %d", (int)i);
    rules_destroy(rules);
}

static void rules_of_the_user_come_before_the_list(void **state)
{
    (void)state;
    static const struct program game = {"factorio", LINE("/g/factorio"), "The Factory"};
    static const struct program launcher = {"heroic", LINE("/opt/heroic"), "Shopping"};
    struct rules *rules = make_rules("The Factory", "factorio");
    add_shipped(rules);
    assert_programs(rules, &game, 1);
    assert_true(rules_is_own(rules, 0));
    assert_false(rules_is_own(rules, 1));
    rules_destroy(rules);
    rules = make_rules("Shopping", "heroic"); /* on the list of what is no game */
    add_shipped(rules);
    assert_programs(rules, &launcher, 1);
    rules_destroy(rules);
}

static void a_broken_list_leaves_the_rules_of_the_user(void **state)
{
    (void)state;
    static const struct program game = {"factorio", LINE("/g/factorio"), "The Factory"};
    clb_error error = {.size = sizeof(error)};
    char text[] = "[not games]\nfactorio\nsteam_app 1\n[games]\nX = x\nY = a/b\n";
    struct rules *rules = make_rules("The Factory", "factorio");
    assert_false(rules_add_games(rules, text, &error));
    assert_non_null(strstr(error.text, "line 6: a name has no folder"));
    assert_int_equal(1, rules_count(rules));
    assert_programs(rules, &game, 1);
    add_shipped(rules);
    assert_programs(rules, &game, 1);
    rules_destroy(rules);
}

/* A line of the list whose program is on the other list as well would never match. */
static const char *judge_entry(const struct games_entry *entry, void *context)
{
    const struct rules *rules = context;
    for (size_t i = 0; entry->title != NULL && i < entry->count; i++) {
        struct process_view view = {"", entry->names[i], strlen(entry->names[i]) + 1};
        if (rules_is_not_game(rules, &view))
            fail_msg("%s is on both lists", entry->names[i]);
    }
    return NULL;
}

static void nothing_is_on_both_lists(void **state)
{
    (void)state;
    size_t length;
    int line;
    struct rules *rules = make_rules(NULL, NULL);
    add_shipped(rules);
    char *text = text_file_read(SHIPPED_GAMES, 1 << 20, &length, NULL);
    assert_null(games_parse(text, judge_entry, rules, &line));
    free(text);
    rules_destroy(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(games_and_what_is_none_are_read),
        cmocka_unit_test(a_line_that_says_nothing_is_refused_with_its_number),
        cmocka_unit_test(the_shipped_list_knows_games_and_what_is_none),
        cmocka_unit_test(what_is_no_game_is_told_by_the_command_line_or_by_comm),
        cmocka_unit_test(rules_of_the_user_come_before_the_list),
        cmocka_unit_test(a_broken_list_leaves_the_rules_of_the_user),
        cmocka_unit_test(nothing_is_on_both_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
