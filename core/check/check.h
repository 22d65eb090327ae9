/* SPDX-License-Identifier: MIT */
/*
 * `clockblock plugins check`: does a plugin keep the contract of include/clockblock?
 *
 * Each check runs in a process of its own, with a time limit: this program once more, which loads
 * the plugin, plays the host for it, and reports a verdict. A crash, a hang or an exit() is then a
 * result like any other. The parent never loads the plugin.
 *
 *   run.c       the parent: one child after the other, and what its end means
 *   report.c    what people and programs get to read
 *   child.c     the child: opens the plugin, runs one check, watches that each call comes back
 *   host.c      the host as the plugin sees it, distrustful
 *   calls.c     each call into the plugin, with all that can be told about it afterwards
 *   given.c     settings: those of the author, and what is left when some are unset
 *   hostile.c   settings that nobody would wish for
 *   records.c   batches
 *   list.c      the names of the checks; the checks themselves are in the files check_*.c
 *
 * Only the settings that the author gave are ever started. Others are created and destroyed, so
 * that nothing is opened, written or sent where nobody wanted it.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct check_options {
    const char *file;        /* the plugin, as the author wrote it */
    const char *only;        /* the name of the one check to run; NULL: all */
    const char *const *sets; /* "key=value", NULL-terminated */
    uint32_t seed;           /* of everything that is random */
    bool json;
};

/* Runs the checks and prints the report. 0: none failed, 1: some did, EXIT_CODE_CONFIG: the file
 * cannot be opened. */
int check_run(const struct check_options *options);

/* In the child: runs the check `only` and reports the verdict to the parent. Returns 0, or does not
 * return. */
int check_run_in_child(const struct check_options *options);

/* Is there a check of this name? Else *nearest is one that may be meant, or NULL. */
bool check_is_known(const char *name, const char **nearest);

#endif
