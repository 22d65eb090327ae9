/* SPDX-License-Identifier: MIT */
/* What others call text, made into what we call text: valid UTF-8 on one line, cut between two
 * characters where it is too long. Pure. */
#ifndef DESKTOP_TEXT_H
#define DESKTOP_TEXT_H

#include <stddef.h>

/* From `length` bytes that should be UTF-8: what is not becomes U+FFFD; NUL, line ends and other
 * control characters become spaces, and there are none at either end. */
void desktop_text_utf8(char *to, size_t capacity, const char *from, size_t length);

/* The same from ISO 8859-1, which old programs on X11 write. */
void desktop_text_latin1(char *to, size_t capacity, const char *from, size_t length);

#endif
