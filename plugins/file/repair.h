/* SPDX-License-Identifier: MIT */
/* What a crash may have left at the end of a file of lines. */
#ifndef FILE_REPAIR_H
#define FILE_REPAIR_H

#include <clockblock/abi.h>
#include <stdint.h>

struct repair_result {
    int64_t keep_bytes; /* up to here the lines are whole */
    int64_t last_seq;   /* of the last line that has one; 0: none */
    char last_epoch[37];
};

/* Looks at an open file of `size` bytes, and changes nothing. NULL, or a sentence (static) that
 * says why it is no file of ours; errno is set when it could not be read. */
const char *repair_look(int file, int64_t size, struct repair_result *result);

#endif
