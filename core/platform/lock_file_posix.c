/* SPDX-License-Identifier: MIT */
#include "lock_file.h"

#include "owned_posix.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static void read_owner(int file, char *owner, size_t capacity)
{
    ssize_t length = pread(file, owner, capacity - 1, 0);
    owner[length > 0 ? length : 0] = '\0';
    owner[strspn(owner, "0123456789")] = '\0';
}

static int refuse(int file, const char *path, struct error *error)
{
    char owner[32];
    int reason = errno;
    read_owner(file, owner, sizeof(owner));
    if (reason != EWOULDBLOCK)
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be locked: %s", path, strerror(reason));
    return error_set(
        error, EXIT_CODE_UNAVAILABLE,
        "another agent is running on this database (pid %s, lock file %s); stop it, or "
        "give this one another db_path",
        owner[0] != '\0' ? owner : "unknown", path);
}

int lock_file_take(struct lock_file *lock, const char *path, struct error *error)
{
    lock->handle = -1;
    int file = owned_open(path, O_RDWR | O_NOFOLLOW); /* it is written to */
    if (file < 0)
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be opened: %s", path, strerror(errno));
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        int result = refuse(file, path, error);
        close(file);
        return result;
    }

    char owner[32];
    int length = snprintf(owner, sizeof(owner), "%ld\n", (long)getpid());
    if (ftruncate(file, 0) != 0 || pwrite(file, owner, (size_t)length, 0) != length) {
        /* The pid is only for messages: a full disk must not keep the agent from starting. */
    }
    lock->handle = file;
    return 0;
}

void lock_file_release(struct lock_file *lock)
{
    if (lock->handle >= 0)
        close((int)lock->handle);
    lock->handle = -1;
}
