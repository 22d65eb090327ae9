/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TAIL_BYTES = 8192, VECTORS = 512 };

struct lines {
    char *path;
    int file; /* -1: closed */
    dev_t device;
    ino_t inode;
    int64_t last_seq; /* of last_epoch; 0: none */
    char last_epoch[37];
};

struct lines *lines_create(const char *path)
{
    struct lines *lines = calloc(1, sizeof(*lines));
    if (lines == NULL)
        abort();
    lines->path = strdup(path);
    lines->file = -1;
    return lines;
}

void lines_destroy(struct lines *lines)
{
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

static int32_t fail(const struct lines *lines, clb_error *error, const char *what)
{
    error->code = errno;
    snprintf(error->text, sizeof(error->text), "%.300s: %s: %s", lines->path, what,
             strerror(errno));
    return CLB_FAILED;
}

/* What a crash leaves of a line of ours. Anything else at the end is somebody else's, and is not
 * cut. */
static bool is_torn_line(const char *text)
{
    static const char start[] = "{\"id\":\"";
    size_t length = strlen(text);
    return strncmp(text, start, length < sizeof(start) - 1 ? length : sizeof(start) - 1) == 0;
}

/* Reads the end of the file: cuts what comes behind the last line end, and reads the last line. */
static int32_t repair(struct lines *lines, off_t size, clb_error *error)
{
    char tail[TAIL_BYTES + 1];
    off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    ssize_t length = pread(lines->file, tail, (size_t)(size - from), from);
    if (length < 0)
        return fail(lines, error, "cannot be read");
    tail[length] = '\0';
    char *end = memrchr(tail, '\n', (size_t)length);
    off_t keep = end != NULL ? from + (end - tail) + 1 : from == 0 ? 0 : size;
    if (keep < size && !is_torn_line(tail + (keep - from))) {
        errno = EEXIST;
        return fail(lines, error, "ends in something that is not ours, and is left as it is");
    }
    if (keep < size && ftruncate(lines->file, keep) != 0)
        return fail(lines, error, "a torn last line cannot be cut off");
    lines->last_seq = 0;
    if (end == NULL)
        return CLB_OK;
    *end = '\0';
    char *start = memrchr(tail, '\n', (size_t)(end - tail));
    if (!lines_parse(start != NULL ? start + 1 : tail, &lines->last_seq, lines->last_epoch))
        lines->last_seq = 0;
    return CLB_OK;
}

int32_t lines_open(struct lines *lines, clb_error *error)
{
    struct stat status;
    lines->file =
        open(lines->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (lines->file < 0)
        return fail(lines, error, "cannot be opened (its folder has to be there)");
    int32_t status_code = CLB_OK;
    if (fstat(lines->file, &status) != 0)
        status_code = fail(lines, error, "cannot be looked at");
    else if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        status_code = fail(lines, error, "is not a regular file");
    } else {
        lines->device = status.st_dev;
        lines->inode = status.st_ino;
        status_code = repair(lines, status.st_size, error);
    }
    if (status_code != CLB_OK)
        lines_close(lines);
    return status_code;
}

/* Somebody may have moved the file away, to rotate it. */
static int32_t reopen_if_moved(struct lines *lines, clb_error *error)
{
    struct stat status;
    if (lines->file >= 0 && stat(lines->path, &status) == 0 && status.st_dev == lines->device &&
        status.st_ino == lines->inode)
        return CLB_OK;
    lines_close(lines);
    return lines_open(lines, error);
}

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

static bool is_written(const struct lines *lines, const clb_batch *batch, uint32_t index)
{
    return lines->last_seq > 0 && strcmp(lines->last_epoch, batch->epoch) == 0 &&
           batch->records[index]->kind == CLB_RECORD_HEARTBEAT &&
           batch->records[index]->seq <= lines->last_seq;
}

static bool write_records(struct lines *lines, const clb_batch *batch)
{
    static char line_end[] = "\n";
    struct iovec vectors[VECTORS];
    int count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (is_written(lines, batch, i))
            continue;
        vectors[count++] =
            (struct iovec){(char *)batch->records[i]->json, batch->records[i]->json_bytes};
        vectors[count++] = (struct iovec){line_end, 1};
        if (count == VECTORS && !write_all(lines->file, vectors, count))
            return false;
        count = count == VECTORS ? 0 : count;
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
    lines->last_seq = batch->records[batch->count - 1]->seq;
    snprintf(lines->last_epoch, sizeof(lines->last_epoch), "%.36s", batch->epoch);
    return CLB_OK;
}
