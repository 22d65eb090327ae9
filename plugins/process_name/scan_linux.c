/* SPDX-License-Identifier: MIT */
#include "scan.h"

#include "known.h"
#include "procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The class path of a Java game has many kilobytes, and the class that tells it stands behind that.
 * What is longer is read in part. */
enum { ARGUMENTS_BYTES = 64 * 1024, STAT_BYTES = 1024 };
enum { NAME_BYTES = 32 };

struct scan {
    char *root;                /* owned */
    DIR *folder;               /* owned; NULL: closed */
    const struct rules *rules; /* borrowed */
    struct users users;
    struct known_table *known;
    bool *seen; /* one for each rule */
    int reads;
    char buffer[ARGUMENTS_BYTES + 1];
};

struct scan *scan_create(const char *root, const struct rules *rules, const struct users *users)
{
    struct scan *scan = calloc(1, sizeof(*scan));
    if (scan == NULL)
        return NULL;
    scan->root = strdup(root);
    scan->rules = rules;
    scan->users = *users;
    scan->known = known_create();
    scan->seen = calloc((size_t)rules_count(rules) + 1, sizeof(scan->seen[0]));
    if (scan->root != NULL && scan->known != NULL && scan->seen != NULL)
        return scan;
    scan_destroy(scan);
    return NULL;
}

void scan_destroy(struct scan *scan)
{
    if (scan == NULL)
        return;
    scan_close(scan);
    free(scan->root);
    known_destroy(scan->known);
    free(scan->seen);
    free(scan);
}

void scan_close(struct scan *scan)
{
    if (scan->folder != NULL)
        closedir(scan->folder);
    scan->folder = NULL;
}

int scan_reads(const struct scan *scan)
{
    return scan->reads;
}

/* ---- One process ---- */

