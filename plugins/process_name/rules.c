/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include "games.h"
#include "rules_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "no memory";

static char *copy(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copied = malloc(bytes);
    if (copied != NULL)
        memcpy(copied, text, bytes);
    return copied;
}

static void free_list(char **list)
{
    for (char **item = list; item != NULL && *item != NULL; item++)
        free(*item);
    free(list);
}

/* NULL: no memory. Never leaves a hole: a list that ends early would match less in silence. */
static char **copy_list(const char *const *items, size_t count)
{
    char **list = calloc(count + 1, sizeof(list[0]));
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i] = copy(items[i]);
        if (list[i] == NULL) {
            free_list(list);
            return NULL;
        }
    }
    return list;
}

static char **copy_setting(const clb_settings *group, const char *key)
{
    const clb_setting *setting = clb_setting_find(group, key);
    return setting != NULL ? copy_list(setting->items, setting->count) : copy_list(NULL, 0);
}

/* NULL, or what is wrong with a list of names. */
static const char *name_problem(char *const *names)
{
    for (; *names != NULL; names++) {
        if ((*names)[0] == '\0')
            return "a name is empty";
        if (strpbrk(*names, "/\\") != NULL)
            return "a name has no folder: write what stands behind the last / or \\";
    }
    return NULL;
}

/* One more rule, empty. NULL: no memory. */
static struct rule *add_rule(struct rules *rules)
{
    if (rules->count == rules->capacity) {
        int capacity = rules->capacity * 2 + 16;
        struct rule *list = realloc(rules->list, (size_t)capacity * sizeof(list[0]));
        if (list == NULL)
            return NULL;
        rules->list = list;
        rules->capacity = capacity;
    }
    struct rule *rule = &rules->list[rules->count++];
    *rule = (struct rule){0};
    return rule;
}

static void free_rules_from(struct rules *rules, int first)
{
    for (int i = first; i < rules->count; i++) {
        free(rules->list[i].activity);
        free(rules->list[i].arguments);
        free_list(rules->list[i].names);
        free_list(rules->list[i].excluded);
    }
    rules->count = first;
}

/* NULL, or what is wrong with the group. */
static const char *fill_rule(struct rule *rule, const clb_settings *group)
{
    const char *activity = clb_setting_text(group, "activity");
    const char *arguments = clb_setting_text(group, "arguments");
    bool has_arguments = arguments != NULL && arguments[0] != '\0';
    if (activity == NULL || activity[0] == '\0')
        return "its activity is empty";
    rule->activity = copy(activity);
    rule->arguments = has_arguments ? copy(arguments) : NULL;
    rule->names = copy_setting(group, "process");
    rule->excluded = copy_setting(group, "exclude");
    rule->steam_app = clb_setting_integer(group, "steam_app");
    if (rule->activity == NULL || rule->names == NULL || rule->excluded == NULL ||
        (has_arguments && rule->arguments == NULL))
        return no_memory;
    if (rule->names[0] == NULL && rule->steam_app == 0)
        return "process needs one name at least, or steam_app a number";
    const char *problem = name_problem(rule->names);
    return problem != NULL ? problem : name_problem(rule->excluded);
}

static bool add_name(struct names *full, struct names *cut, const char *name, int rule)
{
    size_t length = strlen(name);
    return names_add(full, name, length, rule) &&
           (length <= COMM_MAX || names_add(cut, name, COMM_MAX, rule));
}

/* Makes the names of the rules from `first` on findable. */
static bool index_rules(struct rules *rules, int first)
{
    for (int i = first; i < rules->count; i++) {
        rules->has_apps = rules->has_apps || rules->list[i].steam_app != 0;
        for (char **name = rules->list[i].names; *name != NULL; name++)
            if (!add_name(&rules->names, &rules->cut_names, *name, i))
                return false;
    }
    names_sort(&rules->names);
    names_sort(&rules->cut_names);
    return true;
}

static const char *fill_rules(struct rules *rules, const clb_setting *groups, uint32_t *at)
{
    for (*at = 0; groups != NULL && *at < groups->count; ++*at) {
        struct rule *rule = add_rule(rules);
        const char *problem = rule == NULL ? no_memory : fill_rule(rule, groups->groups[*at]);
        if (problem != NULL)
            return problem;
    }
    rules->own = rules->count;
    return index_rules(rules, 0) ? NULL : no_memory;
}

struct rules *rules_create(const clb_settings *settings, clb_error *error)
{
    uint32_t at = 0;
    struct rules *rules = calloc(1, sizeof(*rules));
    if (rules == NULL) {
        snprintf(error->text, sizeof(error->text), no_memory);
        return NULL;
    }
    rules->any_steam = clb_setting_integer(settings, "steam") != 0;
    const char *problem = fill_rules(rules, clb_setting_find(settings, "rules"), &at);
    if (problem == NULL)
        return rules;
    snprintf(error->text, sizeof(error->text), "rules[%u]: %s", (unsigned)at, problem);
    rules_destroy(rules);
    return NULL;
}

void rules_destroy(struct rules *rules)
{
    if (rules == NULL)
        return;
    free_rules_from(rules, 0);
    names_free(&rules->names);
    names_free(&rules->cut_names);
    names_free(&rules->not_games);
    names_free(&rules->cut_not_games);
    free(rules->list);
    free(rules->not_apps);
    free(rules->text);
    free(rules);
}

/* ---- The list of games ---- */

static const char *add_not_game(struct rules *rules, const struct games_entry *entry)
{
    if (entry->steam_app != 0) {
        int64_t *apps = realloc(rules->not_apps, (rules->not_app_count + 1) * sizeof(apps[0]));
        if (apps == NULL)
            return no_memory;
        rules->not_apps = apps;
        apps[rules->not_app_count++] = entry->steam_app;
    }
    for (size_t i = 0; i < entry->count; i++)
        if (!add_name(&rules->not_games, &rules->cut_not_games, entry->names[i], 0))
            return no_memory;
    return NULL;
}

static const char *add_game(struct rules *rules, const struct games_entry *entry)
{
    struct rule *rule = add_rule(rules);
    if (rule == NULL)
        return no_memory;
    rule->activity = copy(entry->title);
    rule->arguments = entry->arguments != NULL ? copy(entry->arguments) : NULL;
    rule->names = copy_list(entry->names, entry->count);
    rule->excluded = copy_list(NULL, 0);
    if (rule->activity == NULL || rule->names == NULL || rule->excluded == NULL ||
        (entry->arguments != NULL && rule->arguments == NULL))
        return no_memory;
    return name_problem(rule->names);
}

static const char *add_entry(const struct games_entry *entry, void *context)
{
    return entry->title != NULL ? add_game(context, entry) : add_not_game(context, entry);
}

static void forget_not_games(struct rules *rules)
{
    names_free(&rules->not_games);
    names_free(&rules->cut_not_games);
    free(rules->not_apps);
    free(rules->text);
    rules->not_apps = NULL;
    rules->not_app_count = 0;
    rules->text = NULL;
}

bool rules_add_games(struct rules *rules, char *text, clb_error *error)
{
    int line = 0;
    int first = rules->count;
    rules->text = copy(text);
    const char *problem =
        rules->text != NULL ? games_parse(rules->text, add_entry, rules, &line) : no_memory;
    if (problem == NULL && index_rules(rules, first)) {
        names_sort(&rules->not_games);
        names_sort(&rules->cut_not_games);
        return true;
    }
    snprintf(error->text, sizeof(error->text), "line %d: %s", line,
             problem != NULL ? problem : no_memory);
    free_rules_from(rules, first);
    forget_not_games(rules);
    return false;
}
