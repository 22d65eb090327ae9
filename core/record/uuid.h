/* SPDX-License-Identifier: MIT */
/* UUIDs of version 7 and 4 (RFC 9562). Pure: random bytes come from the caller. */
#ifndef RECORD_UUID_H
#define RECORD_UUID_H

#include <stdbool.h>
#include <stdint.h>

enum { UUID_BYTES = 16, UUID_TEXT_CAPACITY = 37, UUID_RANDOM_BYTES = 16 };

/* Keeps ids rising also when the wall clock stands or steps back. Zeroed to begin with. */
struct uuid_source {
    int64_t last_ms;
    uint32_t counter;
};

/* The next version 7 id: 48 bits of ms, 12 bits of counter, 62 random bits. */
void uuid_next(struct uuid_source *source, int64_t wall_ms, const uint8_t random[UUID_RANDOM_BYTES],
               uint8_t uuid[UUID_BYTES]);

/* A version 4 id from random bytes. */
void uuid_random(const uint8_t random[UUID_RANDOM_BYTES], uint8_t uuid[UUID_BYTES]);

void uuid_format(const uint8_t uuid[UUID_BYTES], char text[UUID_TEXT_CAPACITY]);
bool uuid_parse(const char *text,
                uint8_t uuid[UUID_BYTES]); /* either case; hyphens where they belong */

#endif
