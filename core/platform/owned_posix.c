/* SPDX-License-Identifier: MIT */
#include "owned_posix.h"

#include "file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whose folder it is, when root looks after what is another user's; false: nothing is to be done.
 */
static bool is_of_another(const char *path, struct stat *folder)
{
    char name[PATH_CAPACITY] = ".";
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (geteuid() != 0 || length >= sizeof(name))
        return false;
    if (slash != NULL)
        memcpy(name, path, length); /* up to the slash; what is behind is NUL */
    return stat(name, folder) == 0 && folder->st_uid != 0;
}

/* In a folder of another user root follows no link: it could lead to a file of root's own. What was
 * made here is given away; O_EXCL sees to it that it was made here. */
int owned_open(const char *path, int flags)
{
    struct stat folder;
    bool of_another = is_of_another(path, &folder);
    assert((flags & O_CREAT) == 0);
    flags |= O_CLOEXEC | (of_another ? O_NOFOLLOW : 0);
    int file = open(path, flags);
    if (file >= 0 || errno != ENOENT)
        return file;
    file = open(path, flags | O_CREAT | O_EXCL, 0600);
    if (file >= 0 && of_another && fchown(file, folder.st_uid, folder.st_gid) != 0)
        return file;                 /* a file system without owners */
    if (file < 0 && errno == EEXIST) /* another was faster, or it is a link to a file to be */
        file = open(path, flags | O_CREAT, 0600);
    return file;
}

bool owned_make_folder(const char *path)
{
    struct stat above;
    bool of_another = is_of_another(path, &above);
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST;
    if (of_another)
        (void)!lchown(path, above.st_uid, above.st_gid); /* some file systems have no owners */
    return true;
}
