/* SPDX-License-Identifier: MIT */
/* Which windows are games: the user's rules. Pure. */
#ifndef WINDOW_TITLE_MATCH_H
#define WINDOW_TITLE_MATCH_H

#include "activity.h"
#include "window.h"

#include <clockblock/plugin.h>

struct match_rules;

struct match {
    int rule; /* index, as in rules[0]; -1: none */
    char activity[ACTIVITY_BYTES];
};

/* Copies the groups of the option "rules", and takes "keep_titles". NULL and a sentence when one
 * makes no sense. */
struct match_rules *match_create(const clb_settings *settings, clb_error *error);
void match_destroy(struct match_rules *rules); /* NULL is fine */

int match_count(const struct match_rules *rules);

/* The first rule that the window matches. A pattern that takes too long on it does not match,
 * and is not tried again. */
struct match match_window(struct match_rules *rules, const struct window *window);

/* Takes the next pattern that took too long, and its rule: each is told once. False: there is none.
 */
bool match_next_slow(struct match_rules *rules, int *rule, const char **pattern);

#endif
