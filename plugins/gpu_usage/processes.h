/* SPDX-License-Identifier: MIT */
/* Which processes there are, and when it is worth looking through the files that each has open: a
 * browser has hundreds. Pure: the time comes from outside.
 *
 *   the list of all   every 10 s
 *   new, or young     at each listing: some games open the GPU only after a while
 *   uses a GPU        at each listing: it may open another one; not so what is no game
 *   under 10 min      every 60 s, spread over the listings by the pid
 *   older             every 5 min, spread likewise
 *
 * What was there before the first listing is not young. One with little memory is passed over: the
 * libraries through which a GPU is used take more. */
#ifndef GPU_USAGE_PROCESSES_H
#define GPU_USAGE_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROCESSES_LIST_MS = 10 * 1000,
    PROCESSES_YOUNG_MS = 60 * 1000,
    PROCESSES_LOOK_MS = 60 * 1000,
    PROCESSES_SETTLED_MS = 10 * 60 * 1000,
    PROCESSES_SETTLED_LOOK_MS = 5 * 60 * 1000,
    PROCESSES_SMALL_PAGES = 4096 /* 16 MB as a rule */
};

struct process {
    int64_t pid;
    int64_t since_ms; /* first listed */
    int64_t looked_ms;
    bool was_looked_at;
    bool is_closed;  /* its open files cannot be seen: it is somebody else's */
    bool uses_a_gpu; /* it has a DRM node open */
    bool is_no_game;
};

/* Zeroed: none. */
struct processes {
    struct process *all; /* owned; by pid */
    size_t count;
    int64_t listed_ms;
    bool was_listed;
};

void processes_finish(struct processes *processes);

/* Is the list of all due? */
bool processes_are_due(const struct processes *processes, int64_t now_ms);

/* These are all there are; sorts `pids`. What is known of them is kept. False: no memory, and all
 * stays as it was. */
bool processes_list(struct processes *processes, int64_t *pids, size_t count, int64_t now_ms);

/* Is it worth looking through its files, at the last listing or since? Once is enough. */
bool processes_is_due(const struct processes *processes, const struct process *process);

/* /proc/PID/statm: has it so little memory that it uses no GPU? A text that is not understood says
 * nothing. */
bool processes_is_small(const char *statm);

#endif
