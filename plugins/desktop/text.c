/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ENCODED_MAX = 4 };

static const uint32_t replacement = 0xFFFD;

/* Where text goes to; `capacity` is without the NUL. */
struct text {
    char *bytes;
    size_t length;
    size_t capacity;
};

static size_t encode(uint32_t code, char *to)
{
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3F));
    to[0] = (char)(marks[length == 1 ? 0 : length] | code);
    return length;
}

/* The character at the begin of `from`, and its length. What is no UTF-8 is one byte long. */
static uint32_t decode(const unsigned char *from, size_t left, size_t *length)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t bytes = from[0] < 0x80 ? 1 : from[0] < 0xE0 ? 2 : from[0] < 0xF0 ? 3 : 4;
    *length = 1;
    if (bytes == 1)
        return from[0];
    if (from[0] < 0xC2 || from[0] > 0xF4 || bytes > left)
        return replacement;
    uint32_t code = from[0] & (0x7FU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((from[i] & 0xC0) != 0x80)
            return replacement;
        code = code << 6 | (from[i] & 0x3F);
    }
    if (code < smallest[bytes] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return replacement;
    *length = bytes;
    return code;
}

/* False: there is no room for it. */
static bool add(struct text *text, uint32_t code)
{
    char encoded[ENCODED_MAX];
    if (code < ' ' || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029)
        code = ' ';
    if (code == ' ' && text->length == 0)
        return true;
    size_t length = encode(code, encoded);
    if (length > text->capacity - text->length)
        return false;
    memcpy(text->bytes + text->length, encoded, length);
    text->length += length;
    return true;
}

static void end(struct text *text)
{
    while (text->length > 0 && text->bytes[text->length - 1] == ' ')
        text->length--;
    text->bytes[text->length] = '\0';
}

void desktop_text_utf8(char *to, size_t capacity, const char *from, size_t length)
{
    assert(capacity > 0);
    struct text text = {to, 0, capacity - 1};
    size_t used = 0;
    for (size_t at = 0; at < length; at += used) {
        uint32_t code = decode((const unsigned char *)from + at, length - at, &used);
        if (!add(&text, code))
            break;
    }
    end(&text);
}

void desktop_text_latin1(char *to, size_t capacity, const char *from, size_t length)
{
    assert(capacity > 0);
    struct text text = {to, 0, capacity - 1};
    for (size_t at = 0; at < length && add(&text, (unsigned char)from[at]); at++)
        continue;
    end(&text);
}
