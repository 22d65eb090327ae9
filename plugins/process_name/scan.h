/* SPDX-License-Identifier: MIT */
/* Looks at the processes of this machine. Listing /proc is the floor of what that costs: a process
 * is read when it is new, when it is young (it may still become a game), when it matched, and now
 * and then again. */
#ifndef PROCESS_NAME_SCAN_H
#define PROCESS_NAME_SCAN_H

#include "rules.h"

#include <clockblock/detector.h>

struct scan;

/* `root` is "/proc", or a tree like it. `users` holds the uids that count; NULL and 0: all. Both
 * are copied; `rules` is borrowed. NULL: no memory. */
struct scan *scan_create(const char *root, const struct rules *rules, const int64_t *users,
                         int users_count);
void scan_destroy(struct scan *scan); /* NULL is fine */

/* Called for the first process of each rule that matches. */
typedef void (*scan_found)(int rule, int confidence, const char *program, int64_t pid,
                           void *context);

/* Looks once. CLB_OK, or CLB_UNAVAILABLE with the reason in `error`. */
int32_t scan_poll(struct scan *scan, int64_t now_ms, scan_found found, void *context,
                  clb_error *error);

/* How many processes were read by the last poll: for tests of what it costs. */
int scan_reads(const struct scan *scan);

#endif
