/* SPDX-License-Identifier: MIT */
/* One pattern of the user's: PCRE2, found anywhere in a text, upper and lower case the same. A
 * pattern that would take too long on a text is given up, so that no poll hangs on it. Used by one
 * thread. */
#ifndef WINDOW_TITLE_PATTERN_H
#define WINDOW_TITLE_PATTERN_H

#include <clockblock/abi.h>
#include <stdbool.h>
#include <stddef.h>

enum pattern_result { PATTERN_MISSES, PATTERN_MATCHES, PATTERN_TAKES_TOO_LONG };

struct pattern;

/* NULL and a sentence: it is no pattern, with the place where that shows, or there is no memory. */
struct pattern *pattern_create(const char *text, clb_error *error);
void pattern_destroy(struct pattern *pattern); /* NULL is fine */

/* As the user wrote it. Owned by the pattern. */
const char *pattern_text(const struct pattern *pattern);

/* The number of the group that is called so, or that has this number; 0: there is none. */
int pattern_group(const struct pattern *pattern, const char *name);

/* `text` is UTF-8; what is not never matches. */
enum pattern_result pattern_match(struct pattern *pattern, const char *text);

/* What a group has of the text that matched last, which is still there. Not set: NULL and 0. */
const char *pattern_taken(const struct pattern *pattern, int group, const char *text,
                          size_t *length);

#endif
