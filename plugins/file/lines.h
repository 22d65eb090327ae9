/* SPDX-License-Identifier: MIT */
/* A file of lines that survives crashes: no line is torn, lost or there twice, also across the
 * files that it has been before. */
#ifndef FILE_LINES_H
#define FILE_LINES_H

#include <clockblock/sink.h>
#include <stdbool.h>

struct lines_limits {
    int64_t max_bytes; /* of a file; 0: no limit */
    bool is_daily;     /* a new file for each day (UTC) */
    int keep;          /* so many older ones */
};

struct lines;

/* NULL: no memory */
struct lines *lines_create(const char *path, const struct lines_limits *limits);
void lines_destroy(struct lines *lines); /* NULL is fine */

/* Opens the file, cuts a torn last line off, and finds out which records were written last: after a
 * crash between writing and the answer the same batch comes again. Refuses what is no file of
 * heartbeats, before anything in it is changed. */
int32_t lines_open(struct lines *lines, clb_error *error);
void lines_close(struct lines *lines);

/* Appends the records that are not in the file yet, and waits until they are on disk; begins a new
 * file where the limits ask for one. *accepted: the leading records that are. On failure the file
 * is as it was after those. A file that was moved away is made anew. */
int32_t lines_append(struct lines *lines, const clb_batch *batch, uint32_t *accepted,
                     clb_error *error);

/* How many bytes of torn lines were cut off since this was asked last. */
int64_t lines_take_cut_bytes(struct lines *lines);

#endif
