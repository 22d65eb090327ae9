/* SPDX-License-Identifier: MIT */
/* The parsers of process_name, on texts that were broken at random. Deterministic: a failure names
 * the round, and CLB_FUZZ_SEED with that number and CLB_FUZZ_COUNT=1 shows it again. CLB_FUZZ_COUNT
 * says how many rounds there are; a million take about a minute with the sanitizers. */
#include "process_name/games.h"
#include "process_name/procfs.h"
#include "process_name/rules.h"
#include "process_name/steam.h"
#include "process_name/vdf.h"
#include "rule_groups.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(text)   text, sizeof(text) - 1

struct text {
    const char *bytes;
    size_t length;
};

/* What each parser is made for; all of them get all of it. */
static const struct text originals[] = {
    {TEXT("4711 (Web Content) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 100 200 1 2 3\n")},
    {TEXT("2 (a) b (c) I 0 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 18446744073709551615 0")},
    {TEXT("proc /proc proc rw,nosuid,gid=5,hidepid=invisible 0 0\ntmpfs /x tmpfs rw 0 0\n")},
    {TEXT("0::/user.slice/user@1000.service/app.slice/app-steam-app413150-4711.scope/below\n")},
    {TEXT("/s/reaper\0SteamLaunch\0AppId=348550\0--\0/s/proton\0run\0Z:\\g\\Minecraft.exe\0")},
    {TEXT("reaper\0SteamLaunch\0AppId=348550\0Install=1\0--\0/g/setup.exe\0")},
    {TEXT("java\0-cp\0a.jar:b.jar\0net.minecraft.client.main.Main\0--username\0kid\0")},
    {TEXT("/usr/bin/wine64-preloader\0C:\\Games\\ALongNameOfAGame.exe\0-w\0")},
    {TEXT("\"libraryfolders\"\n{\n\t\"0\"\n\t{\n\t\t\"path\"\t\"/home/kid/Steam\"\n\t\t\"apps\"\n"
          "\t\t{\n\t\t\t\"570\" \"1\"\n\t\t}\n\t}\n\t\"1\" \"/mnt/games\"\n}\n")},
    {TEXT("\"AppState\" { \"appid\" \"570\" // what\n \"name\" \"Dota \\\"2\\\"\" [$LINUX] x y }")},
    {TEXT("[games]\nAmong Us = Among Us.exe, among\nMinecraft = java with net.minecraft\n"
          "[not games]\nsteam, steamwebhelper\nsteam_app 250820\n# x\n")},
};

/* ---- Chance: xorshift64 with a seed that is never 0 ---- */

static uint64_t chance;

static void set_chance(uint64_t seed)
{
    chance = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1;
}

static size_t below(size_t limit)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return limit > 0 ? (size_t)(chance % limit) : 0;
}

/* ---- Breaking ---- */

enum { LENGTH_MAX = 4096 };

struct broken {
    char bytes[LENGTH_MAX];
    size_t length;
};

static void insert(struct broken *broken, const char *bytes, size_t length)
{
    size_t at = below(broken->length + 1);
    if (broken->length + length > LENGTH_MAX)
        return;
    memmove(broken->bytes + at + length, broken->bytes + at, broken->length - at);
    memcpy(broken->bytes + at, bytes, length);
    broken->length += length;
}

static void cut(struct broken *broken)
{
    size_t at = below(broken->length);
    size_t length = below(broken->length - at);
    memmove(broken->bytes + at, broken->bytes + at + length, broken->length - at - length);
    broken->length -= length;
}

static void break_once(struct broken *broken)
{
    static const char special[] = "\0\n\t \"\\{}[]()/=,-#:.0123456789\xFF\xC3";
    static const char *const words[] = {"hidepid=",
                                        "app-steam-app",
                                        "99999999999999999999",
                                        " with ",
                                        ".scope",
                                        "AppId=",
                                        "SteamLaunch",
                                        "//",
                                        "steam_app ",
                                        "\"name\"",
                                        "\"path\"",
                                        "{{{{"};
    char c = (char)below(256);
    switch (below(6)) {
    case 0:
        if (broken->length > 0)
            broken->bytes[below(broken->length)] = c;
        break;
    case 1:
        insert(broken, &special[below(sizeof(special) - 1)], 1);
        break;
    case 2: {
        const char *word = words[below(COUNT(words))];
        insert(broken, word, strlen(word));
        break;
    }
    case 3:
        cut(broken);
        break;
    case 4: {
        const struct text *other = &originals[below(COUNT(originals))];
        insert(broken, other->bytes, below(other->length + 1));
        break;
    }
    default:
        for (size_t i = below(300); i > 0; i--)
            insert(broken, &special[below(sizeof(special) - 1)], 1);
    }
}

