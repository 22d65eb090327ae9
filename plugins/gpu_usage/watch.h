/* SPDX-License-Identifier: MIT */
/* Who uses which GPU, by the DRM nodes that processes have open. What a process that is no game
 * uses is not even read at a poll; processes.h says when its files are looked through. */
#ifndef GPU_USAGE_WATCH_H
#define GPU_USAGE_WATCH_H

#include "devices.h"
#include "names.h"

struct watch;

/* `root` is /proc or a tree like it, and is copied; `names` is borrowed. NULL: no memory. */
struct watch *watch_create(const char *root, const struct names *names);
void watch_destroy(struct watch *watch); /* NULL is fine */
void watch_close(struct watch *watch);

struct watch_view {
    double percent; /* of the process that uses a GPU most, of those that may be games */
    int device;     /* where; -1: none is used */
    int64_t pid;
    char name[NAMES_CAPACITY];
    bool is_first;                  /* there is nothing yet to compare with */
    bool is_closed;                 /* the open files of some processes cannot be seen */
    bool has_files[DEVICES_MAX];    /* some process has it open */
    bool has_counters[DEVICES_MAX]; /* and the driver tells what that one uses */
};

/* Looks once. False: the processes cannot be listed, with the reason in errno. */
bool watch_look(struct watch *watch, const struct devices *devices, int64_t now_ms,
                struct watch_view *view);

/* Is there such a process, and may it be a game? */
bool watch_counts(struct watch *watch, int64_t pid, char name[NAMES_CAPACITY]);

/* How many processes had their files looked through, and how many files were read, at the last
 * look: for tests of what it costs. */
void watch_costs(const struct watch *watch, int *looked_through, int *files_read);

#endif
