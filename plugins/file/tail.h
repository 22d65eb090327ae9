/* SPDX-License-Identifier: MIT */
/* Reads the newest lines of a file: what of a batch is there already. */
#ifndef FILE_TAIL_H
#define FILE_TAIL_H

#include "seen.h"

/* More than the largest batch. */
enum { TAIL_BYTES = 4 * 1024 * 1024 };

struct tail {
    struct seen *seen; /* borrowed */
    int64_t bytes;     /* that were read, of all files */
    bool has_heartbeat;
    char day[11];                  /* of the newest heartbeat in the file; "": none */
    char time[LINE_TIME_CAPACITY]; /* of the newest line in the file; "": none */
};

/* Adds the newest lines of a file to what was seen. Files are read from the newest to older ones:
 * the first that has a heartbeat has the newest. False: it cannot be read, or no memory; errno says
 * why. */
bool tail_read(struct tail *tail, const char *path);

/* Is that all of what a batch can have been? */
bool tail_is_enough(const struct tail *tail);

#endif
