/* SPDX-License-Identifier: MIT */
/* A file of lines that survives crashes: no line is torn, lost or there twice. */
#ifndef FILE_LINES_H
#define FILE_LINES_H

#include <clockblock/sink.h>

struct lines;

struct lines *lines_create(const char *path);
void lines_destroy(struct lines *lines);

/* Opens the file, cuts a torn last line off, and finds out which record was written last: after a
 * crash between writing and the answer the same batch comes again. */
int32_t lines_open(struct lines *lines, clb_error *error);
void lines_close(struct lines *lines);

/* Appends the records that are not in the file yet, and waits until they are on disk. On failure
 * the file is as it was. */
int32_t lines_append(struct lines *lines, const clb_batch *batch, clb_error *error);

/* The seq and epoch in a line; false when it has none. Pure. */
int lines_parse(const char *line, int64_t *seq, char epoch[37]);

#endif
