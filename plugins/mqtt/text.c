/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct text *text, const char *bytes, size_t length)
{
    if (text->has_failed)
        return;
    if (text->capacity - text->length <= length) {
        size_t capacity = text->capacity * 2 + length + 256;
        char *larger = realloc(text->bytes, capacity);
        if (larger == NULL) {
            text->has_failed = true;
            return;
        }
        text->bytes = larger;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *more)
{
    append(text, more, strlen(more));
}

static void append_escaped(struct text *text, char character)
{
    char escaped[8];
    bool is_control = (unsigned char)character < 0x20;
    snprintf(escaped, sizeof(escaped), is_control ? "\\u%04x" : "\\%c", character);
    text_add(text, escaped);
}

void text_add_string(struct text *text, const char *more)
{
    if (more == NULL) {
        text_add(text, "null");
        return;
    }
    append(text, "\"", 1);
    while (*more != '\0') {
        size_t plain = 0;
        while ((unsigned char)more[plain] >= 0x20 && more[plain] != '"' && more[plain] != '\\')
            plain++;
        append(text, more, plain);
        more += plain;
        if (*more != '\0')
            append_escaped(text, *more++);
    }
    append(text, "\"", 1);
}

void text_add_minutes(struct text *text, int64_t ms)
{
    char number[32];
    snprintf(number, sizeof(number), "%" PRId64 ".%03" PRId64, ms / 60000, ms % 60000 / 60);
    text_add(text, number);
}

bool text_is_whole(const struct text *text)
{
    return !text->has_failed && text->bytes != NULL;
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->has_failed = false;
}

void text_finish(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}
