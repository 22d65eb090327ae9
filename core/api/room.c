/* SPDX-License-Identifier: MIT */
#include "room.h"

#include "platform/tcp_listen.h"

#include <assert.h>
#include <stddef.h>

/* A request comes with its connection or right behind it. An answer is a megabyte at most. */
enum { ASKING_MS = 1000, TAKING_MS = 10 * 1000 };

void room_init(struct room *room)
{
    for (int i = 0; i < ROOM_PLACES; i++)
        room->places[i] = (struct room_place){.handle = -1};
}

static struct room_place *find_free(struct room *room)
{
    for (int i = 0; i < ROOM_PLACES; i++)
        if (room->places[i].handle < 0)
            return &room->places[i];
    return NULL;
}

bool room_is_full(const struct room *room)
{
    return find_free((struct room *)room) == NULL;
}

struct room_place *room_enter(struct room *room, intptr_t handle, int64_t now_ms)
{
    struct room_place *place = find_free(room);
    assert(place != NULL && handle >= 0);
    *place = (struct room_place){.handle = handle, .since_ms = now_ms};
    return place;
}

void room_leave(struct room_place *place)
{
    assert(place->handle >= 0);
    place->handle = -1;
}

void room_turn(struct room_place *place, enum room_use use, int64_t now_ms)
{
    assert(place->handle >= 0);
    place->use = use;
    place->since_ms = now_ms;
}

static int64_t time_is_over_ms(const struct room_place *place)
{
    switch (place->use) {
    case ROOM_ASKS:
        return place->since_ms + ASKING_MS;
    case ROOM_TAKES:
        return place->since_ms + TAKING_MS;
    default:
        return INT64_MAX; /* these are few */
    }
}

void room_clear(struct room *room, int64_t now_ms)
{
    if (!room_is_full(room))
        return;
    for (int i = 0; i < ROOM_PLACES; i++) {
        struct room_place *place = &room->places[i];
        if (now_ms < time_is_over_ms(place))
            continue;
        tcp_hang_up(place->handle);
        place->since_ms = now_ms; /* once is enough */
    }
}

int64_t room_due_ms(const struct room *room)
{
    int64_t due_ms = INT64_MAX;
    if (!room_is_full(room))
        return due_ms;
    for (int i = 0; i < ROOM_PLACES; i++)
        if (time_is_over_ms(&room->places[i]) < due_ms)
            due_ms = time_is_over_ms(&room->places[i]);
    return due_ms;
}
