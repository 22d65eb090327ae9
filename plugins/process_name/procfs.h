/* SPDX-License-Identifier: MIT */
/* The texts of /proc (proc(5)). Pure. */
#ifndef PROCESS_NAME_PROCFS_H
#define PROCESS_NAME_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel keeps 15 characters of a program's name; it gives longer ones to threads of its own.
 */
enum { PROCFS_COMM_CAPACITY = 64 };

struct procfs_stat {
    char comm[PROCFS_COMM_CAPACITY];
    char state; /* Z and X are dead */
    int64_t parent;
    bool is_kernel;       /* a thread of the kernel, by its flags: their parent may be anybody */
    uint64_t start_ticks; /* since boot */
};

/* /proc/PID/stat; `text` ends with a NUL. A name may hold spaces, parentheses and line ends: the
 * last ')' ends it. */
bool procfs_parse_stat(const char *text, struct procfs_stat *stat);

/* A pid, when a name in /proc is one; 0 else. */
int64_t procfs_parse_pid(const char *name);

/* /proc/uptime: seconds since boot; 0: that makes no sense. */
uint64_t procfs_parse_uptime(const char *text);

/* /proc/mounts: is what is mounted at `mount_point` a /proc that hides the processes of others? */
bool procfs_hides_others(const char *mounts, const char *mount_point);

#endif
