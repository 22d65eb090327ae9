/* SPDX-License-Identifier: MIT */
/* A heartbeat: what the agent records every poll_interval_sec, and its form on the wire. Pure. */
#ifndef RECORD_HEARTBEAT_H
#define RECORD_HEARTBEAT_H

#include "uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ACTIVITY_CAPACITY = 128, /* bytes with the NUL; longer ones are cut at a character */
    INSTANCE_CAPACITY = 64,  /* names of detectors and sinks */
    DEVICE_CAPACITY = 128,
    POLL_INTERVAL_MAX_SEC = 3600
};

enum heartbeat_flag {
    HEARTBEAT_FIRST = 1,      /* the first since the agent started */
    HEARTBEAT_RESUMED = 2,    /* the machine slept since the previous one */
    HEARTBEAT_CLOCK_STEP = 4, /* the wall clock jumped since the previous one */
    HEARTBEAT_LATE = 8        /* a tick was missed, or came more than half an interval late */
};

struct heartbeat {
    int64_t seq; /* 0: not stored yet */
    int64_t wall_ms;
    int64_t credited_ms;  /* play time in [wall_ms - credited_ms, wall_ms] */
    int64_t overdraft_ms; /* the part of it beyond the allowance */
    int64_t border_ms;    /* where a household day begins inside that range; 0: nowhere, unless
                             overdraft_before_ms says that a day begins with 1970 */
    int64_t overdraft_before_ms; /* the part of overdraft_ms before border_ms */
    int32_t poll_interval_sec;
    uint32_t flags; /* bits of heartbeat_flag */
    bool is_playing;
    uint8_t id[UUID_BYTES];
    char activity[ACTIVITY_CAPACITY];   /* "": none */
    char decided_by[INSTANCE_CAPACITY]; /* "": none */
};

/* What all heartbeats of one database and device have in common. */
struct heartbeat_origin {
    uint8_t epoch[UUID_BYTES];
    char device_id[DEVICE_CAPACITY];
};

/* A moment, on every clock there is. */
struct tick {
    int64_t monotonic_ms;
    int64_t boottime_ms;
    int64_t wall_ms;
    char boot_id[40];
};

/* Room that every heartbeat's JSON fits into, with its NUL. */
enum { HEARTBEAT_JSON_CAPACITY = 2560 };

/* Writes one JSON object on one line, with all keys of the contract, always in the same order.
 * Seconds are printed from integer ms, with three decimals. Returns its length without the NUL. */
size_t heartbeat_to_json(const struct heartbeat *heartbeat, const struct heartbeat_origin *origin,
                         char json[HEARTBEAT_JSON_CAPACITY]);

#endif
