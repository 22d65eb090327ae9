/* SPDX-License-Identifier: MIT */
#include "rules_internal.h"

#include <string.h>

/* Behind these stands the program that they run: Wine's loaders, until Wine has rewritten its
 * command line, and what runs games of another processor. */
static const char *const loaders[] = {"wine",  "wine64", "wine-preloader", "wine64-preloader",
                                      "box64", "box86",  "FEXInterpreter"};

int rules_count(const struct rules *rules)
{
    return rules->count;
}

const char *rules_activity(const struct rules *rules, int rule)
{
    return rules->list[rule].activity;
}

bool rules_is_own(const struct rules *rules, int rule)
{
    return rule < rules->own;
}

const char *rules_basename(const char *path)
{
    const char *name = path;
    for (const char *c = path; *c != '\0'; c++)
        if (*c == '/' || *c == '\\')
            name = c + 1;
    return name;
}

/* Is `part` somewhere in the command line, its arguments joined by spaces? */
static bool command_line_has(const struct process_view *process, const char *part)
{
    size_t length = strlen(part);
    for (size_t at = 0; at + length <= process->arguments_bytes; at++) {
        size_t i = 0;
        for (; i < length; i++) {
            char c = process->arguments[at + i];
            if (names_lower(c == '\0' ? ' ' : c) != names_lower(part[i]))
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
    if (first == NULL)
        return "";
    first = rules_basename(first);
    for (size_t i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++)
        if (names_same(first, loaders[i])) {
            const char *second = argument(process, 1);
            return second != NULL ? rules_basename(second) : first;
        }
    return first;
}

/* A guess, unless the command line has the whole name and that is another one. */
static bool may_be_cut(const char *name, const char *program, const char *comm)
{
    return strlen(comm) == COMM_MAX && strlen(name) > COMM_MAX &&
           names_same_start(comm, name, COMM_MAX) && !names_same_start(comm, program, COMM_MAX);
}

static int match_name(const char *name, const char *program, const char *comm)
{
    if (names_same(program, name))
        return CONFIDENCE_PROGRAM;
    if (names_same(comm, name))
        return CONFIDENCE_COMM;
    return may_be_cut(name, program, comm) ? CONFIDENCE_COMM_CUT : 0;
}

/* A guess is enough to count a process, and not enough to leave it out. */
static bool is_excluded(const struct rule *rule, const char *program, const char *comm)
{
    for (char **name = rule->excluded; *name != NULL; name++)
        if (match_name(*name, program, comm) > CONFIDENCE_COMM_CUT)
            return true;
    return false;
}

struct candidate {
    const struct rules *rules;
    const struct process_view *process;
    const char *program;
    const char *comm;
    int rule_limit; /* the user's rules only, for what is no game */
    int rule;
    int confidence;
};

/* Of the names that look like `text`, the first whose rule fits, if it is better than before. */
static void try_names(struct candidate *best, const struct names *names, const char *text)
{
    const struct name *name = names_first(names, text);
    for (; name != NULL; name = names_next(names, name)) {
        const struct rule *rule = &best->rules->list[name->rule];
        if (name->rule >= best->rule_limit || (best->rule >= 0 && name->rule >= best->rule))
            return;
        int confidence = match_name(name->text, best->program, best->comm);
        if (confidence == 0 || is_excluded(rule, best->program, best->comm))
            continue;
        if (rule->arguments != NULL && !command_line_has(best->process, rule->arguments))
            continue;
        best->rule = name->rule;
        best->confidence = confidence;
        return;
    }
}

struct rule_match rules_match(const struct rules *rules, const struct process_view *process)
{
    struct candidate best = {.rules = rules,
                             .process = process,
                             .program = program_of(process),
                             .comm = process->comm,
                             .rule_limit = rules->count,
                             .rule = -1};
    if (rules_is_not_game(rules, process))
        best.rule_limit = rules->own;
    try_names(&best, &rules->names, best.program);
    try_names(&best, &rules->names, best.comm);
    if (best.rule < 0 && strlen(best.comm) == COMM_MAX)
        try_names(&best, &rules->cut_names, best.comm);
    if (best.rule < 0)
        return (struct rule_match){.rule = -1};
    return (struct rule_match){best.rule, best.confidence, rules_activity(rules, best.rule),
                               best.confidence == CONFIDENCE_PROGRAM ? best.program : best.comm};
}

static bool has_name(const struct names *names, const char *text)
{
    const struct name *name = names_first(names, text);
    while (name != NULL && !names_same(name->text, text))
        name = names_next(names, name);
    return name != NULL;
}

static bool has_cut_name(const struct names *names, const char *comm)
{
    const struct name *name = names_first(names, comm);
    while (name != NULL && !may_be_cut(name->text, "", comm))
        name = names_next(names, name);
    return name != NULL;
}

/* What the command line says is better than comm, which a launcher keeps when it runs as another
 * name: Wine's processes are called after their program in both. */
bool rules_is_not_game(const struct rules *rules, const struct process_view *process)
{
    const char *program = program_of(process);
    if (program[0] != '\0')
        return has_name(&rules->not_games, program);
    return has_name(&rules->not_games, process->comm) ||
           (strlen(process->comm) == COMM_MAX &&
            has_cut_name(&rules->cut_not_games, process->comm));
}

/* ---- Steam ---- */

bool rules_want_steam(const struct rules *rules)
{
    return rules->any_steam || rules->has_apps;
}

int rules_match_steam(const struct rules *rules, int64_t app)
{
    for (int i = 0; rules->has_apps && i < rules->own; i++)
        if (rules->list[i].steam_app == app)
            return i;
    return -1;
}

bool rules_exclude(const struct rules *rules, int rule, const char *comm)
{
    return rule >= 0 && is_excluded(&rules->list[rule], "", comm);
}

bool rules_count_steam(const struct rules *rules, int64_t app)
{
    for (size_t i = 0; i < rules->not_app_count; i++)
        if (rules->not_apps[i] == app)
            return false;
    return rules->any_steam;
}
