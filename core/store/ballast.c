/* SPDX-License-Identifier: MIT */
/*
 * A full disk wedges a database with a wal: even to delete, or to fold the wal, takes room. So a
 * file of no use lies beside it, and goes when the disk is full: what it held is enough to fold the
 * wal, and for some hours of heartbeats. It comes back once there is plenty of room.
 */
#include "store_internal.h"

#include "log.h"
#include "platform/process.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { BALLAST_BYTES = 256 * 1024, ROOM_FACTOR = 8 };

static bool ballast_path(char ballast[PATH_CAPACITY], const char *path)
{
    return snprintf(ballast, PATH_CAPACITY, "%s.ballast", path) < PATH_CAPACITY;
}

void ballast_place(const char *path)
{
    char ballast[PATH_CAPACITY];
    struct error error = {0};
    if (!ballast_path(ballast, path) || file_size(ballast) == BALLAST_BYTES ||
        file_free_bytes(path) < (int64_t)ROOM_FACTOR * BALLAST_BYTES)
        return;
    static_assert(ROOM_FACTOR > 2, "it must not fill the disk that it is kept for");
    char *bytes = malloc(BALLAST_BYTES);
    assert(bytes != NULL);
    process_random(bytes, BALLAST_BYTES); /* some file systems do not store zeros */
    if (file_write(ballast, bytes, BALLAST_BYTES, &error) != 0)
        log_debug("store", "%s", error.text);
    free(bytes);
}

bool ballast_drop(const char *path)
{
    char ballast[PATH_CAPACITY];
    return ballast_path(ballast, path) && remove(ballast) == 0;
}
