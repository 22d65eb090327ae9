/* SPDX-License-Identifier: MIT */
/* What a file of lines was called before it was full: PATH.20260116T120000Z-000000, by the time of
 * its newest line. The names sort in the order in which the files were written, also when the clock
 * was set back in between. */
#ifndef FILE_ROTATED_H
#define FILE_ROTATED_H

#include <stdbool.h>

struct rotated {
    char **paths; /* owned; the oldest first */
    int count;
};

/* Finds them beside `path`. False: the folder cannot be read, or no memory; errno says why. */
bool rotated_find(struct rotated *rotated, const char *path);
void rotated_finish(struct rotated *rotated);

/* The path for the next one, to be freed with free(); NULL: no memory. `time` is a timestamp_utc,
 * or "". */
char *rotated_next(const struct rotated *rotated, const char *path, const char *time);

/* Deletes the oldest, so that no more than `keep` are left. */
void rotated_prune(const struct rotated *rotated, int keep);

#endif
