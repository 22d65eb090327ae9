/* SPDX-License-Identifier: MIT */
/* Only one agent on a database: a locked file beside it, that holds the process id of the owner.
 * The lock goes with the process, however it ends. */
#ifndef PLATFORM_LOCK_FILE_H
#define PLATFORM_LOCK_FILE_H

#include "error.h"

#include <stdint.h>

struct lock_file {
    intptr_t handle; /* -1: not held */
};

/* EXIT_CODE_UNAVAILABLE and a sentence with the other's pid when it is taken. */
int lock_file_take(struct lock_file *lock, const char *path, struct error *error);
void lock_file_release(struct lock_file *lock);

#endif
