/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include "repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { VECTORS = 512 };

struct lines {
    char *path; /* owned */
    int file;   /* -1: closed */
    dev_t device;
    ino_t inode;
    int64_t last_seq; /* of last_epoch; 0: none */
    char last_epoch[37];
    int64_t cut_bytes;
};

struct lines *lines_create(const char *path)
{
    struct lines *lines = calloc(1, sizeof(*lines));
    if (lines == NULL)
        return NULL;
    lines->file = -1;
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

/* A new file is durable when its folder is too. Some file systems cannot do that, and need not. */
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

/* What this process wrote itself it remembers, also when that file was moved away. */
static void remember(struct lines *lines, int64_t seq, const char *epoch)
{
    if (strcmp(lines->last_epoch, epoch) == 0 && seq <= lines->last_seq)
        return;
    lines->last_seq = seq;
    snprintf(lines->last_epoch, sizeof(lines->last_epoch), "%.36s", epoch);
}

static int32_t look_and_repair(struct lines *lines, clb_error *error)
{
    struct stat status;
    struct repair_result found;
    if (fstat(lines->file, &status) != 0)
        return fail(lines, error, "cannot be looked at");
    errno = 0;
    if (!S_ISREG(status.st_mode))
        return fail(lines, error, "is not a regular file: give another path");
    const char *problem = repair_look(lines->file, status.st_size, &found);
    if (problem != NULL)
        return fail(lines, error, problem);
    if (found.keep_bytes < status.st_size) {
        if (ftruncate(lines->file, (off_t)found.keep_bytes) != 0)
            return fail(lines, error, "a torn last line cannot be cut off");
        lines->cut_bytes += status.st_size - found.keep_bytes;
    }
    if (status.st_size == 0)
        sync_folder(lines);
    if (found.last_seq > 0)
        remember(lines, found.last_seq, found.last_epoch);
    lines->device = status.st_dev;
    lines->inode = status.st_ino;
    return CLB_OK;
}

int32_t lines_open(struct lines *lines, clb_error *error)
{
    lines_close(lines);
    lines->file =
        open(lines->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (lines->file < 0)
        return fail(lines, error,
                    errno == ENOENT ? "its folder is not there, and is not made for you"
                                    : "cannot be opened");
    int32_t status = look_and_repair(lines, error);
    if (status != CLB_OK)
        lines_close(lines);
    return status;
}

/* Somebody may have moved the file away, to rotate it. */
static int32_t reopen_if_moved(struct lines *lines, clb_error *error)
{
    struct stat status;
    if (lines->file >= 0 && stat(lines->path, &status) == 0 && status.st_dev == lines->device &&
        status.st_ino == lines->inode)
        return CLB_OK;
    return lines_open(lines, error);
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

/* Kinds of later days are skipped, as the contract asks. */
static bool is_wanted(const struct lines *lines, const clb_batch *batch, const clb_record *record)
{
    if (record->kind == CLB_RECORD_GAP)
        return true;
    return record->kind == CLB_RECORD_HEARTBEAT &&
           (strcmp(lines->last_epoch, batch->epoch) != 0 || record->seq > lines->last_seq);
}

static bool write_records(const struct lines *lines, const clb_batch *batch)
{
    static char line_end[] = "\n";
    struct iovec vectors[VECTORS];
    int count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
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

int32_t lines_append(struct lines *lines, const clb_batch *batch, clb_error *error)
{
    struct stat before;
    int32_t status = reopen_if_moved(lines, error);
    if (status != CLB_OK)
        return status;
    if (fstat(lines->file, &before) != 0)
        return fail(lines, error, "cannot be looked at");
    if (!write_records(lines, batch) || fdatasync(lines->file) != 0) {
        status = fail(lines, error, "cannot be written");
        if (ftruncate(lines->file, before.st_size) != 0)
            lines_close(lines); /* opened again, and repaired, at the next batch */
        return status;
    }
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->records[i]->kind == CLB_RECORD_HEARTBEAT)
            remember(lines, batch->records[i]->seq, batch->epoch);
    return CLB_OK;
}
