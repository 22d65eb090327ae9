/* SPDX-License-Identifier: MIT */
/* One pattern of the user's: PCRE2, found anywhere in a text, upper and lower case the same. A
 * pattern that would take too long on a text is given up for good, so that no poll hangs on it and
 * none after that pays for it. Used by one thread. */
#ifndef WINDOW_TITLE_PATTERN_H
#define WINDOW_TITLE_PATTERN_H

#include <clockblock/abi.h>
#include <stdbool.h>
#include <stddef.h>

struct pattern;

/* NULL and a sentence: it is no pattern, with the place where that shows, or there is no memory. */
struct pattern *pattern_create(const char *text, clb_error *error);
void pattern_destroy(struct pattern *pattern); /* NULL is fine */

/* As the user wrote it. Owned by the pattern. */
const char *pattern_text(const struct pattern *pattern);

/* The number of the group that is called so, or that has this number; 0: there is none. */
int pattern_group(const struct pattern *pattern, const char *name);

/* `text` is UTF-8; what is not never matches, and a pattern that was given up neither. */
bool pattern_match(struct pattern *pattern, const char *text);

/* Whether it was given up since this was last asked. */
bool pattern_take_given_up(struct pattern *pattern);

/* What a group has of the text that matched last, which is still there. Not set: NULL and 0. */
const char *pattern_taken(const struct pattern *pattern, int group, const char *text,
                          size_t *length);

#endif
