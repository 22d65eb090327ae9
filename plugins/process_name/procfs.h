/* SPDX-License-Identifier: MIT */
/* The text of /proc/PID/stat (proc_pid_stat(5)). Pure. */
#ifndef PROCESS_NAME_PROCFS_H
#define PROCESS_NAME_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procfs_stat {
    char comm[64];
    char state; /* Z and X are dead */
    int64_t parent;
    uint64_t start_ticks; /* since boot: with the pid it names a process for good */
};

/* `text` ends with a NUL. A name may hold spaces, parentheses and line ends: the last ')' ends it.
 */
bool procfs_parse_stat(const char *text, struct procfs_stat *stat);

/* A pid, when a name in /proc is one; 0 else. */
int64_t procfs_parse_pid(const char *name);

#endif
