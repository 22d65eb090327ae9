/* SPDX-License-Identifier: MIT */
/* TZif data: RFC 9636. The bytes are not trusted. */
#include "zone_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, OFFSET_MAX_SEC = 26 * 3600 };
enum { TRANSITIONS_MAX = 10000, TYPES_MAX = 256, CHARACTERS_MAX = 10000 };

struct header {
    unsigned char version;
    uint32_t ut_count;
    uint32_t std_count;
    uint32_t leap_count;
    uint32_t time_count;
    uint32_t type_count;
    uint32_t char_count;
};

static uint32_t read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t read_i64(const unsigned char *bytes)
{
    return (int64_t)((uint64_t)read_u32(bytes) << 32 | read_u32(bytes + 4));
}

static bool read_header(const unsigned char *bytes, size_t length, struct header *header)
{
    if (length < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0)
        return false;
    header->version = bytes[4];
    header->ut_count = read_u32(bytes + 20);
    header->std_count = read_u32(bytes + 24);
    header->leap_count = read_u32(bytes + 28);
    header->time_count = read_u32(bytes + 32);
    header->type_count = read_u32(bytes + 36);
    header->char_count = read_u32(bytes + 40);
    /* With these bounds no sum below can overflow. */
    return header->time_count <= TRANSITIONS_MAX && header->type_count <= TYPES_MAX &&
           header->char_count <= CHARACTERS_MAX && header->leap_count <= TRANSITIONS_MAX &&
           header->std_count <= TYPES_MAX && header->ut_count <= TYPES_MAX;
}

static size_t body_bytes(const struct header *header, size_t time_bytes)
{
    return header->time_count * (time_bytes + 1) + (size_t)header->type_count * TYPE_BYTES +
           header->char_count + header->leap_count * (time_bytes + 4) + header->std_count +
           header->ut_count;
}

static bool type_offset(const unsigned char *types, uint32_t index, int32_t *offset_sec)
{
    *offset_sec = (int32_t)read_u32(types + (size_t)index * TYPE_BYTES);
    return *offset_sec > -OFFSET_MAX_SEC && *offset_sec < OFFSET_MAX_SEC;
}

/* Before the first transition the first type without DST holds. */
static bool first_offset(const struct header *header, const unsigned char *types,
                         int32_t *offset_sec)
{
    for (uint32_t i = 0; i < header->type_count; i++)
        if (types[(size_t)i * TYPE_BYTES + 4] == 0)
            return type_offset(types, i, offset_sec);
    return type_offset(types, 0, offset_sec);
}

static bool fill(struct zone *zone, const struct header *header, const unsigned char *body,
                 size_t time_bytes)
{
    const unsigned char *indexes = body + header->time_count * time_bytes;
    const unsigned char *types = indexes + header->time_count;
    if (!first_offset(header, types, &zone->first_offset_sec))
        return false;
    for (int i = 0; i < zone->count; i++) {
        const unsigned char *time = body + (size_t)i * time_bytes;
        zone->times[i] = time_bytes == 8 ? read_i64(time) : (int32_t)read_u32(time);
        if (i > 0 && zone->times[i] <= zone->times[i - 1])
            return false;
        if (indexes[i] >= header->type_count || !type_offset(types, indexes[i], &zone->offsets[i]))
            return false;
    }
    return true;
}

static struct zone *allocate(int count)
{
    size_t each = sizeof(int64_t) + sizeof(int32_t);
    struct zone *zone = calloc(1, sizeof(*zone) + (size_t)count * each);
    assert(zone != NULL);
    static_assert(sizeof(*zone) % sizeof(int64_t) == 0, "the times follow the struct");
    zone->count = count;
    zone->times = (int64_t *)(void *)(zone + 1);
    zone->offsets = (int32_t *)(void *)(zone->times + count);
    return zone;
}

/* The footer stands between two newlines behind the body; an empty or a missing one says nothing.
 */
static bool read_footer(struct zone *zone, const unsigned char *bytes, size_t length)
{
    if (length == 0)
        return true;
    if (length < 2 || bytes[0] != '\n')
        return false;
    const unsigned char *end = memchr(bytes + 1, '\n', length - 1);
    if (end == NULL)
        return false;
    size_t count = (size_t)(end - bytes) - 1;
    return count == 0 || footer_parse((const char *)bytes + 1, count, &zone->footer);
}

/* From version 2 on, all is said again with times of 64 bits. Moves to the header and body that
 * count. */
static bool find_block(const unsigned char **bytes, size_t *length, struct header *header)
{
    if (!read_header(*bytes, *length, header))
        return false;
    if (header->version < '2')
        return true;
    size_t skipped = HEADER_BYTES + body_bytes(header, 4);
    if (skipped > *length)
        return false;
    *bytes += skipped;
    *length -= skipped;
    return read_header(*bytes, *length, header) && header->version >= '2';
}

struct zone *tzif_read(const unsigned char *bytes, size_t length)
{
    struct header header;
    if (!find_block(&bytes, &length, &header))
        return NULL;
    bool is_long = header.version >= '2';
    size_t time_bytes = is_long ? 8 : 4;
    size_t total = HEADER_BYTES + body_bytes(&header, time_bytes);
    /* Zones that count leap seconds disagree with the system's clock, which does not. */
    if (total > length || header.type_count == 0 || header.leap_count != 0)
        return NULL;

    struct zone *zone = allocate((int)header.time_count);
    bool is_sound = fill(zone, &header, bytes + HEADER_BYTES, time_bytes) &&
                    (!is_long || read_footer(zone, bytes + total, length - total));
    if (!is_sound) {
        free(zone);
        return NULL;
    }
    return zone;
}
