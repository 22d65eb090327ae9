/* SPDX-License-Identifier: MIT */
#include "gzip.h"

#include <stdlib.h>
#include <zlib.h>

/* Of a heartbeat the random part of its id is most of what is left: higher levels take longer, and
 * find little more. GZIP_BITS asks for gzip's header. */
enum { LEVEL = 3, WINDOW_BITS = 15, GZIP_BITS = 16, MEMORY_LEVEL = 8 };
enum { CHUNK_BYTES = 16 * 1024 };

struct gzip {
    z_stream stream;
    char *bytes;
    size_t length;
    size_t capacity;
};

struct gzip *gzip_create(void)
{
    struct gzip *gzip = calloc(1, sizeof(*gzip));
    if (gzip != NULL && deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS + GZIP_BITS,
                                     MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK)
        return gzip;
    free(gzip);
    return NULL;
}

void gzip_destroy(struct gzip *gzip)
{
    if (gzip == NULL)
        return;
    deflateEnd(&gzip->stream);
    free(gzip->bytes);
    free(gzip);
}

static bool has_room(struct gzip *gzip)
{
    if (gzip->length < gzip->capacity)
        return true;
    size_t capacity = gzip->capacity + gzip->capacity / 2 + CHUNK_BYTES;
    char *larger = realloc(gzip->bytes, capacity);
    if (larger == NULL)
        return false;
    gzip->bytes = larger;
    gzip->capacity = capacity;
    return true;
}

/* Packs a piece; `flush` says whether it is the last one. */
static bool pack_piece(struct gzip *gzip, char *piece, size_t length, int flush)
{
    z_stream *stream = &gzip->stream;
    stream->next_in = (Bytef *)piece;
    stream->avail_in = (uInt)length;
    do {
        if (!has_room(gzip))
            return false;
        size_t room = gzip->capacity - gzip->length;
        stream->next_out = (Bytef *)gzip->bytes + gzip->length;
        stream->avail_out = (uInt)room;
        deflate(stream, flush);
        gzip->length += room - stream->avail_out;
    } while (stream->avail_out == 0);
    return true;
}

bool gzip_pack(struct gzip *gzip, struct body *body, const char **bytes, size_t *length)
{
    char piece[CHUNK_BYTES];
    size_t got;
    gzip->length = 0;
    deflateReset(&gzip->stream);
    while ((got = body_read(body, piece, sizeof(piece))) > 0)
        if (!pack_piece(gzip, piece, got, Z_NO_FLUSH))
            return false;
    if (!pack_piece(gzip, piece, 0, Z_FINISH))
        return false;
    *bytes = gzip->bytes;
    *length = gzip->length;
    return true;
}
