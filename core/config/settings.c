/* SPDX-License-Identifier: MIT */
/* Checks a group of the tree against a table of options, and builds what a plugin's create() gets.
 */
#include "settings_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 128, NAMES_MAX = 256, GROUPS_MAX_DEPTH = 4 };

/* What create() gets, and behind it all the memory that it is made of. */
struct owned_settings {
    clb_settings settings; /* first: a pointer to it is a pointer to the whole */
    struct block *blocks;  /* owned */
};

void *settings_take(struct builder *builder, size_t bytes)
{
    struct block *block = calloc(1, sizeof(*block) + bytes);
    assert(block != NULL);
    block->next = *builder->blocks;
    *builder->blocks = block;
    return block->memory;
}

bool config_option_read(const clb_option *given, clb_option *option)
{
    *option = (clb_option){0};
    memcpy(option, given, given->size < sizeof(*option) ? given->size : sizeof(*option));
    return option->type >= CLB_OPTION_STRING && option->type <= CLB_OPTION_GROUPS;
}

static clb_setting *fill_setting(struct builder *builder, const struct config_node *group,
                                 const clb_option *option)
{
    clb_setting *setting = settings_take(builder, sizeof(*setting));
    *setting = (clb_setting){.size = sizeof(*setting), .type = option->type, .key = option->key};
    const struct config_node *node = node_find(group, option->key);
    if (node != NULL) {
        setting->is_set = 1;
        values_fill(builder, option, node, setting);
    } else if (option->default_text != NULL) {
        struct config_node place = {.kind = NODE_TEXT,
                                    .source = (char *)"default",
                                    .line = NODE_LINE_NOWHERE,
                                    .text = (char *)option->default_text};
        values_fill(builder, option, &place, setting);
    } else if ((option->flags & CLB_OPTION_REQUIRED) != 0) {
        builder->failed = true;
        config_problem(builder->problems, group, "%s: the setting \"%s\" is missing (%s)",
                       builder->where, option->key, option->help != NULL ? option->help : "");
    }
    return setting;
}

static bool is_among(const char *name, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

static void check_names(struct builder *builder, const struct config_node *group,
                        const char *const *names)
{
    for (const struct config_node *child = group != NULL ? group->children : NULL; child != NULL;
         child = child->next) {
        if (is_among(child->name, names))
            continue;
        const char *near = config_nearest(child->name, names);
        builder->failed = true;
        config_problem(builder->problems, child, "%s%sunknown setting \"%s\"%s%s%s", builder->where,
                       builder->where[0] != '\0' ? ": " : "", child->name,
                       near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
                       near != NULL ? "\"?)" : "");
    }
}

void settings_fill(struct builder *builder, clb_settings *settings, const struct config_node *group,
                   const clb_option *const *options, const char *const *host_keys, bool open)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    uint32_t count = 0;
    uint32_t names_count = 0;
    const clb_setting **filled = settings_take(builder, OPTIONS_MAX * sizeof(filled[0]));
    for (; options != NULL && *options != NULL && count < OPTIONS_MAX; options++) {
        clb_option option;
        if (!config_option_read(*options, &option))
            continue;
        filled[count++] = fill_setting(builder, group, &option);
        names[names_count++] = option.key;
    }
    for (; host_keys != NULL && *host_keys != NULL && names_count < NAMES_MAX; host_keys++)
        names[names_count++] = *host_keys;
    if (!open)
        check_names(builder, group, names);
    *settings = (clb_settings){.size = sizeof(*settings), .count = count, .settings = filled};
}

clb_settings *settings_build(const char *folder, const struct config_node *group, const char *where,
                             const clb_option *const *options, const char *const *host_keys,
                             bool open, struct config_problems *problems)
{
    assert(folder != NULL && where != NULL && problems != NULL);
    struct owned_settings *owned = calloc(1, sizeof(*owned));
    assert(owned != NULL);
    struct builder builder = {&owned->blocks, folder, where, problems, false};
    if (group != NULL && group->kind != NODE_GROUP) {
        config_problem(problems, group, "%s: expected a group { ... }, found %s", where,
                       node_kind_name(group));
        builder.failed = true;
    } else {
        settings_fill(&builder, &owned->settings, group, options, host_keys, open);
    }
    if (!builder.failed)
        return &owned->settings;
    config_settings_destroy(&owned->settings);
    return NULL;
}

