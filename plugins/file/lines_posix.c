/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include "owned_posix.h"
#include "repair.h"
#include "rotated.h"
#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { VECTORS = 512 };

struct lines {
    char *path; /* owned */
    struct lines_limits limits;
    int file; /* -1: closed */
    dev_t device;
    ino_t inode;
    int64_t bytes; /* of the file */
    struct seen seen;
    bool has_history;              /* the files before this one were read */
    char day[11];                  /* of the newest heartbeat in the file; "": none */
    char time[LINE_TIME_CAPACITY]; /* of the newest line in it; "": none */
    int64_t cut_bytes;
};

struct lines *lines_create(const char *path, const struct lines_limits *limits)
{
    struct lines *lines = calloc(1, sizeof(*lines));
    if (lines == NULL)
        return NULL;
    lines->file = -1;
    lines->limits = *limits;
    lines->path = strdup(path);
    if (lines->path != NULL)
        return lines;
    free(lines);
    return NULL;
}

void lines_destroy(struct lines *lines)
{
    if (lines == NULL)
        return;
    lines_close(lines);
    seen_finish(&lines->seen);
    free(lines->path);
    free(lines);
}

void lines_close(struct lines *lines)
{
    if (lines->file >= 0)
        close(lines->file);
    lines->file = -1;
}

int64_t lines_take_cut_bytes(struct lines *lines)
{
    int64_t bytes = lines->cut_bytes;
    lines->cut_bytes = 0;
    return bytes;
}

static int32_t fail(const struct lines *lines, clb_error *error, const char *what)
{
    error->code = errno;
    snprintf(error->text, sizeof(error->text), "%.300s: %s%s%s", lines->path, what,
             errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    return CLB_FAILED;
}

/* ---- Opening ---- */

/* A file that is new, or has a new name, is durable when its folder is too. Some file systems
 * cannot do that, and need not. */
static void sync_folder(const struct lines *lines)
{
    char *folder = strdup(lines->path);
    if (folder == NULL)
        return;
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    int file = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) {
        (void)fsync(file);
        close(file);
    }
    free(folder);
}

static int32_t look_and_repair(struct lines *lines, clb_error *error)
{
    struct stat status;
    int64_t keep_bytes;
    if (fstat(lines->file, &status) != 0)
        return fail(lines, error, "cannot be looked at");
    errno = 0;
    if (!S_ISREG(status.st_mode))
        return fail(lines, error, "is not a regular file: give another path");
    const char *problem = repair_look(lines->file, status.st_size, &keep_bytes);
    if (problem != NULL)
        return fail(lines, error, problem);
    if (keep_bytes < status.st_size) {
        if (ftruncate(lines->file, (off_t)keep_bytes) != 0)
            return fail(lines, error, "a torn last line cannot be cut off");
        lines->cut_bytes += status.st_size - keep_bytes;
    }
    if (status.st_size == 0)
        sync_folder(lines);
    lines->device = status.st_dev;
    lines->inode = status.st_ino;
    lines->bytes = keep_bytes;
    lines->day[0] = '\0';
    lines->time[0] = '\0';
    return CLB_OK;
}

static int32_t open_file(struct lines *lines, clb_error *error)
{
    lines_close(lines);
    lines->file = owned_open(lines->path, O_RDWR | O_APPEND | O_NOCTTY | O_NONBLOCK);
    if (lines->file < 0)
        return fail(lines, error,
                    errno == ENOENT ? "its folder is not there, and is not made for you"
                                    : "cannot be opened");
    int32_t status = look_and_repair(lines, error);
    if (status != CLB_OK)
        lines_close(lines);
    return status;
}

/* Reads what was written last: here, and before this process wrote itself in the files that this
 * one has been. */
static bool read_tails(struct lines *lines)
{
    struct tail tail = {.seen = &lines->seen};
    struct rotated rotated;
    if (!tail_read(&tail, lines->path))
        return false;
    memcpy(lines->day, tail.day, sizeof(lines->day));
    memcpy(lines->time, tail.time, sizeof(lines->time));
    if (lines->has_history || tail_is_enough(&tail))
        return true;
    if (!rotated_find(&rotated, lines->path))
        return false;
    bool is_read = true;
    for (int i = rotated.count - 1; i >= 0 && is_read && !tail_is_enough(&tail); i--)
        is_read = tail_read(&tail, rotated.paths[i]);
    rotated_finish(&rotated);
    lines->has_history = is_read;
    return is_read;
}

int32_t lines_open(struct lines *lines, clb_error *error)
{
    int32_t status = open_file(lines, error);
    if (status != CLB_OK || read_tails(lines))
        return status;
    status = fail(lines, error, "what was written last cannot be read");
    lines_close(lines);
    return status;
}

/* Somebody may have moved the file away, to rotate it. What this process wrote itself it remembers,
 * also when that file is gone. */
static int32_t reopen_if_moved(struct lines *lines, clb_error *error)
{
    struct stat status;
    if (lines->file >= 0 && stat(lines->path, &status) == 0 && status.st_dev == lines->device &&
        status.st_ino == lines->inode)
        return CLB_OK;
    return lines_open(lines, error);
}

/* ---- Rotating ---- */

