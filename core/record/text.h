/* SPDX-License-Identifier: MIT */
/* UTF-8, as it comes from outside: checked and repaired. Pure. */
#ifndef RECORD_TEXT_H
#define RECORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character at `text`, 1 to 4; 0 when what stands there is none (overlong,
 * surrogate, beyond U+10FFFF, cut short by the NUL). Never reads past the NUL. */
size_t text_character(const char *text);

/* Is all of it UTF-8? */
bool text_is_valid(const char *text);

/* Copies `source` (NULL: "") into `target`, cut between characters to what fits with a NUL. Bytes
 * that are no UTF-8 become U+FFFD. What could command or mislead a terminal becomes a space each:
 * control characters (U+0000..U+001F, U+007F..U+009F), separators of lines and paragraphs
 * (U+2028, U+2029), and what overrides or isolates the direction of writing (U+202A..U+202E,
 * U+2066..U+2069). Reads at most 4 * capacity bytes. */
void text_copy(char *target, size_t capacity, const char *source);

#endif
