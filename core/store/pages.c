/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include "frames.h"
#include "pulse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BYTES_OURS = 1024, HEADER_BYTES = 100, PAGES_MAX = 1 << 24 };
enum { NODE_INDEX_INNER = 0x02, NODE_INDEX_LEAF = 0x0A, NODE_TABLE_LEAF = 0x0D };
enum { MAP_ROOT = 1, MAP_FREE = 2, MAP_NODE = 5, MAP_ENTRY_BYTES = 5, DEPTH_MAX = 20 };
enum { PAYLOAD_MAX = 16384 };

struct pages {
    FILE *file; /* owned; NULL: there is none */
    struct frames frames;
    uint32_t page_bytes;
    uint32_t file_pages;
    uint32_t count; /* of the file and of the wal */
    bool only_file; /* do not look into the wal */
    uint8_t *node;  /* owned; the page that is being taken apart */
    uint8_t *other; /* owned; one that it leads to */
    uint8_t payload[PAYLOAD_MAX];
};

/* Ours have 1,024 bytes. Another size is believed only of a header that is sound around it. */
static uint32_t page_size(const uint8_t *header, bool has_header)
{
    static const uint8_t fractions[] = {64, 32, 32};
    uint32_t bytes = (uint32_t)header[16] << 8 | header[17];
    bool is_fit = bytes >= 512 && (bytes & (bytes - 1)) == 0;
    if (!has_header || !is_fit || memcmp(header, "SQLite format 3", 16) != 0 ||
        memcmp(header + 21, fractions, sizeof(fractions)) != 0)
        return PAGE_BYTES_OURS;
    return bytes;
}

static void measure(struct pages *pages)
{
    uint8_t header[HEADER_BYTES] = {0};
    bool has_header =
        pages->file != NULL && fread(header, 1, sizeof(header), pages->file) == sizeof(header);
    pages->page_bytes = page_size(header, has_header);
    if (pages->file != NULL && fseek(pages->file, 0, SEEK_END) == 0) {
        long bytes = ftell(pages->file);
        pages->file_pages = bytes > 0 ? (uint32_t)((bytes - 1) / pages->page_bytes) + 1 : 0;
    }
    pages->count = pages->file_pages;
    if (pages->frames.page_bytes != pages->page_bytes)
        frames_close(&pages->frames);
    if (pages->frames.pages_count > pages->count + 1)
        pages->count = pages->frames.pages_count - 1;
    if (pages->count > PAGES_MAX)
        pages->count = PAGES_MAX;
}

int pages_open(struct pages **pages, const char *database, const char *wal, struct error *error)
{
    struct pages *made = calloc(1, sizeof(*made));
    assert(made != NULL);
    made->file = fopen(database, "rb");
    frames_open(&made->frames, wal);
    measure(made);
    made->node = malloc(made->page_bytes);
    made->other = malloc(made->page_bytes);
    assert(made->node != NULL && made->other != NULL);
    if (made->file == NULL && made->frames.file == NULL) {
        pages_close(made);
        return error_set(error, EXIT_CODE_DISK, "%s: cannot be read", database);
    }
    *pages = made;
    return 0;
}

void pages_close(struct pages *pages)
{
    if (pages == NULL)
        return;
    if (pages->file != NULL)
        (void)fclose(pages->file);
    frames_close(&pages->frames);
    free(pages->node);
    free(pages->other);
    free(pages);
}

/* The last page of a file that was cut is filled up with zeros. */
static bool read_from_file(struct pages *pages, uint32_t page, uint8_t *bytes)
{
    if (page > pages->file_pages ||
        fseek(pages->file, (long)(page - 1) * (long)pages->page_bytes, SEEK_SET) != 0)
        return false;
    memset(bytes, 0, pages->page_bytes);
    return fread(bytes, 1, pages->page_bytes, pages->file) > 0;
}

static bool read_page(struct pages *pages, uint32_t page, uint8_t *bytes)
{
    pulse_beat();
    if (page == 0 || page > pages->count)
        return false;
    if (!pages->only_file && frames_read(&pages->frames, page, bytes))
        return true;
    return read_from_file(pages, page, bytes);
}

/* ---- The map of pages, that an auto-vacuum database has ---- */

static bool map_entry(struct pages *pages, uint32_t page, uint8_t *type, uint32_t *parent)
{
    uint32_t each = pages->page_bytes / MAP_ENTRY_BYTES + 1;
    if (page < 3)
        return false;
    uint32_t map = (page - 2) / each * each + 2;
    uint32_t at = (page - map - 1) * MAP_ENTRY_BYTES;
    if (page == map || at + MAP_ENTRY_BYTES > pages->page_bytes ||
        !read_page(pages, map, pages->other))
        return false;
    *type = pages->other[at];
    *parent = frames_big_endian(pages->other + at + 1);
    return true;
}

static bool is_free(struct pages *pages, uint32_t page)
{
    uint8_t type;
    uint32_t parent;
    return map_entry(pages, page, &type, &parent) && type == MAP_FREE;
}

