/* SPDX-License-Identifier: MIT */
#include "rules.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A Wine process has the loader first and the Windows program behind it: names are looked for in
 * the first arguments only, for further behind they are files that a program works on. */
enum { PROGRAM_ARGUMENTS = 2 };

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

static char **copy_list(const clb_setting *setting)
{
    uint32_t count = setting != NULL ? setting->count : 0;
    char **list = calloc((size_t)count + 1, sizeof(list[0]));
    for (uint32_t i = 0; list != NULL && i < count; i++)
        list[i] = copy(setting->items[i]);
    return list;
}

static bool fill_rule(struct rule *rule, const clb_settings *group)
{
    const char *arguments = clb_setting_text(group, "arguments");
    rule->activity = copy(clb_setting_text(group, "activity"));
    rule->arguments = arguments != NULL && arguments[0] != '\0' ? copy(arguments) : NULL;
    rule->names = copy_list(clb_setting_find(group, "process"));
    rule->excluded = copy_list(clb_setting_find(group, "exclude"));
    return rule->activity != NULL && rule->names != NULL && rule->excluded != NULL &&
           rule->names[0] != NULL && rule->names[0][0] != '\0';
}

struct rules *rules_create(const clb_settings *settings, clb_error *error)
{
    const clb_setting *groups = clb_setting_find(settings, "rules");
    uint32_t count = groups != NULL ? groups->count : 0;
    struct rules *rules = calloc(1, sizeof(*rules) + count * sizeof(rules->rules[0]));
    if (rules == NULL || count == 0) {
        snprintf(
            error->text, sizeof(error->text),
            "rules: it needs one group at least, such as { activity = \"Minecraft\"; process = "
            "[ \"Minecraft.exe\" ]; }");
        free(rules);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        rules->count++;
        if (fill_rule(&rules->rules[i], groups->groups[i]))
            continue;
        snprintf(error->text, sizeof(error->text), "rules[%u].process: it needs one name at least",
                 (unsigned)i);
        rules_destroy(rules);
        return NULL;
    }
    return rules;
}

static void free_list(char **list)
{
    for (char **item = list; item != NULL && *item != NULL; item++)
        free(*item);
    free(list);
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

static int match_name(const char *name, const struct process_view *process)
{
    for (int i = 0; i < PROGRAM_ARGUMENTS; i++) {
        const char *program = argument(process, i);
        if (program != NULL && same_name(rules_basename(program), name))
            return CONFIDENCE_PROGRAM;
    }
    if (same_name(process->comm, name))
        return CONFIDENCE_COMM;
    if (strlen(name) > COMM_MAX && strlen(process->comm) == COMM_MAX &&
        same_start(process->comm, name, COMM_MAX))
        return CONFIDENCE_COMM_CUT;
    return 0;
}

static int match_any(char *const *names, const struct process_view *process)
{
    int best = 0;
    for (; *names != NULL; names++) {
        int confidence = match_name(*names, process);
        best = confidence > best ? confidence : best;
    }
    return best;
}

struct rule_match rules_match(const struct rules *rules, const struct process_view *process)
{
    for (int i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rules[i];
        int confidence = match_any(rule->names, process);
        if (confidence == 0 || match_any(rule->excluded, process) > CONFIDENCE_COMM_CUT)
            continue;
        if (rule->arguments != NULL && !command_line_has(process, rule->arguments))
            continue;
        return (struct rule_match){i, confidence, rule->activity};
    }
    return (struct rule_match){.rule = -1};
}
