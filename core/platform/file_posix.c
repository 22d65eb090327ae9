/* SPDX-License-Identifier: MIT */
#include "file.h"

#include "owned_posix.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static_assert(PATH_CAPACITY >= PATH_MAX, "realpath() writes up to PATH_MAX bytes");

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool file_is_regular(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static int read_all(int file, const char *path, size_t limit, char **bytes, size_t *length,
                    struct error *error)
{
    size_t capacity = 4096;
    size_t used = 0;
    char *buffer = malloc(capacity + 1);
    assert(buffer != NULL);
    for (;;) {
        ssize_t got = read(file, buffer + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            if (got == 0)
                break;
            free(buffer);
            return error_set(error, EXIT_CODE_DISK, "%s: cannot be read: %s", path,
                             strerror(errno));
        }
        used += (size_t)got;
        if (used > limit) {
            free(buffer);
            return error_set(error, EXIT_CODE_CONFIG, "%s: is larger than %zu bytes", path, limit);
        }
        if (used == capacity) {
            capacity *= 2;
            char *larger = realloc(buffer, capacity + 1);
            assert(larger != NULL);
            buffer = larger;
        }
    }
    buffer[used] = '\0';
    *bytes = buffer;
    *length = used;
    return 0;
}

bool file_is_read_only(const char *path)
{
    return access(path, W_OK) != 0 && errno == EROFS;
}

int file_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0)
        return error_set(error, EXIT_CODE_CONFIG, "%s: cannot be opened: %s", path,
                         strerror(errno));
    int result = read_all(file, path, limit, bytes, length, error);
    close(file);
    return result;
}

int64_t file_read_start(const char *path, void *bytes, size_t capacity)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return -1;
    ssize_t got = read(file, bytes, capacity);
    close(file);
    return got;
}

int file_resolve(const char *path, char resolved[PATH_CAPACITY], struct error *error)
{
    if (realpath(path, resolved) != NULL)
        return 0;
    return error_set(error, EXIT_CODE_CONFIG, "%s: %s", path, strerror(errno));
}

int file_check_trusted(const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set(error, EXIT_CODE_CONFIG, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, EXIT_CODE_CONFIG, "%s: is not a regular file", path);
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: others may write to it; run: chmod go-w '%s'", path, path);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: belongs to user %u; it has to belong to root or to user %u, who runs "
                         "the agent",
                         path, (unsigned)status.st_uid, (unsigned)geteuid());
    return 0;
}

int file_check_private(const char *path, struct error *error)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return error_set(error, EXIT_CODE_CONFIG, "%s: %s", path, strerror(errno));
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: everybody may read this secret; run: chmod 600 '%s'", path, path);
    return 0;
}

int file_make_private(const char *path, struct error *error)
{
    int file = owned_open(path, O_RDWR);
    if (file < 0)
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be written: %s", path, strerror(errno));
    (void)fchmod(file, 0600); /* a file of another user that we may write stays as it is */
    close(file);
    return 0;
}

static void sync_parent(const char *path)
{
    char folder[PATH_CAPACITY];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
             slash != NULL ? path : ".");
    int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0)
        return;
    (void)fsync(handle);
    close(handle);
}

int file_replace(const char *from, const char *to, struct error *error)
{
    if (rename(from, to) != 0)
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be put in place: %s", to,
                         strerror(errno));
    sync_parent(to);
    return 0;
}

int file_write(const char *path, const char *bytes, size_t length, struct error *error)
{
    char part[PATH_CAPACITY];
    if (snprintf(part, sizeof(part), "%s.new", path) >= (int)sizeof(part))
        return error_set(error, EXIT_CODE_DISK, "%s: the path is too long", path);
    int file = owned_open(part, O_WRONLY | O_TRUNC);
    bool done = file >= 0;
    while (done && length > 0) {
        ssize_t written = write(file, bytes, length);
        done = written > 0;
        bytes += done ? written : 0;
        length -= done ? (size_t)written : 0;
    }
    done = done && fsync(file) == 0;
    if (!done)
        error_set(error, EXIT_CODE_DISK, "%s: cannot be written: %s", part, strerror(errno));
    if (file >= 0)
        close(file);
    if (!done)
        (void)unlink(part); /* half of it would take room for nothing */
    return done ? file_replace(part, path, error) : EXIT_CODE_DISK;
}

int file_make_folder(const char *path, struct error *error)
{
    char part[PATH_CAPACITY];
    if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
        return error_set(error, EXIT_CODE_DISK, "%s: the path is too long", path);
    for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)owned_make_folder(part);
        *slash = '/';
    }
    struct stat status;
    if (!owned_make_folder(part))
        return error_set(error, EXIT_CODE_DISK, "%s: the folder cannot be made: %s", path,
                         strerror(errno));
    if (stat(part, &status) != 0 || !S_ISDIR(status.st_mode))
        return error_set(error, EXIT_CODE_DISK, "%s: is not a folder", path);
    return 0;
}

void file_list(const char *folder, bool (*visit)(const char *name, void *context), void *context)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    bool more = true;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (more && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            more = visit(name, context);
        free(entries[i]);
    }
    free(entries);
}

bool file_identify(const char *path, struct file_identity *identity)
{
    struct stat status;
    *identity = (struct file_identity){0};
    if (stat(path, &status) != 0)
        return false;
    *identity = (struct file_identity){.volume = status.st_dev, .number = status.st_ino};
    return true;
}

bool file_is_same(const struct file_identity *one, const struct file_identity *other)
{
    return one->volume == other->volume && one->number == other->number;
}

int64_t file_size(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
}

int64_t file_free_bytes(const char *path)
{
    struct statvfs status;
    if (statvfs(path, &status) != 0)
        return -1;
    return (int64_t)(status.f_bavail * status.f_frsize);
}