static int open_file(const struct scan *scan, const char *name)
{
    return openat(dirfd(scan->folder), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static ssize_t read_some(int file, char *buffer, size_t capacity)
{
    ssize_t got;
    do
        got = read(file, buffer, capacity);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Reads a file of a process, at most `capacity` bytes, and puts a NUL behind them. -1: it is not
 * there (any more). These files give all that they have, or that fits, at once: to ask for their
 * end would be one system call more for each. */
static ssize_t read_file(const struct scan *scan, const char *name, char *buffer, size_t capacity)
{
    int file = open_file(scan, name);
    if (file < 0)
        return -1;
    ssize_t got = read_some(file, buffer, capacity);
    close(file);
    buffer[got > 0 ? got : 0] = '\0';
    return got;
}

/* The list of mounts comes in pieces. */
static bool read_mounts(struct scan *scan)
{
    size_t used = 0;
    ssize_t got = 0;
    int file = open_file(scan, "mounts");
    if (file < 0)
        return false;
    do {
        used += (size_t)got;
        got = read_some(file, scan->buffer + used, ARGUMENTS_BYTES - used);
    } while (got > 0);
    close(file);
    scan->buffer[used] = '\0';
    return used > 0;
}

static bool read_stat(const struct scan *scan, int64_t pid, struct procfs_stat *stat)
{
    char name[NAME_BYTES];
    char text[STAT_BYTES + 1];
    snprintf(name, sizeof(name), "%lld/stat", (long long)pid);
    return read_file(scan, name, text, STAT_BYTES) > 0 && procfs_parse_stat(text, stat);
}

static bool counts(const struct scan *scan, int64_t pid)
{
    struct stat status;
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%lld", (long long)pid);
    return fstatat(dirfd(scan->folder), name, &status, 0) == 0 &&
           users_count(&scan->users, (int64_t)status.st_uid);
}

/* What the poll in progress works with. */
struct poll {
    scan_found found;
    void *context;
    int64_t now_ms;
};

static enum known_kind match_rules(struct scan *scan, int64_t pid, const struct procfs_stat *stat,
                                   const struct poll *poll)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%lld/cmdline", (long long)pid);
    ssize_t length = read_file(scan, name, scan->buffer, ARGUMENTS_BYTES);
    if (length < 0)
        return KNOWN_OTHER;
    if (procfs_is_kernel(pid, stat, (size_t)length))
        return KNOWN_KERNEL;
    struct process_view view = {stat->comm, scan->buffer, (size_t)length};
    struct rule_match match = rules_match(scan->rules, &view);
    if (match.rule < 0)
        return KNOWN_OTHER;
    if (!scan->seen[match.rule])
        poll->found(match.rule, match.confidence, match.program, pid, poll->context);
    scan->seen[match.rule] = true;
    return KNOWN_MATCH;
}

/* Reads all of a process. One that is gone meanwhile is no match, and no error. */
static enum known_kind judge(struct scan *scan, struct known *known, const struct poll *poll)
{
    struct procfs_stat stat;
    if (!counts(scan, known->pid))
        return KNOWN_FOREIGN;
    if (!read_stat(scan, known->pid, &stat))
        return KNOWN_OTHER;
    if (!known_is_same(known, &stat))
        known_renew(known, &stat, poll->now_ms);
    bool is_dead = stat.state == 'Z' || stat.state == 'X';
    return is_dead ? KNOWN_OTHER : match_rules(scan, known->pid, &stat, poll);
}

/* The second look at one that was no game: a glance at who it is. Somebody who does not count may
 * become somebody who does, as a login does before it execs. */
static bool has_changed(const struct scan *scan, const struct known *known)
{
    struct procfs_stat stat;
    if (known->kind == KNOWN_FOREIGN)
        return counts(scan, known->pid);
    return !read_stat(scan, known->pid, &stat) || !known_is_same(known, &stat);
}

static void look_at(struct scan *scan, struct known *known, const struct poll *poll)
{
    scan->reads++;
    known->looked_ms = poll->now_ms;
    if (known_needs_all(known, poll->now_ms) || has_changed(scan, known))
        known->kind = judge(scan, known, poll);
}

/* ---- All of them ---- */

static bool open_root(struct scan *scan, clb_error *error)
{
    if (scan->folder != NULL) {
        rewinddir(scan->folder);
        return true;
    }
    scan->folder = opendir(scan->root);
    if (scan->folder != NULL)
        return true;
    error->code = errno;
    snprintf(error->text, sizeof(error->text), "%.200s cannot be read: %s", scan->root,
             strerror(errno));
    return false;
}

/* The first process is somebody else's as a rule: can it be read, so can all. */
static bool sees_others(struct scan *scan, clb_error *error)
{
    struct procfs_stat stat;
    if (!scan->users.others_too || read_stat(scan, 1, &stat))
        return true;
    if (!read_mounts(scan) || !procfs_hides_others(scan->buffer, scan->root))
        return true;
    snprintf(error->text, sizeof(error->text),
             "%.200s is mounted with hidepid, which hides the processes of other users: mount it "
             "with hidepid=0, or run the agent as root",
             scan->root);
    return false;
}

static int look_at_all(struct scan *scan, const struct poll *poll)
{
    const struct dirent *entry;
    int processes = 0;
    while ((entry = readdir(scan->folder)) != NULL) {
        int64_t pid = procfs_parse_pid(entry->d_name);
        if (pid == 0)
            continue;
        struct known unknown = {.pid = pid, .since_ms = poll->now_ms};
        struct known *known = known_see(scan->known, pid, poll->now_ms);
        if (known == NULL)
            known = &unknown; /* no memory: read it every time */
        if (known_is_due(known, poll->now_ms))
            look_at(scan, known, poll);
        processes++;
    }
    return processes;
}

int32_t scan_poll(struct scan *scan, int64_t now_ms, scan_found found, void *context,
                  clb_error *error)
{
    struct poll poll = {found, context, now_ms};
    if (!open_root(scan, error) || !sees_others(scan, error))
        return CLB_UNAVAILABLE;
    known_begin(scan->known);
    scan->reads = 0;
    memset(scan->seen, 0, (size_t)rules_count(scan->rules) * sizeof(scan->seen[0]));
    if (look_at_all(scan, &poll) > 0)
        return CLB_OK;
    scan_close(scan); /* another may be mounted there later */
    snprintf(error->text, sizeof(error->text), "%.200s shows no processes: is it mounted?",
             scan->root);
    return CLB_UNAVAILABLE;
}
