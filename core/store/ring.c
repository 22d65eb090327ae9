/* SPDX-License-Identifier: MIT */
#include "store_internal.h"

#include "record/usage.h"

#include <assert.h>
#include <stdlib.h>

/* A day of heartbeats takes megabytes, that are not needed once it is stored. */
enum { CAPACITY_KEPT = 128 };

static void grow(struct ring *ring)
{
    int capacity = ring->capacity == 0 ? 16 : ring->capacity * 2;
    if (capacity > STORE_RING_MAX)
        capacity = STORE_RING_MAX;
    struct ring_entry *entries = malloc((size_t)capacity * sizeof(entries[0]));
    assert(entries != NULL);
    for (int i = 0; i < ring->count; i++)
        entries[i] = *ring_at(ring, i);
    free(ring->entries);
    ring->entries = entries;
    ring->capacity = capacity;
    ring->first = 0;
}

/* Days are turned by heartbeats that are given up, too. */
static void pass_turn(const struct store_turn *dropped, struct store_turn *next)
{
    for (int i = 0; i < dropped->closed_count && next->closed_count < STORE_CLOSED_MAX; i++)
        next->closed[next->closed_count++] = dropped->closed[i];
    if (!dropped->opens || next->opens)
        return;
    next->opens = true;
    next->opened_date = dropped->opened_date;
    next->opened_allowance_ms = dropped->opened_allowance_ms;
}

static void drop_oldest(struct ring *ring)
{
    assert(ring->count > 1);
    struct ring_entry *next = &ring->entries[(ring->first + 1) % ring->capacity];
    pass_turn(&ring->entries[ring->first].turn, &next->turn);
    ring_drop(ring, 1);
    ring->dropped++;
}

void ring_put(struct ring *ring, const struct heartbeat *heartbeat, const struct tick *tick,
              const struct store_turn *turn)
{
    if (ring->count == ring->capacity && ring->capacity < STORE_RING_MAX)
        grow(ring);
    if (ring->count == ring->capacity)
        drop_oldest(ring);
    struct ring_entry *entry = &ring->entries[(ring->first + ring->count) % ring->capacity];
    assert(ring->count < ring->capacity);
    entry->heartbeat = *heartbeat;
    entry->tick = *tick;
    entry->turn = turn != NULL ? *turn : (struct store_turn){0};
    ring->count++;
    ring->put++;
}

const struct ring_entry *ring_at(const struct ring *ring, int index)
{
    assert(index >= 0 && index < ring->count);
    return &ring->entries[(ring->first + index) % ring->capacity];
}

void ring_drop(struct ring *ring, int count)
{
    assert(count <= ring->count);
    if (count == 0)
        return;
    ring->first = (ring->first + count) % ring->capacity;
    ring->count -= count;
    if (ring->count == 0 && ring->capacity > CAPACITY_KEPT) {
        free(ring->entries);
        ring->entries = NULL;
        ring->capacity = 0;
    }
}

void ring_add_usage(const struct ring *ring, struct day_account *day)
{
    for (int i = 0; i < ring->count; i++) {
        struct usage_part parts[USAGE_PARTS_MAX];
        int count = usage_split(&ring_at(ring, i)->heartbeat, parts);
        for (int part = 0; part < count; part++) {
            int64_t start_ms = parts[part].slot * USAGE_SLOT_MS;
            bool is_inside = start_ms >= day->start_ms && start_ms < day->end_ms;
            day->used_ms += is_inside ? parts[part].used_ms : 0;
            day->overdraft_ms += is_inside ? parts[part].overdraft_ms : 0;
        }
    }
}