void config_settings_destroy(clb_settings *settings)
{
    if (settings == NULL)
        return;
    struct owned_settings *owned = (struct owned_settings *)(void *)settings;
    while (owned->blocks != NULL) {
        struct block *next = owned->blocks->next;
        free(owned->blocks);
        owned->blocks = next;
    }
    free(owned);
}

clb_settings *config_settings(const struct config *config, const struct config_node *group,
                              const char *where, const clb_option *const *options,
                              const char *const *host_keys, struct config_problems *problems)
{
    return settings_build(config->folder, group, where, options, host_keys, false, problems);
}

clb_settings *config_settings_of_sets(const char *folder, const char *const *sets,
                                      const clb_option *const *options,
                                      struct config_problems *problems)
{
    const struct config_options written = {.sets = sets};
    struct config_node *group = node_create(NODE_GROUP, NULL, "--set", NODE_LINE_NOWHERE);
    overlay_apply(group, &written, problems);
    clb_settings *settings = settings_build(folder, group, "", options, NULL, false, problems);
    node_destroy(group);
    if (problems->count == 0)
        return settings;
    config_settings_destroy(settings);
    return NULL;
}

/* ---- Tables ---- */

static bool default_is_broken(const clb_option *option, struct error *problem)
{
    struct config_problems problems = {0};
    clb_option without = *option;
    without.size = sizeof(without); /* the rest of it is zeroed */
    without.flags &= ~(uint32_t)CLB_OPTION_REQUIRED;
    const clb_option *one[] = {&without, NULL};
    clb_settings *settings = settings_build("/", NULL, "", one, NULL, false, &problems);
    if (settings == NULL)
        error_set(problem, EXIT_CODE_CONFIG, "%s",
                  problems.count > 0 ? problems.sentences[0] : "a default does not parse");
    config_settings_destroy(settings);
    config_problems_finish(&problems);
    return settings == NULL;
}

static bool table_is_broken(const clb_option *const *options, const char *const *host_keys,
                            int depth, struct error *problem);

/* Looked at before the default of the list, which is made of them. */
static bool fields_are_broken(const clb_option *option, int depth, struct error *problem)
{
    if (option->type != CLB_OPTION_GROUPS)
        return false;
    if (depth == GROUPS_MAX_DEPTH)
        return error_set(problem, EXIT_CODE_CONFIG, "%s: groups are nested too deep",
                         option->key) != 0;
    if (!table_is_broken(option->fields, NULL, depth + 1, problem))
        return false;
    error_set(problem, EXIT_CODE_CONFIG, "%s: %s", option->key, problem->text);
    return true;
}

static bool table_is_broken(const clb_option *const *options, const char *const *host_keys,
                            int depth, struct error *problem)
{
    const char *seen[OPTIONS_MAX + 1] = {NULL};
    int count = 0;
    for (; options != NULL && *options != NULL; options++) {
        clb_option option;
        bool is_known = config_option_read(*options, &option);
        const char *key = option.key;
        bool lacks = (option.type == CLB_OPTION_ENUM && option.choices == NULL) ||
                     (option.type == CLB_OPTION_GROUPS && option.fields == NULL);
        if (key == NULL || key[0] == '\0' || lacks || count == OPTIONS_MAX)
            return error_set(problem, EXIT_CODE_CONFIG,
                             "option %d lacks its key, choices or fields", count + 1) != 0;
        if (is_among(key, seen) || is_among(key, host_keys))
            return error_set(problem, EXIT_CODE_CONFIG, "the key \"%s\" is %s", key,
                             is_among(key, seen) ? "there twice" : "the host's") != 0;
        if (is_known &&
            (fields_are_broken(&option, depth, problem) || default_is_broken(&option, problem)))
            return true;
        seen[count++] = key;
    }
    return false;
}

bool config_options_broken(const clb_option *const *options, const char *const *host_keys,
                           struct error *problem)
{
    assert(problem != NULL); /* a group list passes on what its fields said */
    return table_is_broken(options, host_keys, 0, problem);
}
