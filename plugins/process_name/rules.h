/* SPDX-License-Identifier: MIT */
/* Which processes are games: names, and parts of command lines. Pure. */
#ifndef PROCESS_NAME_RULES_H
#define PROCESS_NAME_RULES_H

#include <clockblock/plugin.h>
#include <stddef.h>

/* How sure a match is. The kernel keeps 15 characters of a name in comm: a longer one that agrees
 * in those is a guess. */
enum { CONFIDENCE_PROGRAM = 90, CONFIDENCE_COMM = 80, CONFIDENCE_COMM_CUT = 40, COMM_MAX = 15 };

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

/* Copies the groups of the option "rules". NULL and a sentence when one makes no sense. */
struct rules *rules_create(const clb_settings *settings, clb_error *error);
void rules_destroy(struct rules *rules); /* NULL is fine */
int rules_count(const struct rules *rules);
const char *rules_activity(const struct rules *rules, int rule);

/* The first rule that the process matches. */
struct rule_match rules_match(const struct rules *rules, const struct process_view *process);

/* The part of a path behind its last / or \, which Windows programs use. */
const char *rules_basename(const char *path);

#endif
