/* SPDX-License-Identifier: MIT */
#include "frames.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { WAL_HEADER_BYTES = 32, FRAME_HEADER_BYTES = 24, CHECKED_BYTES = 8 };
enum { PAGE_BYTES_OURS = 1024, PAGE_BYTES_MAX = 65536, PAGES_MAX = 1 << 24 };
enum { WAL_MAGIC = 0x377F0682 }; /* the lowest bit tells the order of bytes in checksums */

struct sum {
    uint32_t first;
    uint32_t second;
};

uint32_t frames_big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t little_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static void add_to_sum(struct sum *sum, bool big_endian, const uint8_t *bytes, size_t count)
{
    assert(count % 8 == 0);
    for (size_t i = 0; i < count; i += 8) {
        const uint8_t *next = bytes + i;
        sum->first += (big_endian ? frames_big_endian(next) : little_endian(next)) + sum->second;
        sum->second +=
            (big_endian ? frames_big_endian(next + 4) : little_endian(next + 4)) + sum->first;
    }
}

static struct sum stored_sum(const uint8_t *bytes)
{
    return (struct sum){frames_big_endian(bytes), frames_big_endian(bytes + 4)};
}

static bool is_power_of_two(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

/* False: the header itself is damaged, and the frames have to speak for themselves. */
static bool take_header(struct frames *frames, const uint8_t header[WAL_HEADER_BYTES])
{
    uint32_t magic = frames_big_endian(header);
    struct sum sum = {0};
    struct sum stored = stored_sum(header + 24);
    frames->is_big_endian = (magic & 1) != 0;
    add_to_sum(&sum, frames->is_big_endian, header, 24);
    if ((magic & ~1U) != WAL_MAGIC || sum.first != stored.first || sum.second != stored.second)
        return false;
    frames->page_bytes = frames_big_endian(header + 8);
    memcpy(frames->salt, header + 16, sizeof(frames->salt));
    return frames->page_bytes >= 512 && frames->page_bytes <= PAGE_BYTES_MAX &&
           is_power_of_two(frames->page_bytes);
}

/* ---- Which frames count ---- */

struct transaction {
    struct {
        uint32_t page;
        uint32_t frame;
    } * entries; /* owned */
    uint32_t count;
    uint32_t capacity;
    bool has_damage;
    bool is_committed; /* and waits for a frame behind it, because it has damage */
};

static void remember(struct transaction *transaction, uint32_t page, uint32_t frame)
{
    if (transaction->count == transaction->capacity) {
        transaction->capacity = transaction->capacity == 0 ? 64 : transaction->capacity * 2;
        void *larger =
            realloc(transaction->entries, transaction->capacity * sizeof(transaction->entries[0]));
        assert(larger != NULL);
        transaction->entries = larger;
    }
    transaction->entries[transaction->count].page = page;
    transaction->entries[transaction->count++].frame = frame;
}

static void make_room(struct frames *frames, uint32_t page)
{
    if (page < frames->pages_count)
        return;
    uint32_t count = page * 2 + 64;
    uint32_t *larger = realloc(frames->of_page, count * sizeof(larger[0]));
    assert(larger != NULL);
    memset(larger + frames->pages_count, 0, (count - frames->pages_count) * sizeof(larger[0]));
    frames->of_page = larger;
    frames->pages_count = count;
}

static void accept(struct frames *frames, struct transaction *transaction)
{
    assert(transaction->count <= transaction->capacity);
    for (uint32_t i = 0; i < transaction->count; i++) {
        assert(transaction->entries[i].page > 0 && transaction->entries[i].frame > 0);
        make_room(frames, transaction->entries[i].page);
        frames->of_page[transaction->entries[i].page] = transaction->entries[i].frame;
    }
    frames->is_damaged = frames->is_damaged || transaction->has_damage;
    transaction->count = 0;
    transaction->has_damage = false;
    transaction->is_committed = false;
}

/* Each commit is synced before the next begins: damage that other commits follow was there when it
 * was synced, and came later. Without one behind it, it is what a crash leaves. */
static void take_frame(struct frames *frames, struct transaction *transaction,
                       const uint8_t *header, uint32_t number)
{
    if (transaction->is_committed)
        accept(frames, transaction);
    remember(transaction, frames_big_endian(header), number);
    if (frames_big_endian(header + 4) == 0)
        return;
    transaction->is_committed = true;
    if (transaction->has_damage)
        return;
    accept(frames, transaction);
    if (!frames->is_damaged)
        frames->sound = number;
}

/* What frames are summed up to: as it is stored, and as it comes out of what was read. Either may
 * be hit, and the next frame is judged by both. */
struct before {
    struct sum stored;
    struct sum counted;
};

static bool is_equal(struct sum a, struct sum b)
{
    return a.first == b.first && a.second == b.second;
}

static struct sum sum_frame(const struct frames *frames, const uint8_t *frame, struct sum sum)
{
    add_to_sum(&sum, frames->is_big_endian, frame, CHECKED_BYTES);
    add_to_sum(&sum, frames->is_big_endian, frame + FRAME_HEADER_BYTES, frames->page_bytes);
    return sum;
}

/* Moves `before` behind the frame. */
static bool is_sound(const struct frames *frames, const uint8_t *frame, struct before *before)
{
    struct sum stored = stored_sum(frame + 16);
    struct sum from_stored = sum_frame(frames, frame, before->stored);
    struct sum from_counted = sum_frame(frames, frame, before->counted);
    bool matches = is_equal(from_stored, stored) || is_equal(from_counted, stored);
    uint32_t page = frames_big_endian(frame);
    *before = (struct before){stored, from_stored};
    return matches && memcmp(frame + 8, frames->salt, sizeof(frames->salt)) == 0 && page != 0 &&
           page <= PAGES_MAX;
}

/* What it says of itself is believed as far as that it ends a transaction. */
static void pass_damaged(const struct frames *frames, struct transaction *transaction,
                         const uint8_t *frame)
{
    transaction->has_damage = true;
    if (memcmp(frame + 8, frames->salt, sizeof(frames->salt)) == 0 &&
        frames_big_endian(frame + 4) != 0)
        transaction->is_committed = true;
}

static void scan(struct frames *frames, struct sum sum, bool header_is_sound)
{
    struct before before = {sum, sum};
    struct transaction transaction = {.has_damage = !header_is_sound};
    size_t bytes = FRAME_HEADER_BYTES + frames->page_bytes;
    uint8_t *frame = malloc(bytes);
    assert(frame != NULL);
    for (uint32_t number = 1; fread(frame, 1, bytes, frames->file) == bytes; number++) {
        if (number == 1 && !header_is_sound)
            memcpy(frames->salt, frame + 8, sizeof(frames->salt));
        if (is_sound(frames, frame, &before))
            take_frame(frames, &transaction, frame, number);
        else
            pass_damaged(frames, &transaction, frame);
    }
    free(frame);
    free(transaction.entries);
}

void frames_open(struct frames *frames, const char *wal)
{
    uint8_t header[WAL_HEADER_BYTES];
    *frames = (struct frames){.page_bytes = PAGE_BYTES_OURS};
    frames->file = fopen(wal, "rb");
    if (frames->file == NULL || fread(header, 1, sizeof(header), frames->file) != sizeof(header))
        return;
    bool header_is_sound = take_header(frames, header);
    if (!header_is_sound) {
        frames->page_bytes = PAGE_BYTES_OURS;
        frames->is_big_endian = false;
    }
    scan(frames, stored_sum(header + 24), header_is_sound);
}

void frames_close(struct frames *frames)
{
    if (frames->file != NULL)
        (void)fclose(frames->file);
    free(frames->of_page);
    *frames = (struct frames){0};
}

bool frames_read(const struct frames *frames, uint32_t page, uint8_t *bytes)
{
    if (page >= frames->pages_count || frames->of_page[page] == 0)
        return false;
    long at = WAL_HEADER_BYTES + FRAME_HEADER_BYTES +
              (long)(frames->of_page[page] - 1) * (long)(FRAME_HEADER_BYTES + frames->page_bytes);
    return fseek(frames->file, at, SEEK_SET) == 0 &&
           fread(bytes, 1, frames->page_bytes, frames->file) == frames->page_bytes;
}
