/* SPDX-License-Identifier: MIT */
/* A file of lines that survives crashes: no line is torn, lost or there twice. */
#ifndef FILE_LINES_H
#define FILE_LINES_H

#include <clockblock/sink.h>

struct lines;

struct lines *lines_create(const char *path); /* NULL: no memory */
void lines_destroy(struct lines *lines);      /* NULL is fine */

/* Opens the file, cuts a torn last line off, and finds out which record was written last: after a
 * crash between writing and the answer the same batch comes again. Refuses what is no file of
 * heartbeats, before anything in it is changed. */
int32_t lines_open(struct lines *lines, clb_error *error);
void lines_close(struct lines *lines);

/* Appends the records that are not in the file yet, and waits until they are on disk. On failure
 * the file is as it was. A file that was moved away is made anew. */
int32_t lines_append(struct lines *lines, const clb_batch *batch, clb_error *error);

/* How many bytes of torn lines were cut off since this was asked last. */
int64_t lines_take_cut_bytes(struct lines *lines);

/* The seq and epoch in a line; false when it has none. Pure. */
int lines_parse(const char *line, int64_t *seq, char epoch[37]);

#endif
