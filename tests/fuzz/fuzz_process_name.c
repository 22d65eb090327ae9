/* SPDX-License-Identifier: MIT */
/* The parsers of process_name: whatever they read, it stays within what they promise. Each gets
 * every text, in memory of just its size, where a byte too many is noticed. */
#include "process_name/games.h"
#include "process_name/procfs.h"
#include "process_name/rules.h"
#include "process_name/steam.h"
#include "process_name/vdf.h"
#include "rule_groups.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_library(const char *path, void *context)
{
    (void)context;
    assert(path[0] == '/' && strlen(path) < STEAM_PATH_CAPACITY);
}

static bool on_pair(int depth, const char *key, const char *value, void *context)
{
    (void)context;
    assert(depth >= 0);
    assert(strlen(key) < VDF_TEXT_CAPACITY && strlen(value) < VDF_TEXT_CAPACITY);
    return true;
}

static void read_steam(const char *text, size_t length)
{
    char title[STEAM_TITLE_CAPACITY];
    vdf_each(text, length, on_pair, NULL);
    steam_each_library(text, length, on_library, NULL);
    steam_manifest_title(text, length, title);
    assert(strlen(title) < sizeof(title));
    for (const char *c = title; *c != '\0'; c++)
        assert((unsigned char)*c >= ' ');
    assert(steam_scope_app(text) >= 0);
    assert(steam_launch_app(text, length) >= STEAM_INSTALLS);
}

static void read_proc(const char *text)
{
    struct procfs_stat stat;
    if (procfs_parse_stat(text, &stat))
        assert(strlen(stat.comm) < PROCFS_COMM_CAPACITY);
    assert(procfs_parse_pid(text) >= 0);
    procfs_parse_uptime(text);
    procfs_hides_others(text, "/proc");
}

static void match(const struct rules *rules, const char *text, size_t length)
{
    char comm[COMM_MAX + 1];
    snprintf(comm, sizeof(comm), "%s", rules_basename(text));
    struct process_view view = {comm, text, length};
    struct rule_match found = rules_match(rules, &view);
    rules_is_not_game(rules, &view);
    assert(found.rule >= -1 && found.rule < rules_count(rules));
    if (found.rule < 0)
        return;
    assert(strcmp(rules_activity(rules, found.rule), found.activity) == 0);
    assert(found.program == comm || (found.program >= text && found.program < text + length));
}

static void read_games(const struct rule_groups *groups, const char *text, size_t length)
{
    clb_error error = {.size = sizeof(error)};
    struct rules *rules = rules_create(&groups->settings, &error);
    char *writable = malloc(length + 1);
    assert(rules != NULL && writable != NULL);
    memcpy(writable, text, length + 1);
    int own = rules_count(rules);
    if (!rules_add_games(rules, writable, &error))
        assert(rules_count(rules) == own);
    match(rules, text, length);
    free(writable);
    rules_destroy(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rule_groups groups;
    char *text = malloc(size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    rule_groups_init(&groups);
    read_proc(text);
    read_steam(text, size);
    read_games(&groups, text, size);
    free(text);
    return 0;
}
