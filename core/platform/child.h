/* SPDX-License-Identifier: MIT */
/* This program once more, as a process of its own: for work that may crash, hang or end it.
 *
 * Besides its output such a child has a channel for reports, which nothing else is written to: what
 * a library prints cannot be taken for one. */
#ifndef PLATFORM_CHILD_H
#define PLATFORM_CHILD_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

enum { CHILD_TEXT_CAPACITY = 16384, CHILD_LINE_CAPACITY = 2048 };

struct child_result {
    bool timed_out;                   /* it was killed at the limit */
    const char *signal_name;          /* "SIGSEGV"; NULL: it ended by itself. Static */
    int exit_code;                    /* when it ended by itself */
    char output[CHILD_TEXT_CAPACITY]; /* the first of what it printed */
    char errors[CHILD_TEXT_CAPACITY]; /* the last of what it printed to standard error */
};

/* Runs this program with `arguments` (NULL-terminated, without its own name), for limit_ms at most;
 * then it is killed, with all processes that it started. Calls report() (may be NULL) with each
 * line of the child's reports. Fails when there is no child. */
int child_run(const char *const *arguments, int64_t limit_ms, struct child_result *result,
              void (*report)(const char *line, void *context), void *context, struct error *error);

/* In the child, before anything else runs: keeps the channel out of the way of what is loaded. */
void child_report_open(void);
/* One line, at once. [any thread] */
void child_report(const char *line);

#endif
