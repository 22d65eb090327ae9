/* SPDX-License-Identifier: MIT */
/* The activity of a rule, which may have in it what groups of a pattern took of a text: "$1",
 * "${name}"; "$$" is a dollar, and so is one before anything else. Pure. */
#ifndef WINDOW_TITLE_ACTIVITY_H
#define WINDOW_TITLE_ACTIVITY_H

#include "pattern.h"

/* The host cuts an activity at 127 bytes. */
enum { ACTIVITY_BYTES = 128 };

bool activity_has_groups(const char *activity);

/* False and a sentence: it names a group that the pattern does not have. */
bool activity_check(const char *activity, const struct pattern *pattern, clb_error *error);

/* Filled in from the text that the pattern matched last; without groups both may be NULL. "":
 * nothing is left of it. */
void activity_fill(const char *activity, const struct pattern *pattern, const char *text,
                   char filled[ACTIVITY_BYTES]);

#endif
