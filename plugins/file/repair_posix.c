/* SPDX-License-Identifier: MIT */
#include "repair.h"

#include "line.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* A torn line, or what a loss of power left in its place, is not longer than what is written at
 * once. */
enum { CHUNK_BYTES = 16 * 1024, TORN_MAX_BYTES = 4 * 1024 * 1024 };

static const char cannot_read[] = "cannot be read";
static const char not_ours[] = "is no file of heartbeats: give another path";

/* Reads exactly that piece. */
static bool read_at(int file, char *buffer, size_t length, int64_t at)
{
    size_t used = 0;
    while (used < length) {
        ssize_t got = pread(file, buffer + used, length - used, (off_t)at + (off_t)used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO; /* it shrank under our hands */
        if (got <= 0)
            return false;
        used += (size_t)got;
    }
    return true;
}

/* Where the last whole line ends: behind its '\n'. -1: could not be read, or is too far away. */
static int64_t find_end(int file, int64_t size)
{
    char chunk[CHUNK_BYTES];
    int64_t to = size;
    while (to > 0 && size - to <= TORN_MAX_BYTES) {
        int64_t from = to > CHUNK_BYTES ? to - CHUNK_BYTES : 0;
        if (!read_at(file, chunk, (size_t)(to - from), from))
            return -1;
        const char *end = memrchr(chunk, '\n', (size_t)(to - from));
        if (end != NULL)
            return from + (end - chunk) + 1;
        to = from;
    }
    errno = 0;
    return to == 0 ? 0 : -1;
}

/* What is at this place is ours as far as it goes: a line of ours, whole or torn, or the zeroes
 * that a loss of power leaves in its place. */
static bool is_ours_at(int file, int64_t at, int64_t size, bool *ours)
{
    char found[32] = "";
    int64_t left = size - at;
    size_t length = left < (int64_t)sizeof(found) ? (size_t)left : sizeof(found);
    if (length > 0 && !read_at(file, found, length, at))
        return false;
    *ours = found[0] == '\0' || line_begins(found, length);
    return true;
}

const char *repair_look(int file, int64_t size, int64_t *keep_bytes)
{
    bool begins_as_ours;
    bool tail_is_ours;
    if (!is_ours_at(file, 0, size, &begins_as_ours))
        return cannot_read;
    if (!begins_as_ours)
        return not_ours;
    *keep_bytes = find_end(file, size);
    if (*keep_bytes < 0)
        return errno != 0 ? cannot_read : not_ours;
    if (!is_ours_at(file, *keep_bytes, size, &tail_is_ours))
        return cannot_read;
    return tail_is_ours ? NULL : not_ours;
}
