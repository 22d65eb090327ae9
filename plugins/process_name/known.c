/* SPDX-License-Identifier: MIT */
#include "known.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing; the capacity is a power of two, and half of it is free at least. */
struct known_table {
    struct known *places; /* owned */
    uint32_t capacity;
    uint32_t count; /* places taken, also by those that are gone */
    uint32_t round;
};

enum { CAPACITY_MIN = 256 };

static uint32_t hash(int64_t pid)
{
    return (uint32_t)((uint64_t)pid * 0x9E3779B97F4A7C15u >> 32);
}

struct known_table *known_create(void)
{
    struct known_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->capacity = CAPACITY_MIN;
    table->places = calloc(table->capacity, sizeof(table->places[0]));
    if (table->places != NULL)
        return table;
    free(table);
    return NULL;
}

void known_destroy(struct known_table *table)
{
    if (table == NULL)
        return;
    free(table->places);
    free(table);
}

void known_begin(struct known_table *table)
{
    table->round++;
}

static struct known *place_of(struct known *places, uint32_t capacity, int64_t pid)
{
    for (uint32_t at = hash(pid);; at++) {
        struct known *known = &places[at & (capacity - 1)];
        if (known->pid == pid || known->pid == 0)
            return known;
    }
}

/* In the middle of a poll those that it did not come to yet have the round before. */
static bool is_alive(const struct known_table *table, const struct known *known)
{
    return known->pid != 0 && table->round - known->round <= 1;
}

static uint32_t count_alive(const struct known_table *table)
{
    uint32_t alive = 0;
    for (uint32_t i = 0; i < table->capacity; i++)
        alive += is_alive(table, &table->places[i]);
    return alive;
}

/* Forgets those that are gone; the table is as large as the others need. */
static bool rebuild(struct known_table *table)
{
    uint32_t capacity = CAPACITY_MIN;
    uint32_t alive = count_alive(table);
    while (capacity / 4 < alive + 1)
        capacity *= 2;
    struct known *places = calloc(capacity, sizeof(places[0]));
    if (places == NULL)
        return false;
    for (uint32_t i = 0; i < table->capacity; i++)
        if (is_alive(table, &table->places[i]))
            *place_of(places, capacity, table->places[i].pid) = table->places[i];
    free(table->places);
    table->places = places;
    table->capacity = capacity;
    table->count = alive;
    return true;
}

struct known *known_see(struct known_table *table, int64_t pid, int64_t now_ms)
{
    assert(pid > 0);
    struct known *known = place_of(table->places, table->capacity, pid);
    if (known->pid == 0) {
        if (table->count >= table->capacity / 2 && !rebuild(table))
            return NULL;
        known = place_of(table->places, table->capacity, pid);
        *known = (struct known){.pid = pid, .rule = -1, .since_ms = now_ms};
        table->count++;
    } else if (!is_alive(table, known)) {
        *known = (struct known){
            .pid = pid, .rule = -1, .since_ms = now_ms}; /* it was gone for a while */
    }
    known->round = table->round;
    return known;
}

const struct known *known_find(const struct known_table *table, int64_t pid)
{
    if (pid <= 0)
        return NULL;
    const struct known *known = place_of(table->places, table->capacity, pid);
    return is_alive(table, known) ? known : NULL;
}

struct known *known_next(struct known_table *table, uint32_t *at)
{
    while (*at < table->capacity) {
        struct known *known = &table->places[(*at)++];
        if (known->pid != 0 && known->round == table->round)
            return known;
    }
    return NULL;
}

static int64_t look_period_ms(const struct known *known, int64_t now_ms)
{
    if (known->kind == KNOWN_KERNEL)
        return KNOWN_KERNEL_LOOK_MS;
    int64_t age_ms = now_ms - known->since_ms;
    if (age_ms >= KNOWN_OLD_MS)
        return KNOWN_OLD_LOOK_MS;
    return age_ms >= KNOWN_SETTLED_MS ? KNOWN_SETTLED_LOOK_MS : KNOWN_LOOK_MS;
}

bool known_needs_all(const struct known *known, int64_t now_ms)
{
    if (known->kind == KNOWN_NEW || known->kind == KNOWN_MATCH)
        return true;
    return known->kind != KNOWN_KERNEL && now_ms - known->since_ms < KNOWN_YOUNG_MS;
}

/* Each process has its own phase within the period: whatever the interval of the polls is, about
 * the same number falls due at each of them. */
bool known_is_due(const struct known *known, int64_t now_ms)
{
    if (known_needs_all(known, now_ms))
        return true;
    int64_t period_ms = look_period_ms(known, now_ms);
    int64_t phase_ms = (int64_t)hash(known->pid) % period_ms;
    return (now_ms + phase_ms) / period_ms != (known->looked_ms + phase_ms) / period_ms;
}

bool known_is_same(const struct known *known, const struct procfs_stat *stat)
{
    if (known->start_ticks != stat->start_ticks)
        return false;
    /* The kernel renames its own threads as they work. */
    return known->kind == KNOWN_KERNEL || strcmp(known->comm, stat->comm) == 0;
}

void known_renew(struct known *known, const struct procfs_stat *stat, int64_t now_ms)
{
    if (known->kind != KNOWN_NEW)
        known->since_ms = now_ms;
    known->start_ticks = stat->start_ticks;
    memcpy(known->comm, stat->comm, sizeof(known->comm));
}
