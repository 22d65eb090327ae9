/* SPDX-License-Identifier: MIT */
/* Text that grows. */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include <stddef.h>

/* Begin with {0}. */
struct buffer {
    char *text; /* owned by the caller, free with free(); NULL: nothing was put */
    size_t length;
    size_t capacity;
};

/* Both keep a NUL behind the text. */
void buffer_put(struct buffer *buffer, const char *text);
void buffer_put_bytes(struct buffer *buffer, const char *bytes, size_t length);

#endif
