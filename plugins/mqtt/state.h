/* SPDX-License-Identifier: MIT */
/* What is retained under `state`: the newest snapshot. Pure. */
#ifndef MQTT_STATE_H
#define MQTT_STATE_H

#include "text.h"

#include <clockblock/sink.h>

enum { STATE_ACTIVITY_CAPACITY = 256, STATE_TIME_CAPACITY = 32 };

/* Zeroed: nothing is known yet. */
struct snapshot {
    bool is_known;
    bool is_playing;
    char activity[STATE_ACTIVITY_CAPACITY]; /* "": none */
    char timestamp_utc[STATE_TIME_CAPACITY];
    clb_today today;
};

/* Takes the newest heartbeat of a batch, and today's totals. */
void state_take(struct snapshot *snapshot, const clb_batch *batch);

/* The snapshot as JSON. While older heartbeats are still under way, only today's totals are of now:
 * is_current false says so, and what was played when is left to the stream. */
void state_write(struct text *text, const struct snapshot *snapshot, bool is_current);

#endif
