/* SPDX-License-Identifier: MIT */
/* What is remembered of each process, and when it is worth reading again. Pure: the time comes from
 * outside.
 *
 *   age            read
 *   under 60 s     at every poll: a launcher may exec into a game at any moment
 *   under 10 min   every 10 s, spread over the polls by the pid
 *   under an hour  every 60 s, spread likewise
 *   older          every 2 min, spread likewise
 *   a match        at every poll, whatever its age
 *   cgroup         in the first 15 s: Steam moves what it starts a moment later
 *
 * A process that execs is young again once that is noticed. So a game is seen at the first poll
 * after its start or its exec; only where a launcher had waited for more than a minute before it
 * execs the game, that is seen up to 10 s and a poll late, up to 60 s after more than ten minutes,
 * and up to 2 min after more than an hour. */
#ifndef PROCESS_NAME_KNOWN_H
#define PROCESS_NAME_KNOWN_H

#include "procfs.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    KNOWN_YOUNG_MS = 60 * 1000,
    KNOWN_MOVING_MS = 15 * 1000,
    KNOWN_SETTLED_MS = 10 * 60 * 1000,
    KNOWN_LOOK_MS = 10 * 1000,
    KNOWN_SETTLED_LOOK_MS = 60 * 1000,
    KNOWN_OLD_MS = 60 * 60 * 1000,
    KNOWN_OLD_LOOK_MS = 2 * 60 * 1000,
    KNOWN_KERNEL_LOOK_MS = 5 * 60 * 1000
};

enum known_kind {
    KNOWN_NEW = 0,
    KNOWN_OTHER,   /* no rule matches */
    KNOWN_MATCH,   /* a rule matches */
    KNOWN_FOREIGN, /* of a user that does not count */
    KNOWN_KERNEL   /* a thread of the kernel: it never becomes anything else */
};

struct known {
    int64_t pid;          /* 0: the place is free */
    uint64_t start_ticks; /* with the pid it names a process for good; 0: not read yet */
    int64_t since_ms;     /* began, first seen, or seen to have become something else */
    int64_t looked_ms;    /* read last */
    uint32_t round;       /* of the poll that saw it last */
    enum known_kind kind;
    bool is_not_game; /* on the list of what is none, or dead */
    int rule;         /* that its names match; -1: none */
    int64_t uid;
    int64_t parent;
    int64_t scope_app;  /* Steam's, by its cgroup; 0: none */
    int64_t launch_app; /* by its command line; STEAM_INSTALLS: that installs something */
    char comm[PROCFS_COMM_CAPACITY];
};

struct known_table;

struct known_table *known_create(void);        /* NULL: no memory */
void known_destroy(struct known_table *table); /* NULL is fine */

/* A poll begins. What neither it nor the one before saw is forgotten in time. */
void known_begin(struct known_table *table);

/* The entry of a process that is there; a new one has the kind KNOWN_NEW. Valid until the next
 * call. NULL: no memory for another one. */
struct known *known_see(struct known_table *table, int64_t pid, int64_t now_ms);

/* The entry of a process that this poll or the one before saw, or NULL. */
const struct known *known_find(const struct known_table *table, int64_t pid);

/* Each entry that this poll saw: begin with *at as 0. NULL: those were all. */
struct known *known_next(struct known_table *table, uint32_t *at);

/* Is it to be read at this poll? */
bool known_is_due(const struct known *known, int64_t now_ms);

/* Is all of it to be read then? Else a glance is enough: whether it is still what it was. */
bool known_needs_all(const struct known *known, int64_t now_ms);

/* Is it still the process, and the program, that it was? */
bool known_is_same(const struct known *known, const struct procfs_stat *stat);

/* It is another process or program now: young again. */
void known_renew(struct known *known, const struct procfs_stat *stat, int64_t now_ms);

#endif
