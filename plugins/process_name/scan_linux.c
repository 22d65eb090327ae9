/* SPDX-License-Identifier: MIT */
#include "scan.h"

#include "procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A process may exec into a game: it is read at every poll while it is young, and later at least so
 * often. */
enum { YOUNG_MS = 60 * 1000, SECOND_LOOK_MS = 10 * 1000 };
enum { STAT_BYTES = 1024, ARGUMENTS_BYTES = 16 * 1024 };

struct known {
    int64_t pid; /* 0: the place is free */
    uint64_t start_ticks;
    int64_t first_seen_ms;
    int64_t read_at_ms;  /* when it is to be read again */
    unsigned generation; /* of the poll that saw it last */
    bool matched;
};

struct scan {
    char *root;
    const struct rules *rules;
    int64_t *users;
    int users_count;
    struct known *table; /* open addressing; capacity is a power of two */
    int capacity;
    int count;
    unsigned generation;
    int reads;
    bool *seen; /* one for each rule */
    char arguments[ARGUMENTS_BYTES + 1];
};

struct scan *scan_create(const char *root, const struct rules *rules, const int64_t *users,
                         int users_count)
{
    struct scan *scan = calloc(1, sizeof(*scan));
    if (scan == NULL)
        return NULL;
    scan->capacity = 1024;
    scan->root = strdup(root);
    scan->rules = rules;
    scan->users = calloc((size_t)users_count + 1, sizeof(scan->users[0]));
    scan->table = calloc((size_t)scan->capacity, sizeof(scan->table[0]));
    scan->seen = calloc((size_t)rules_count(rules) + 1, sizeof(scan->seen[0]));
    if (scan->root == NULL || scan->users == NULL || scan->table == NULL || scan->seen == NULL) {
        scan_destroy(scan);
        return NULL;
    }
    if (users_count > 0)
        memcpy(scan->users, users, (size_t)users_count * sizeof(users[0]));
    scan->users_count = users_count;
    return scan;
}

void scan_destroy(struct scan *scan)
{
    if (scan == NULL)
        return;
    free(scan->root);
    free(scan->users);
    free(scan->table);
    free(scan->seen);
    free(scan);
}

int scan_reads(const struct scan *scan)
{
    return scan->reads;
}

/* ---- The table of known processes ---- */

static struct known *place_of(struct known *table, int capacity, int64_t pid)
{
    uint64_t at = (uint64_t)pid * 0x9E3779B97F4A7C15u >> 32;
    for (;; at++) {
        struct known *known = &table[at & (uint64_t)(capacity - 1)];
        if (known->pid == pid || known->pid == 0)
            return known;
    }
}

/* Drops those that this poll did not see, and makes room. */
static bool rebuild(struct scan *scan, int capacity)
{
    struct known *table = calloc((size_t)capacity, sizeof(table[0]));
    if (table == NULL)
        return false;
    scan->count = 0;
    for (int i = 0; i < scan->capacity; i++) {
        const struct known *known = &scan->table[i];
        if (known->pid == 0 || known->generation != scan->generation)
            continue;
        *place_of(table, capacity, known->pid) = *known;
        scan->count++;
    }
    free(scan->table);
    scan->table = table;
    scan->capacity = capacity;
    return true;
}

/* ---- One process ---- */

