/* SPDX-License-Identifier: MIT */
/* Settings for create(): those that the author gave, and those that nobody would wish for. All are
 * made by the agent's own configuration, so a plugin gets nothing here that a user could not write.
 * Private to this folder. */
#ifndef CHECK_GIVEN_H
#define CHECK_GIVEN_H

#include "list.h"

/* As the author gave them, with defaults. Skips the check when a required one is not given. Freed
 * by the caller with config_settings_destroy(). */
clb_settings *given_settings(const struct subject *subject);

/* Calls visit() with settings of which some are unset, required ones too: all of them, each of the
 * required ones, and those in groups. `what` says what is special. */
void given_missing(const struct subject *subject,
                   void (*visit)(const clb_settings *settings, const char *what, void *context),
                   void *context);

/* hostile.c: calls visit() with the given settings, of which one is replaced by something hostile
 * that the configuration lets pass: long, empty, not ASCII, at the border of its range, very many.
 */
void given_hostile(const struct subject *subject,
                   void (*visit)(const clb_settings *settings, const char *what, void *context),
                   void *context);

/* What these are made of. */
enum { GIVEN_SETS_MAX = 128, GIVEN_KEY_BYTES = 200 };

/* Where paths that nobody gave lead to: nothing is there, and nothing can be made. */
extern const char given_nowhere[];

/* Skips the check when a required setting is not given. */
void given_or_skip(const struct subject *subject);

/* What was given, but for one key; NULL-terminated, with room for one more. */
void given_without(const struct subject *subject, const char *key,
                   const char *sets[GIVEN_SETS_MAX + 2]);

/* A copy of an option that may come from an older or newer header. */
clb_option given_option(const clb_option *option);

#endif
