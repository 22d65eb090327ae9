/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "steam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STAT_BYTES = 1024, CGROUP_BYTES = 4 * 1024, NAME_BYTES = 32 };

static int open_file(int folder, const char *name)
{
    return openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static ssize_t read_some(int file, char *buffer, size_t capacity)
{
    ssize_t got;
    do
        got = read(file, buffer, capacity);
    while (got < 0 && errno == EINTR);
    return got;
}

/* These files give all that they have, or that fits, at once: to ask for their end would be one
 * system call more for each. */
static ssize_t read_file(int folder, const char *name, char *buffer, size_t capacity)
{
    int file = open_file(folder, name);
    if (file < 0)
        return -1;
    ssize_t got = read_some(file, buffer, capacity);
    close(file);
    buffer[got > 0 ? got : 0] = '\0';
    return got;
}

bool files_read_mounts(int folder, char *buffer, size_t capacity)
{
    size_t used = 0;
    ssize_t got = 0;
    int file = open_file(folder, "mounts");
    if (file < 0)
        return false;
    do {
        used += (size_t)got;
        got = read_some(file, buffer + used, capacity - used);
    } while (got > 0);
    close(file);
    buffer[used] = '\0';
    return used > 0;
}

bool files_read_stat(int folder, int64_t pid, struct procfs_stat *stat)
{
    char name[NAME_BYTES];
    char text[STAT_BYTES + 1];
    snprintf(name, sizeof(name), "%lld/stat", (long long)pid);
    return read_file(folder, name, text, STAT_BYTES) > 0 && procfs_parse_stat(text, stat);
}

int64_t files_owner(int folder, int64_t pid)
{
    struct stat status;
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%lld", (long long)pid);
    return fstatat(folder, name, &status, 0) == 0 ? (int64_t)status.st_uid : -1;
}

int64_t files_scope_app(int folder, int64_t pid)
{
    char name[NAME_BYTES];
    char text[CGROUP_BYTES + 1];
    snprintf(name, sizeof(name), "%lld/cgroup", (long long)pid);
    return read_file(folder, name, text, CGROUP_BYTES) > 0 ? steam_scope_app(text) : 0;
}

int64_t files_read_arguments(int folder, int64_t pid, char *buffer, size_t capacity)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%lld/cmdline", (long long)pid);
    return read_file(folder, name, buffer, capacity);
}

uint64_t files_uptime_ticks(int folder)
{
    char text[64];
    if (read_file(folder, "uptime", text, sizeof(text) - 1) <= 0)
        return 0;
    return procfs_parse_uptime(text) * (uint64_t)sysconf(_SC_CLK_TCK);
}

int64_t files_ticks_ms(uint64_t ticks)
{
    return (int64_t)(ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}