static ssize_t read_file(const char *path, char *buffer, size_t capacity)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    size_t used = 0;
    while (used < capacity) {
        ssize_t got = read(file, buffer + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    close(file);
    return (ssize_t)used;
}

static bool counts_user(const struct scan *scan, const char *folder)
{
    struct stat status;
    if (scan->users_count == 0)
        return true;
    if (stat(folder, &status) != 0)
        return false;
    for (int i = 0; i < scan->users_count; i++)
        if (scan->users[i] == (int64_t)status.st_uid)
            return true;
    return false;
}

static const char *program_of(const struct process_view *view)
{
    const char *program = view->arguments_bytes > 0 ? rules_basename(view->arguments) : "";
    return program[0] != '\0' ? program : view->comm;
}

struct poll {
    scan_found found;
    void *context;
    int64_t now_ms;
};

/* Reads a process; a process that is gone meanwhile is no match, and no error. */
static void look_at(struct scan *scan, const char *folder, struct known *known,
                    const struct poll *poll)
{
    char path[4096 + 16];
    char text[STAT_BYTES + 1];
    struct procfs_stat stat;
    known->matched = false;
    scan->reads++;
    snprintf(path, sizeof(path), "%s/stat", folder);
    ssize_t length = read_file(path, text, STAT_BYTES);
    text[length > 0 ? length : 0] = '\0';
    if (length <= 0 || !procfs_parse_stat(text, &stat))
        return;
    if (known->start_ticks != stat.start_ticks) {
        /* The pid was given to another process. */
        known->start_ticks = stat.start_ticks;
        known->first_seen_ms = poll->now_ms;
    }
    if (stat.state == 'Z' || stat.state == 'X' || stat.parent == 2 || known->pid == 2)
        return; /* dead, or a thread of the kernel */
    if (!counts_user(scan, folder))
        return;

    snprintf(path, sizeof(path), "%s/cmdline", folder);
    length = read_file(path, scan->arguments, ARGUMENTS_BYTES);
    scan->arguments[length > 0 ? length : 0] = '\0';
    struct process_view view = {stat.comm, scan->arguments, length > 0 ? (size_t)length : 0};
    struct rule_match match = rules_match(scan->rules, &view);
    known->matched = match.rule >= 0;
    if (!known->matched || scan->seen[match.rule])
        return;
    scan->seen[match.rule] = true;
    poll->found(match.rule, match.confidence, program_of(&view), known->pid, poll->context);
}

static void visit(struct scan *scan, const char *name, int64_t pid, const struct poll *poll)
{
    char folder[4096];
    struct known *known = place_of(scan->table, scan->capacity, pid);
    bool is_new = known->pid == 0;
    if (is_new) {
        *known = (struct known){.pid = pid, .first_seen_ms = poll->now_ms};
        scan->count++;
    }
    known->generation = scan->generation;
    bool is_young = poll->now_ms - known->first_seen_ms < YOUNG_MS;
    if (!is_new && !is_young && !known->matched && poll->now_ms < known->read_at_ms)
        return;
    snprintf(folder, sizeof(folder), "%s/%s", scan->root, name);
    look_at(scan, folder, known, poll);
    /* Spread by the pid, so that not all of them fall due at one poll. */
    known->read_at_ms = poll->now_ms + SECOND_LOOK_MS / 2 + pid * 7919 % (SECOND_LOOK_MS / 2);
}

int32_t scan_poll(struct scan *scan, int64_t now_ms, scan_found found, void *context,
                  clb_error *error)
{
    struct poll poll = {found, context, now_ms};
    DIR *folder = opendir(scan->root);
    if (folder == NULL) {
        snprintf(error->text, sizeof(error->text), "%.200s cannot be read: %s", scan->root,
                 strerror(errno));
        return CLB_UNAVAILABLE;
    }
    scan->generation++;
    scan->reads = 0;
    memset(scan->seen, 0, (size_t)rules_count(scan->rules) * sizeof(scan->seen[0]));
    int processes = 0;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        int64_t pid = procfs_parse_pid(entry->d_name);
        if (pid == 0)
            continue;
        if (scan->count >= scan->capacity / 2 && !rebuild(scan, scan->capacity * 2))
            break;
        visit(scan, entry->d_name, pid, &poll);
        processes++;
    }
    closedir(folder);
    if (scan->count > 2 * processes + 64)
        (void)rebuild(scan, scan->capacity);
    if (processes > 0)
        return CLB_OK;
    snprintf(error->text, sizeof(error->text), "%.200s shows no processes: is it mounted?",
             scan->root);
    return CLB_UNAVAILABLE;
}
