/* SPDX-License-Identifier: MIT */
#include "owned_posix.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void give_to_owner_of_folder(int file, const char *path)
{
    char folder[PATH_CAPACITY] = ".";
    struct stat status;
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (geteuid() != 0 || length >= sizeof(folder))
        return;
    if (slash != NULL)
        memcpy(folder, path, length); /* up to the slash; what is behind is NUL */
    if (stat(folder, &status) == 0 && fchown(file, status.st_uid, status.st_gid) != 0)
        return; /* a file system without owners */
}

/* Only what was made here is given away: O_EXCL follows no link that somebody put in its place. */
int owned_open(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC);
    if (file >= 0 || errno != ENOENT)
        return file;
    file = open(path, flags | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0)
        give_to_owner_of_folder(file, path);
    else if (errno == EEXIST) /* another was faster, or it is a link to a file to be */
        file = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
    return file;
}
