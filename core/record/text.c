/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <assert.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD";

static int is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t text_character(const char *text)
{
    unsigned char first = (unsigned char)text[0];
    if (first < 0x80)
        return first != '\0' ? 1 : 0;
    if (first < 0xC2 || first > 0xF4 || !is_continuation(text[1]))
        return 0;
    if (first < 0xE0)
        return 2;

    unsigned char second = (unsigned char)text[1];
    if (!is_continuation(text[2]))
        return 0;
    if (first < 0xF0) {
        int overlong = first == 0xE0 && second < 0xA0;
        int surrogate = first == 0xED && second > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (!is_continuation(text[3]))
        return 0;
    int out_of_range = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
    return out_of_range ? 0 : 4;
}

/* The well-formed character of `length` bytes is one that text_copy() makes a space of. */
static bool is_control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];
    if (length == 1)
        return first < 0x20 || first == 0x7F;
    unsigned char second = (unsigned char)text[1];
    if (length == 2)
        return first == 0xC2 && second < 0xA0;
    if (length != 3 || first != 0xE2)
        return false;
    unsigned char third = (unsigned char)text[2];
    return (second == 0x80 && third >= 0xA8 && third <= 0xAE) ||
           (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

void text_copy(char *target, size_t capacity, const char *source)
{
    assert(capacity > 0);
    size_t used = 0;
    while (source != NULL && *source != '\0') {
        size_t length = text_character(source);
        const char *piece = length > 0 ? source : replacement;
        size_t piece_length = length > 0 ? length : sizeof(replacement) - 1;
        if (length > 0 && is_control(source, length)) {
            piece = " ";
            piece_length = 1;
        }
        if (used + piece_length >= capacity)
            break;
        memcpy(target + used, piece, piece_length);
        used += piece_length;
        source += length > 0 ? length : 1;
    }
    target[used] = '\0';
}

bool text_is_valid(const char *text)
{
    while (*text != '\0') {
        size_t length = text_character(text);
        if (length == 0)
            return false;
        text += length;
    }
    return true;
}
