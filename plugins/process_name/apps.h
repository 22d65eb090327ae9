/* SPDX-License-Identifier: MIT */
/* The Steam apps that run. A process belongs to the app of its scope, and to the one that an
 * ancestor of it was told to launch. Steam's reaper lives as long as anything that it started: an
 * app whose processes are all on the list of what is no game, such as a launcher that was left
 * open, is not played. Pure. */
#ifndef PROCESS_NAME_APPS_H
#define PROCESS_NAME_APPS_H

#include "known.h"
#include "rules.h"

enum { APPS_MAX = 16 };

struct app {
    int64_t id;
    int rule;                  /* the user's for this app; -1: none */
    bool is_claimed;           /* a process of it is a game by a rule of the user */
    const struct known *known; /* the process that plays it; NULL: nothing does */
    const struct known *alone; /* a launch, as long as it is all that there is */
    int processes;
};

/* Returns how many there are; of more than APPS_MAX the others are left out. What plays is marked
 * as a match in the table. The entries are valid until the next change of the table. */
int apps_find(struct known_table *table, const struct rules *rules, struct app apps[APPS_MAX]);

#endif
