/* SPDX-License-Identifier: MIT */
/* What is retained at the broker: that the agent is there, what it sees, and what Home Assistant is
 * told about it. [worker] */
#ifndef MQTT_PRESENCE_H
#define MQTT_PRESENCE_H

#include "connection.h"
#include "state.h"

struct presence {
    struct snapshot snapshot;
    struct text text; /* a buffer */
    bool is_news;     /* the snapshot is not at the broker yet */
    int64_t told_ms;  /* when a state was told last, or the queue began to drain */
};

/* With each batch that was taken whole. */
void presence_take(struct presence *presence, const clb_batch *batch);

/* A new connection is told that we are there, and what there is. So is Home Assistant when it has
 * started anew. Does nothing while the connection is not open. */
void presence_greet(struct presence *presence, struct connection *connection);

/* Nothing older is under way: the snapshot is the newest there is. */
void presence_tell(struct presence *presence, struct connection *connection);

/* A queue begins to drain, and its batches are of the past. What is known of now is today's totals:
 * they are told now and then, if it takes long. */
void presence_begin_drain(struct presence *presence, const struct connection *connection);
void presence_tell_totals(struct presence *presence, struct connection *connection,
                          const clb_today *today);

/* A clean end: the broker says nothing in our name. */
void presence_leave(struct connection *connection);

void presence_finish(struct presence *presence);

#endif
