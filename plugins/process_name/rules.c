/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Until Wine has rewritten its command line, its loader stands before the Windows program. */
static const char *const wine_loaders[] = {"wine", "wine64", "wine-preloader", "wine64-preloader"};

struct rule {
    char *activity;
    char *arguments; /* NULL: whatever they are */
    char **names;    /* NULL-terminated */
    char **excluded; /* NULL-terminated */
};

struct rules {
    int count;
    struct rule rules[];
};

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
static char **copy_list(const clb_setting *setting)
{
    uint32_t count = setting != NULL ? setting->count : 0;
    char **list = calloc((size_t)count + 1, sizeof(list[0]));
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        list[i] = copy(setting->items[i]);
        if (list[i] == NULL) {
            free_list(list);
            return NULL;
        }
    }
    return list;
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
    rule->names = copy_list(clb_setting_find(group, "process"));
    rule->excluded = copy_list(clb_setting_find(group, "exclude"));
    if (rule->activity == NULL || rule->names == NULL || rule->excluded == NULL ||
        (has_arguments && rule->arguments == NULL))
        return "no memory";
    if (rule->names[0] == NULL)
        return "process needs one name at least";
    const char *problem = name_problem(rule->names);
    return problem != NULL ? problem : name_problem(rule->excluded);
}

struct rules *rules_create(const clb_settings *settings, clb_error *error)
{
    const clb_setting *groups = clb_setting_find(settings, "rules");
    uint32_t count = groups != NULL ? groups->count : 0;
    struct rules *rules = calloc(1, sizeof(*rules) + count * sizeof(rules->rules[0]));
    if (rules == NULL || count == 0) {
        snprintf(error->text, sizeof(error->text), "%s",
                 rules == NULL ? "no memory"
                               : "rules: it needs one group at least, such as { activity = "
                                 "\"Minecraft\"; process = [ \"Minecraft.exe\" ]; }");
        free(rules);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        rules->count++;
        const char *problem = fill_rule(&rules->rules[i], groups->groups[i]);
        if (problem == NULL)
            continue;
        snprintf(error->text, sizeof(error->text), "rules[%u]: %s", (unsigned)i, problem);
        rules_destroy(rules);
        return NULL;
    }
    return rules;
}

void rules_destroy(struct rules *rules)
{
    for (int i = 0; rules != NULL && i < rules->count; i++) {
        free(rules->rules[i].activity);
        free(rules->rules[i].arguments);
        free_list(rules->rules[i].names);
        free_list(rules->rules[i].excluded);
    }
    free(rules);
}

int rules_count(const struct rules *rules)
{
    return rules->count;
}

const char *rules_activity(const struct rules *rules, int rule)
{
    return rules->rules[rule].activity;
}

const char *rules_basename(const char *path)
{
    const char *name = path;
    for (const char *c = path; *c != '\0'; c++)
        if (*c == '/' || *c == '\\')
            name = c + 1;
    return name;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Case does not matter, for the letters of ASCII. */
static bool same_name(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

static bool same_start(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (lower(a[i]) != lower(b[i]) || a[i] == '\0')
            return false;
    return true;
}

/* Is `part` somewhere in the command line, its arguments joined by spaces? */
static bool command_line_has(const struct process_view *process, const char *part)
{
    size_t length = strlen(part);
    for (size_t at = 0; at + length <= process->arguments_bytes; at++) {
        size_t i = 0;
        for (; i < length; i++) {
            char c = process->arguments[at + i];
            if (lower(c == '\0' ? ' ' : c) != lower(part[i]))
                break;
        }
        if (i == length)
            return true;
    }
    return false;
}

/* The n-th argument, or NULL; always ends with a NUL: the scan puts one behind the last. */
static const char *argument(const struct process_view *process, int index)
{
    size_t at = 0;
    if (process->arguments == NULL)
        return NULL;
    for (; index > 0 && at < process->arguments_bytes; index--)
        at += strlen(process->arguments + at) + 1;
    return at < process->arguments_bytes ? process->arguments + at : NULL;
}

/* The program that a command line runs; "" when it does not tell. */
static const char *program_of(const struct process_view *process)
{
    const char *first = argument(process, 0);
    const char *second = argument(process, 1);
    if (first == NULL)
        return "";
    for (size_t i = 0; i < sizeof(wine_loaders) / sizeof(wine_loaders[0]) && second != NULL; i++)
        if (same_name(rules_basename(first), wine_loaders[i]))
            return rules_basename(second);
    return rules_basename(first);
}

static int match_name(const char *name, const char *program, const char *comm)
{
    if (same_name(program, name))
        return CONFIDENCE_PROGRAM;
    if (same_name(comm, name))
        return CONFIDENCE_COMM;
    if (strlen(name) > COMM_MAX && strlen(comm) == COMM_MAX && same_start(comm, name, COMM_MAX))
        return CONFIDENCE_COMM_CUT;
    return 0;
}

static int match_any(char *const *names, const char *program, const char *comm)
{
    int best = 0;
    for (; *names != NULL; names++) {
        int confidence = match_name(*names, program, comm);
        best = confidence > best ? confidence : best;
    }
    return best;
}

struct rule_match rules_match(const struct rules *rules, const struct process_view *process)
{
    const char *program = program_of(process);
    const char *comm = process->comm;
    for (int i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        int confidence = match_any(rule->names, program, comm);
        /* A guess is enough to count a process, and not enough to leave it out. */
        if (confidence == 0 || match_any(rule->excluded, program, comm) > CONFIDENCE_COMM_CUT)
            continue;
        if (rule->arguments != NULL && !command_line_has(process, rule->arguments))
            continue;
        return (struct rule_match){i, confidence, rule->activity,
                                   confidence == CONFIDENCE_PROGRAM ? program : comm};
    }
    return (struct rule_match){.rule = -1};
}
