/* SPDX-License-Identifier: MIT */
/* Which processes are games: the user's rules, then the games of the list, and what is no game.
 * Pure. */
#ifndef PROCESS_NAME_RULES_H
#define PROCESS_NAME_RULES_H

#include <clockblock/plugin.h>
#include <stdbool.h>
#include <stddef.h>

/* How sure a match is. The kernel keeps 15 characters of a name in comm: a longer one that agrees
 * in those is a guess. A Steam app without a title is surely played, but a rule names it better. */
enum {
    CONFIDENCE_STEAM = 95,
    CONFIDENCE_PROGRAM = 90,
    CONFIDENCE_STEAM_UNNAMED = 85,
    CONFIDENCE_COMM = 80,
    CONFIDENCE_COMM_CUT = 40,
    COMM_MAX = 15
};

struct rules;

/* What is known of a process. */
struct process_view {
    const char *comm;      /* the kernel's name of it, at most 15 characters */
    const char *arguments; /* argv, each with its NUL, behind one another */
    size_t arguments_bytes;
};

struct rule_match {
    int rule; /* index; -1: none */
    int confidence;
    const char *activity; /* owned by the rules */
    const char *program;  /* the name that matched, within the view */
};

/* Copies the groups of the option "rules", and takes "steam". NULL and a sentence when one makes no
 * sense. */
struct rules *rules_create(const clb_settings *settings, clb_error *error);
void rules_destroy(struct rules *rules); /* NULL is fine */

/* Adds a list of games (games.h) behind the user's rules, and writes into its text. False and a
 * sentence, with nothing added, when it is not well formed. */
bool rules_add_games(struct rules *rules, char *text, clb_error *error);

int rules_count(const struct rules *rules);
const char *rules_activity(const struct rules *rules, int rule);
bool rules_is_own(const struct rules *rules, int rule); /* the user's, not of the list */

/* The first rule that the process matches by a name; a guess only when nothing else matches. */
struct rule_match rules_match(const struct rules *rules, const struct process_view *process);

/* Is it on the list of what is no game? A rule of the user counts it nevertheless. */
bool rules_is_not_game(const struct rules *rules, const struct process_view *process);

/* Does it matter which Steam app a process belongs to? */
bool rules_want_steam(const struct rules *rules);

/* The first rule for a Steam app, or -1. */
int rules_match_steam(const struct rules *rules, int64_t app);

/* Does the rule leave out a process of its Steam app that is called like this? */
bool rules_exclude(const struct rules *rules, int rule, const char *comm);

/* Is any Steam app a game, this one too? */
bool rules_count_steam(const struct rules *rules, int64_t app);

/* The part of a path behind its last / or \, which Windows programs use. */
const char *rules_basename(const char *path);

#endif
