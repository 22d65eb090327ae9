/* SPDX-License-Identifier: MIT */
/* Who is connected. When all places are taken, others would wait for as long as these stay: so who
 * asks for nothing, or takes an answer slowly, has to go then. Belongs to the thread that runs the
 * api; private to this folder. */
#ifndef API_ROOM_H
#define API_ROOM_H

#include <stdbool.h>
#include <stdint.h>

enum { ROOM_PLACES = 32 };

/* It has to ask; it has to take its answer; it follows the events, for as long as it likes. */
enum room_use { ROOM_ASKS, ROOM_TAKES, ROOM_FOLLOWS };

struct room_place {
    intptr_t handle; /* of the socket, borrowed; -1: the place is free */
    enum room_use use;
    int64_t since_ms;
};

struct room {
    struct room_place places[ROOM_PLACES];
};

void room_init(struct room *room);
bool room_is_full(const struct room *room);

/* Borrowed from the room until room_leave(). */
struct room_place *room_enter(struct room *room, intptr_t handle, int64_t now_ms);
void room_leave(struct room_place *place);

/* A request came, or its answer is out. */
void room_turn(struct room_place *place, enum room_use use, int64_t now_ms);

/* When the room is full: hangs up on those whose time is over. They leave when that is noticed. */
void room_clear(struct room *room, int64_t now_ms);
/* When room_clear() has something to do; INT64_MAX: not at all. */
int64_t room_due_ms(const struct room *room);

#endif
