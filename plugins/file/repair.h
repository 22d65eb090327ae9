/* SPDX-License-Identifier: MIT */
/* What a crash may have left at the end of a file of lines. */
#ifndef FILE_REPAIR_H
#define FILE_REPAIR_H

#include <clockblock/abi.h>
#include <stdint.h>

/* Looks at an open file of `size` bytes, and changes nothing. *keep_bytes: up to there the lines
 * are whole. NULL, or a sentence (static) that says why it is no file of ours; errno is set when it
 * could not be read. */
const char *repair_look(int file, int64_t size, int64_t *keep_bytes);

#endif
