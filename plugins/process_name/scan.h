/* SPDX-License-Identifier: MIT */
/* Looks at the processes of this machine. Listing /proc is the floor of what that costs; known.h
 * says which of them are read. */
#ifndef PROCESS_NAME_SCAN_H
#define PROCESS_NAME_SCAN_H

#include "rules.h"
#include "users.h"

#include <clockblock/detector.h>

struct scan;

/* `root` is "/proc", or a tree like it. `rules` is borrowed, the others are copied; rules may be
 * added before the first poll. NULL: no memory. */
struct scan *scan_create(const char *root, const struct rules *rules, const struct users *users);
void scan_destroy(struct scan *scan); /* NULL is fine */

/* A game that runs. */
struct scan_game {
    int rule;          /* -1: a Steam app that no rule names */
    int64_t steam_app; /* 0: seen by its name */
    int confidence;    /* 0: for a Steam app it hangs on its title */
    int64_t pid;
    int64_t uid;
    char program[100];
};

/* Called once for each rule that matches, with the process that does so best, and for each Steam
 * app that no rule of the user names. Borrowed. */
typedef void (*scan_found)(const struct scan_game *game, void *context);

/* Looks once. CLB_OK, or CLB_UNAVAILABLE with the reason in `error`. Opens `root` if need be. */
int32_t scan_poll(struct scan *scan, int64_t now_ms, scan_found found, void *context,
                  clb_error *error);

/* Closes `root`. */
void scan_close(struct scan *scan);

/* How many processes the last poll read, if only in part: for tests of what it costs. */
int scan_reads(const struct scan *scan);

#endif
