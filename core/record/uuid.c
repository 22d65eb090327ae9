/* SPDX-License-Identifier: MIT */
#include "uuid.h"

#include <string.h>

enum { COUNTER_LIMIT = 1 << 12 };

static void stamp(uint8_t uuid[UUID_BYTES], unsigned version)
{
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | (version << 4));
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

void uuid_next(struct uuid_source *source, int64_t wall_ms, const uint8_t random[UUID_RANDOM_BYTES],
               uint8_t uuid[UUID_BYTES])
{
    if (wall_ms > source->last_ms) {
        source->last_ms = wall_ms;
        source->counter = 0;
    } else if (++source->counter >= COUNTER_LIMIT) {
        /* More ids than a millisecond has room for: borrow from the next one. */
        source->last_ms++;
        source->counter = 0;
    }

    memcpy(uuid, random, UUID_BYTES);
    for (int i = 0; i < 6; i++)
        uuid[i] = (uint8_t)(source->last_ms >> (40 - 8 * i));
    uuid[6] = (uint8_t)(source->counter >> 8);
    uuid[7] = (uint8_t)source->counter;
    stamp(uuid, 7);
}

void uuid_random(const uint8_t random[UUID_RANDOM_BYTES], uint8_t uuid[UUID_BYTES])
{
    memcpy(uuid, random, UUID_BYTES);
    stamp(uuid, 4);
}

static bool has_hyphen_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const uint8_t uuid[UUID_BYTES], char text[UUID_TEXT_CAPACITY])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < UUID_BYTES; i++) {
        if (has_hyphen_before(i))
            *text++ = '-';
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 0x0F];
    }
    *text = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(const char *text, uint8_t uuid[UUID_BYTES])
{
    uint8_t parsed[UUID_BYTES];
    for (int i = 0; i < UUID_BYTES; i++) {
        if (has_hyphen_before(i) && *text++ != '-')
            return false;
        int high = hex_value(text[0]);
        int low = high >= 0 ? hex_value(text[1]) : -1;
        if (low < 0)
            return false;
        parsed[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text != '\0')
        return false;
    memcpy(uuid, parsed, UUID_BYTES);
    return true;
}
