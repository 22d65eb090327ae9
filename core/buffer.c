/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void buffer_put_bytes(struct buffer *buffer, const char *bytes, size_t length)
{
    if (buffer->capacity - buffer->length < length + 1) {
        buffer->capacity = buffer->capacity * 2 + length + 4096;
        buffer->text = realloc(buffer->text, buffer->capacity);
        assert(buffer->text != NULL);
    }
    memcpy(buffer->text + buffer->length, bytes, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

void buffer_put(struct buffer *buffer, const char *text)
{
    buffer_put_bytes(buffer, text, strlen(text));
}