static uint32_t root_of(struct pages *pages, uint32_t page)
{
    uint8_t type;
    uint32_t parent;
    for (int depth = 0; depth < DEPTH_MAX && map_entry(pages, page, &type, &parent); depth++) {
        if (type == MAP_ROOT)
            return page;
        if (type != MAP_NODE)
            return 0;
        page = parent;
    }
    return 0;
}

/* ---- Records ---- */

struct span {
    const uint8_t *next;
    const uint8_t *end;
};

static bool take_varint(struct span *span, uint64_t *number)
{
    assert(span->next <= span->end);
    *number = 0;
    for (int i = 0; i < 9 && span->next < span->end; i++) {
        uint8_t byte = *span->next++;
        if (i == 8) {
            *number = *number << 8 | byte;
            return true;
        }
        *number = *number << 7 | (byte & 0x7F);
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

static int64_t take_integer(const uint8_t *bytes, int length)
{
    assert(length >= 0 && length <= 8);
    uint64_t number = length > 0 && (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (int i = 0; i < length; i++)
        number = number << 8 | bytes[i];
    return (int64_t)number;
}

/* A value by its serial type (section 2.1 of the format). A real number is none of ours. */
static bool take_value(uint64_t type, struct span *body, struct pages_value *value)
{
    static const int integer_bytes[] = {0, 1, 2, 3, 4, 6, 8};
    uint64_t length = type <= 6 ? (uint64_t)integer_bytes[type] : type >= 12 ? (type - 12) / 2 : 0;
    if ((type >= 10 && type <= 11) || type == 7 || length > (uint64_t)(body->end - body->next))
        return false;
    *value = (struct pages_value){.bytes = body->next, .length = (int)length};
    if (type >= 12)
        value->kind = (type & 1) != 0 ? PAGES_TEXT : PAGES_BLOB;
    else if (type != 0)
        value->kind = PAGES_INTEGER;
    if (value->kind == PAGES_INTEGER)
        value->integer = type >= 8 ? (int64_t)type - 8 : take_integer(body->next, (int)length);
    body->next += length;
    return true;
}

static bool take_record(struct span payload, struct pages_record *record)
{
    struct span types = payload;
    struct span body = payload;
    uint64_t header_bytes;
    if (!take_varint(&types, &header_bytes) ||
        header_bytes > (uint64_t)(payload.end - payload.next) ||
        header_bytes < (uint64_t)(types.next - payload.next))
        return false;
    types.end = payload.next + header_bytes;
    body.next = types.end;
    for (record->count = 0; types.next < types.end; record->count++) {
        uint64_t type;
        if (record->count == PAGES_COLUMNS_MAX || !take_varint(&types, &type) ||
            !take_value(type, &body, &record->values[record->count]))
            return false;
    }
    return record->count > 0;
}

/* ---- Cells ---- */

/* How much of a payload lies in the node itself (section 1.6); the rest is on pages of its own. */
static uint64_t local_bytes(const struct pages *pages, uint64_t payload, bool is_index)
{
    uint64_t usable = pages->page_bytes;
    assert(usable >= 512); /* the sums below stay above zero */
    uint64_t most = is_index ? (usable - 12) * 64 / 255 - 23 : usable - 35;
    uint64_t least = (usable - 12) * 32 / 255 - 23;
    if (payload <= most)
        return payload;
    uint64_t fitting = least + (payload - least) % (usable - 4);
    return fitting <= most ? fitting : least;
}

static bool take_payload(struct pages *pages, struct span cell, uint64_t bytes, bool is_index,
                         struct span *payload)
{
    uint64_t local = local_bytes(pages, bytes, is_index);
    uint64_t left = (uint64_t)(cell.end - cell.next);
    if (bytes > PAYLOAD_MAX || local > left || (local < bytes && local + 4 > left))
        return false;
    assert(local <= PAYLOAD_MAX);
    memcpy(pages->payload, cell.next, local);
    uint64_t got = local;
    uint32_t page = local < bytes ? frames_big_endian(cell.next + local) : 0;
    while (got < bytes) {
        uint64_t part = bytes - got < pages->page_bytes - 4 ? bytes - got : pages->page_bytes - 4;
        if (!read_page(pages, page, pages->other))
            return false;
        memcpy(pages->payload + got, pages->other + 4, part);
        page = frames_big_endian(pages->other);
        got += part;
    }
    *payload = (struct span){pages->payload, pages->payload + bytes};
    return true;
}

/* The rowid of the cell that a pointer leads to; -1: none. */
static int64_t rowid_at(const struct pages *pages, const uint8_t *pointer)
{
    uint32_t at = (uint32_t)pointer[0] << 8 | pointer[1];
    struct span cell = {pages->node + at, pages->node + pages->page_bytes};
    uint64_t bytes;
    uint64_t rowid;
    if (at >= pages->page_bytes || !take_varint(&cell, &bytes) || !take_varint(&cell, &rowid) ||
        rowid > INT64_MAX)
        return -1;
    return (int64_t)rowid;
}

/* Heartbeats are numbered without holes. A number that goes on from neither neighbour may be wrong,
 * and another's. */
static bool is_lonely(const struct pages *pages, const uint8_t *pointer, uint32_t index,
                      uint32_t count, int64_t rowid)
{
    int64_t before = index > 0 ? rowid_at(pages, pointer - 2) : -1;
    int64_t after = index + 1 < count ? rowid_at(pages, pointer + 2) : -1;
    return before != rowid - 1 && after != rowid + 1;
}

static bool take_cell(struct pages *pages, struct span cell, uint8_t type,
                      struct pages_record *record)
{
    struct span payload;
    uint64_t bytes;
    uint64_t rowid = 0;
    record->is_index = type != NODE_TABLE_LEAF;
    if (type == NODE_INDEX_INNER) {
        if (cell.end - cell.next < 4)
            return false;
        cell.next += 4;
    }
    if (!take_varint(&cell, &bytes) || (!record->is_index && !take_varint(&cell, &rowid)))
        return false;
    record->rowid = (int64_t)rowid;
    return take_payload(pages, cell, bytes, record->is_index, &payload) &&
           take_record(payload, record);
}

typedef void visit_record(const struct pages_record *record, void *context);

static void visit_node(struct pages *pages, uint32_t page, visit_record *visit, void *context)
{
    const uint8_t *node = pages->node;
    const uint8_t *end = node + pages->page_bytes;
    uint8_t type = node[0];
    if (type != NODE_TABLE_LEAF && type != NODE_INDEX_LEAF && type != NODE_INDEX_INNER)
        return;
    struct pages_record record = {.root = root_of(pages, page)};
    const uint8_t *pointer = node + (type == NODE_INDEX_INNER ? 12 : 8);
    uint32_t cells = (uint32_t)node[3] << 8 | node[4];
    if (cells > (uint32_t)(end - pointer) / 2)
        cells = (uint32_t)(end - pointer) / 2;
    for (uint32_t i = 0; i < cells; i++, pointer += 2) {
        uint32_t at = (uint32_t)pointer[0] << 8 | pointer[1];
        if (at >= pages->page_bytes ||
            !take_cell(pages, (struct span){node + at, end}, type, &record))
            continue;
        record.is_lonely = !record.is_index && is_lonely(pages, pointer, i, cells, record.rowid);
        visit(&record, context);
    }
}

void pages_visit(struct pages *pages, void (*visit)(const struct pages_record *, void *context),
                 void *context)
{
    for (uint32_t page = 2; page <= pages->count; page++)
        if (read_page(pages, page, pages->node) && !is_free(pages, page))
            visit_node(pages, page, visit, context);
    pages->only_file = true;
    for (uint32_t page = 2; page <= pages->file_pages; page++)
        if (frames_read(&pages->frames, page, pages->node) && read_page(pages, page, pages->node) &&
            !is_free(pages, page))
            visit_node(pages, page, visit, context);
    pages->only_file = false;
}

/* ---- Looks at whole files ---- */

bool pages_hold_text(const char *path, const char *text)
{
    enum { CHUNK = 65536 };
    size_t length = strlen(text);
    size_t kept = 0;
    bool found = false;
    FILE *file = fopen(path, "rb");
    char *chunk = malloc(CHUNK);
    assert(chunk != NULL && length > 0 && length < CHUNK / 2);
    while (file != NULL && !found) {
        pulse_beat();
        size_t got = fread(chunk + kept, 1, CHUNK - kept, file);
        if (got == 0)
            break;
        size_t end = kept + got;
        const char *from = chunk;
        while (!found && (from = memchr(from, text[0], end - (size_t)(from - chunk))) != NULL) {
            found = (size_t)(chunk + end - from) >= length && memcmp(from, text, length) == 0;
            from++;
        }
        kept = end < length ? end : length - 1;
        memmove(chunk, chunk + end - kept, kept);
    }
    if (file != NULL)
        (void)fclose(file);
    free(chunk);
    return found;
}

/* The newest frame that the index beside a wal with these salts tells of; 0: it tells nothing. */
static int64_t frames_indexed(const char *shm, const uint32_t salt[2])
{
    enum { INDEX_BYTES = 48, FRAME_AT = 16, SALT_AT = 32 };
    uint8_t index[2 * INDEX_BYTES];
    uint32_t newest;
    FILE *file = fopen(shm, "rb");
    if (file == NULL)
        return 0;
    size_t got = fread(index, 1, sizeof(index), file);
    (void)fclose(file);
    if (got != sizeof(index) || memcmp(index, index + INDEX_BYTES, INDEX_BYTES) != 0 ||
        memcmp(index + SALT_AT, salt, 2 * sizeof(salt[0])) != 0)
        return 0;
    memcpy(&newest, index + FRAME_AT, sizeof(newest)); /* in this machine's order of bytes */
    return newest;
}

bool pages_wal_is_damaged(const char *wal, const char *shm)
{
    struct frames frames;
    frames_open(&frames, wal);
    bool is_damaged = frames.is_damaged || frames_indexed(shm, frames.salt) > frames.sound;
    frames_close(&frames);
    return is_damaged;
}
