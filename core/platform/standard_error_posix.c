/* SPDX-License-Identifier: MIT */
#include "standard_error.h"

#include "file.h"
#include "owned_posix.h"
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int first = -1; /* where it went at the start; -1: it still goes there */

/* The journal's socket is known by its number, which the environment tells. Whoever was started
 * with another standard error has the variable too. */
bool standard_error_is_journal(void)
{
    uintmax_t device;
    uintmax_t inode;
    struct stat status;
    const char *stream = getenv("JOURNAL_STREAM");
    return stream != NULL && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && (uintmax_t)status.st_dev == device &&
           (uintmax_t)status.st_ino == inode;
}

static int refuse(const char *path, const char *reason, struct error *error)
{
    return error_set(error, EXIT_CODE_CONFIG, "%s: no log can be written there: %s", path, reason);
}

/* The nearest folder above that is there is the one in which something has to be made. */
static int check_folder(const char *path, struct error *error)
{
    char folder[PATH_CAPACITY];
    struct stat status;
    paths_parent(folder, path);
    while (stat(folder, &status) != 0 && errno == ENOENT && strcmp(folder, "/") != 0 &&
           strcmp(folder, ".") != 0) {
        char above[PATH_CAPACITY];
        paths_parent(above, folder);
        memcpy(folder, above, sizeof(folder));
    }
    if (stat(folder, &status) != 0 || access(folder, W_OK | X_OK) != 0)
        return error_set(error, EXIT_CODE_CONFIG, "%s: nothing can be made in its folder %s: %s",
                         path, folder, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return error_set(error, EXIT_CODE_CONFIG, "%s: %s is not a folder", path, folder);
    return 0;
}

int standard_error_check_file(const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? check_folder(path, error) : refuse(path, strerror(errno), error);
    if (!S_ISREG(status.st_mode))
        return refuse(path, "it is not a file", error);
    return access(path, W_OK) == 0 ? 0 : refuse(path, strerror(errno), error);
}

/* -1, and a sentence: it cannot be opened. A pipe would block whoever opens it. */
static int open_file(const char *path, struct error *error)
{
    struct stat status;
    int file = owned_open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
    if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        return file;
    if (file < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
        error_set(error, EXIT_CODE_DISK, "%s: no log can be written there: %s", path,
                  strerror(errno));
    else
        refuse(path, file >= 0 ? "it is not a file" : strerror(errno), error);
    if (file >= 0)
        close(file);
    return -1;
}

static int go_back(void)
{
    if (first >= 0) {
        dup2(first, STDERR_FILENO);
        close(first);
    }
    first = -1;
    return 0;
}

int standard_error_use_file(const char *path, struct error *error)
{
    char folder[PATH_CAPACITY];
    if (path == NULL)
        return go_back();
    int result = standard_error_check_file(path, error);
    paths_parent(folder, path);
    if (result == 0)
        result = file_make_folder(folder, error);
    if (result != 0)
        return result;
    int file = open_file(path, error);
    if (file < 0)
        return error->code;
    if (first < 0)
        first = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(file, STDERR_FILENO); /* in one step: no line of another thread is lost */
    close(file);
    return 0;
}
