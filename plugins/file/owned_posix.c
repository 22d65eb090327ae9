/* SPDX-License-Identifier: MIT */
#include "owned_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void give_to_owner_of_folder(int file, const char *path)
{
    struct stat status;
    char *folder = geteuid() == 0 ? strdup(path) : NULL;
    if (folder == NULL)
        return;
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    if (stat(slash != NULL ? folder : ".", &status) == 0)
        (void)!fchown(file, status.st_uid, status.st_gid); /* some file systems have no owners */
    free(folder);
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