/* ---- The parsers, and what has to hold whatever they read ---- */

static void on_library(const char *path, void *context)
{
    (void)context;
    assert_true(path[0] == '/' && strlen(path) < STEAM_PATH_CAPACITY);
}

static bool on_pair(int depth, const char *key, const char *value, void *context)
{
    (void)context;
    assert_true(depth >= 0);
    assert_true(strlen(key) < VDF_TEXT_CAPACITY && strlen(value) < VDF_TEXT_CAPACITY);
    return true;
}

static void read_steam(const char *text, size_t length)
{
    char title[STEAM_TITLE_CAPACITY];
    vdf_each(text, length, on_pair, NULL);
    steam_each_library(text, length, on_library, NULL);
    steam_manifest_title(text, length, title);
    assert_true(strlen(title) < sizeof(title));
    for (const char *c = title; *c != '\0'; c++)
        assert_true((unsigned char)*c >= ' ');
    assert_true(steam_scope_app(text) >= 0);
    assert_true(steam_launch_app(text, length) >= STEAM_INSTALLS);
}

static void read_proc(const char *text)
{
    struct procfs_stat stat;
    if (procfs_parse_stat(text, &stat))
        assert_true(strlen(stat.comm) < PROCFS_COMM_CAPACITY);
    assert_true(procfs_parse_pid(text) >= 0);
    procfs_hides_others(text, "/proc");
}

static void match(const struct rules *rules, const char *text, size_t length)
{
    char comm[COMM_MAX + 1];
    snprintf(comm, sizeof(comm), "%s", rules_basename(text));
    struct process_view view = {comm, text, length};
    struct rule_match found = rules_match(rules, &view);
    rules_is_not_game(rules, &view);
    assert_in_range(found.rule + 1, 0, rules_count(rules));
    if (found.rule < 0)
        return;
    assert_string_equal(rules_activity(rules, found.rule), found.activity);
    assert_true(found.program == comm || (found.program >= text && found.program < text + length));
}

static void read_games(const struct rule_groups *groups, char *text, size_t length)
{
    clb_error error = {.size = sizeof(error)};
    struct rules *rules = rules_create(&groups->settings, &error);
    assert_non_null(rules);
    int own = rules_count(rules);
    if (!rules_add_games(rules, text, &error))
        assert_int_equal(own, rules_count(rules));
    match(rules, text, length);
    rules_destroy(rules);
}

/* In memory of just that size, where a byte too many is noticed. */
static void read_all(const struct rule_groups *groups, const struct rules *rules,
                     const struct broken *broken)
{
    char *text = malloc(broken->length + 1);
    assert_non_null(text);
    memcpy(text, broken->bytes, broken->length);
    text[broken->length] = '\0';
    read_proc(text);
    read_steam(text, broken->length);
    match(rules, text, broken->length);
    read_games(groups, text, broken->length);
    free(text);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static volatile uint64_t round_now; /* a debugger finds it after a crash */

static void no_text_breaks_a_parser(void **state)
{
    (void)state;
    struct rule_groups groups;
    struct broken broken;
    clb_error error = {.size = sizeof(error)};
    uint64_t first = from_environment("CLB_FUZZ_SEED", 1);
    uint64_t count = from_environment("CLB_FUZZ_COUNT", 100000);
    rule_groups_init(&groups);
    struct rules *rules = rules_create(&groups.settings, &error);
    assert_non_null(rules);
    print_message("seeds %llu to %llu\n", (unsigned long long)first,
                  (unsigned long long)(first + count - 1));
    for (round_now = first; round_now - first < count; round_now++) {
        set_chance(round_now);
        const struct text *original = &originals[below(COUNT(originals))];
        memcpy(broken.bytes, original->bytes, original->length);
        broken.length = original->length;
        for (size_t times = below(8); times > 0; times--)
            break_once(&broken);
        read_all(&groups, rules, &broken);
    }
    rules_destroy(rules);
}

/* Also when an assertion ended it: then that round is the one. */
static int tell_round(void **state)
{
    (void)state;
    print_message("ended at CLB_FUZZ_SEED=%llu\n", (unsigned long long)round_now);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(no_text_breaks_a_parser, tell_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
