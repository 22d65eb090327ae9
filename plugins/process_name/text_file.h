/* SPDX-License-Identifier: MIT */
/* A small file of text as a whole. */
#ifndef PROCESS_NAME_TEXT_FILE_H
#define PROCESS_NAME_TEXT_FILE_H

#include <stddef.h>

/* With a NUL behind it; the caller frees it. NULL: it is not there, too large, or no regular file:
 * others may put a pipe in its place. `problem` (may be NULL) then says why; static or as strerror
 * has it. */
char *text_file_read(const char *path, size_t most, size_t *length, const char **problem);

#endif
