/* SPDX-License-Identifier: MIT */
/* Loaded before the C library: while the file CLB_READ_ONLY is there, everything in the folder that
 * holds it is as on a disk that the kernel has just made read-only, as it does after an error. (By
 * hand nobody can: a disk with files that are open for writing is busy.) While the file CLB_HANGS
 * is there, what is written does not get onto the disk, and who waits for that waits. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_on(const char *path)
{
    const char *flag = getenv("CLB_READ_ONLY");
    const char *slash = flag != NULL ? strrchr(flag, '/') : NULL;
    if (slash == NULL || strncmp(path, flag, (size_t)(slash - flag)) != 0)
        return 0;
    struct stat status;
    return stat(flag, &status) == 0;
}

static int is_hanging(void)
{
    const char *flag = getenv("CLB_HANGS");
    struct stat status;
    return flag != NULL && stat(flag, &status) == 0;
}

static int is_open_on(int file)
{
    char link[64];
    char path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (length < 0)
        return 0;
    path[length] = '\0';
    return is_on(path);
}

static long refuse(void)
{
    errno = EROFS;
    return -1;
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

#define WRITES(name, type)                                                                         \
    ssize_t name(int file, const void *bytes, size_t count, type offset)                           \
    {                                                                                              \
        ssize_t (*real)(int, const void *, size_t, type) =                                         \
            (ssize_t(*)(int, const void *, size_t, type))next(#name);                              \
        return is_open_on(file) ? refuse() : real(file, bytes, count, offset);                     \
    }
#define CUTS(name, type)                                                                           \
    int name(int file, type length)                                                                \
    {                                                                                              \
        int (*real)(int, type) = (int (*)(int, type))next(#name);                                  \
        return is_open_on(file) ? (int)refuse() : real(file, length);                              \
    }
#define OPENS(name)                                                                                \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        unsigned mode = (flags & O_CREAT) != 0 ? va_arg(rest, unsigned) : 0;                       \
        va_end(rest);                                                                              \
        int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next(#name);        \
        if ((flags & O_ACCMODE) != O_RDONLY && is_on(path))                                        \
            return (int)refuse();                                                                  \
        return real(path, flags, mode);                                                            \
    }

#define SYNCS(name)                                                                                \
    int name(int file)                                                                             \
    {                                                                                              \
        int (*real)(int) = (int (*)(int))next(#name);                                              \
        while (is_hanging())                                                                       \
            usleep(10000);                                                                         \
        return real(file);                                                                         \
    }

WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)
CUTS(ftruncate, off_t)
CUTS(ftruncate64, off64_t)
OPENS(open)
OPENS(open64)
SYNCS(fsync)
SYNCS(fdatasync)

ssize_t write(int file, const void *bytes, size_t count)
{
    ssize_t (*real)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))next("write");
    return is_open_on(file) ? refuse() : real(file, bytes, count);
}

int access(const char *path, int mode)
{
    int (*real)(const char *, int) = (int (*)(const char *, int))next("access");
    return (mode & W_OK) != 0 && is_on(path) ? (int)refuse() : real(path, mode);
}

int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))next("unlink");
    return is_on(path) ? (int)refuse() : real(path);
}
