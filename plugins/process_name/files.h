/* SPDX-License-Identifier: MIT */
/* Reads the files of /proc, or of a tree like it. `folder` is the descriptor of its root. A process
 * may be gone at any moment: then the answer is that there is nothing. */
#ifndef PROCESS_NAME_FILES_H
#define PROCESS_NAME_FILES_H

#include "procfs.h"

bool files_read_stat(int folder, int64_t pid, struct procfs_stat *stat);

/* The command line, at most `capacity` bytes of it, with a NUL behind them. Returns their number;
 * -1: it is gone. */
int64_t files_read_arguments(int folder, int64_t pid, char *buffer, size_t capacity);

int64_t files_owner(int folder, int64_t pid);     /* a user's id; -1: it is gone */
int64_t files_scope_app(int folder, int64_t pid); /* Steam's app by its cgroup; 0: none */

/* Ticks since boot, in which a process' start is told; 0: not known. */
uint64_t files_uptime_ticks(int folder);
int64_t files_ticks_ms(uint64_t ticks);

/* The list of mounts, cut at `capacity`, with a NUL behind it. */
bool files_read_mounts(int folder, char *buffer, size_t capacity);

#endif