/* What is in the file is on disk. Killed in here, it goes on with the file as it was, or with a new
 * one: the newest line is found in either. */
static int32_t rotate(struct lines *lines, clb_error *error)
{
    struct rotated rotated;
    if (!rotated_find(&rotated, lines->path))
        return fail(lines, error, "its folder cannot be read, to rotate it");
    int32_t status = CLB_OK;
    char *name = rotated_next(&rotated, lines->path, lines->time);
    if (name == NULL || rename(lines->path, name) != 0)
        status = fail(lines, error, "cannot be renamed, to rotate it");
    free(name);
    if (status == CLB_OK) {
        sync_folder(lines);
        rotated_prune(&rotated, lines->limits.keep - 1); /* and the new one */
        status = open_file(lines, error);
    }
    rotated_finish(&rotated);
    return status;
}

/* Kinds of later days are skipped, as the contract asks. */
static bool is_wanted(const struct lines *lines, const clb_batch *batch, const clb_record *record)
{
    bool is_known = record->kind == CLB_RECORD_HEARTBEAT || record->kind == CLB_RECORD_GAP;
    return is_known && !seen_has(&lines->seen, batch, record);
}

static bool is_new_day(const struct lines *lines, const clb_record *record, const char *day)
{
    return lines->limits.is_daily && record->kind == CLB_RECORD_HEARTBEAT && day[0] != '\0' &&
           strncmp(record->timestamp_utc, day, sizeof(lines->day) - 1) != 0;
}

/* How many records from `first` on belong into this file; 0: it is full. */
static uint32_t count_fitting(const struct lines *lines, const clb_batch *batch, uint32_t first)
{
    int64_t bytes = lines->bytes;
    const char *day = lines->day;
    uint32_t i = first;
    for (; i < batch->count; i++) {
        const clb_record *record = batch->records[i];
        if (!is_wanted(lines, batch, record))
            continue;
        int64_t larger = bytes + record->json_bytes + 1;
        bool is_full = lines->limits.max_bytes > 0 && bytes > 0 && larger > lines->limits.max_bytes;
        if (is_full || is_new_day(lines, record, day))
            break;
        bytes = larger;
        if (record->kind == CLB_RECORD_HEARTBEAT)
            day = record->timestamp_utc;
    }
    return i - first;
}

/* ---- Writing ---- */

static bool write_all(int file, struct iovec *vectors, int count)
{
    while (count > 0) {
        ssize_t written = writev(file, vectors, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        size_t rest = (size_t)written;
        while (count > 0 && rest >= vectors->iov_len) {
            rest -= vectors->iov_len;
            vectors++;
            count--;
        }
        if (count > 0) {
            vectors->iov_base = (char *)vectors->iov_base + rest;
            vectors->iov_len -= rest;
        }
    }
    return true;
}

static bool write_records(const struct lines *lines, const clb_batch *batch, uint32_t first,
                          uint32_t end)
{
    static char line_end[] = "\n";
    struct iovec vectors[VECTORS];
    int count = 0;
    for (uint32_t i = first; i < end; i++) {
        const clb_record *record = batch->records[i];
        if (!is_wanted(lines, batch, record))
            continue;
        vectors[count++] = (struct iovec){(char *)record->json, record->json_bytes};
        vectors[count++] = (struct iovec){line_end, 1};
        if (count < VECTORS)
            continue;
        if (!write_all(lines->file, vectors, count))
            return false;
        count = 0;
    }
    return write_all(lines->file, vectors, count);
}

/* These are in the file now. */
static void note_written(struct lines *lines, const clb_batch *batch, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const clb_record *record = batch->records[i];
        if (!is_wanted(lines, batch, record))
            continue;
        lines->bytes += record->json_bytes + 1;
        snprintf(lines->time, sizeof(lines->time), "%s", record->timestamp_utc);
        if (record->kind == CLB_RECORD_GAP) {
            (void)seen_add_gap(&lines->seen,
                               record->id); /* without memory: found at the next open */
            continue;
        }
        snprintf(lines->day, sizeof(lines->day), "%.10s", record->timestamp_utc);
        seen_add_heartbeat(&lines->seen, record->seq, batch->epoch);
    }
}

/* All of them, on disk, or none. */
static int32_t append_some(struct lines *lines, const clb_batch *batch, uint32_t first,
                           uint32_t count, clb_error *error)
{
    if (!write_records(lines, batch, first, first + count) || fdatasync(lines->file) != 0) {
        int32_t status = fail(lines, error, "cannot be written");
        if (ftruncate(lines->file, (off_t)lines->bytes) != 0)
            lines_close(lines); /* opened again, and repaired, at the next batch */
        return status;
    }
    note_written(lines, batch, first, first + count);
    return CLB_OK;
}

int32_t lines_append(struct lines *lines, const clb_batch *batch, uint32_t *accepted,
                     clb_error *error)
{
    *accepted = 0;
    int32_t status = reopen_if_moved(lines, error);
    while (status == CLB_OK && *accepted < batch->count) {
        uint32_t count = count_fitting(lines, batch, *accepted);
        status =
            count > 0 ? append_some(lines, batch, *accepted, count, error) : rotate(lines, error);
        if (status == CLB_OK)
            *accepted += count;
    }
    return status;
}
