/* SPDX-License-Identifier: MIT */
/*
 * clockblock/sink.h: clockblock.sink/1, a plugin that takes heartbeats to where they are collected.
 *
 * Life of an instance:
 *
 *   create ----> start ----> deliver, wait, deliver, wait ... ----> stop ----> destroy
 *   [main]       [worker]    [worker]                               [worker]   [main]
 *
 * A sink keeps no queue of its own. The host stores every heartbeat on disk first, hands them over
 * in order, and remembers for each sink how far it got. A sink only says what happened to a batch:
 * when to try again, what to split and what to set aside is the host's business.
 */
#ifndef CLOCKBLOCK_SINK_H
#define CLOCKBLOCK_SINK_H

#include "plugin.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define CLB_SINK "clockblock.sink/1"

/* Bits of clb_sink.flags. */
enum clb_sink_flag {
    CLB_SINK_NETWORK = 1, /* it reaches out: its last attempt decides "online" in /status */
    CLB_SINK_FLAG_FORCE_32_BITS = 0x7FFFFFFF
};

/* What a record is. Carried as uint32_t. Skip kinds that you do not know, and count them as taken.
 */
enum clb_record_kind {
    CLB_RECORD_HEARTBEAT = 1,
    CLB_RECORD_GAP = 2, /* heartbeats that could not be kept: `json` says which and why */
    CLB_RECORD_KIND_FORCE_32_BITS = 0x7FFFFFFF
};

/* One record. Times are integers in milliseconds, and are printed in `json` as seconds with three
 * decimals. Host-owned, borrowed for the call. */
typedef struct clb_record {
    uint32_t size;
    uint32_t kind;        /* enum clb_record_kind */
    int64_t seq;          /* rises from record to record, by one unless something was given up; of a
                             gap: the newest heartbeat that it stands for */
    int64_t wall_ms;      /* time of the sample, ms since 1970-01-01 UTC */
    int64_t credited_ms;  /* play time that it adds */
    int64_t overdraft_ms; /* the part of it beyond the allowance */
    int32_t poll_interval_sec;
    uint32_t is_playing;       /* 0 or 1 */
    uint32_t json_bytes;       /* length of `json` */
    uint32_t reserved;         /* 0 */
    const char *json;          /* the whole record, one JSON object on one line, UTF-8 */
    const char *id;            /* UUID: the same record always has the same */
    const char *timestamp_utc; /* wall_ms as 2026-01-16T12:00:00.000Z */
    const char *activity;      /* NULL: none */
} clb_record;

/* Today's totals in the household's day, when the batch was made. */
typedef struct clb_today {
    uint32_t size;
    uint32_t has_allowance; /* 0: unlimited; left_ms is then 0 */
    int64_t used_ms;
    int64_t overdraft_ms;
    int64_t left_ms;
} clb_today;

/* What deliver() works with. Host-owned, borrowed for the call. */
typedef struct clb_batch {
    uint32_t size;
    uint32_t count;
    int64_t deadline_ms;              /* on clockblock.clock/1: return by then */
    const clb_record *const *records; /* in order of seq */
    const clb_today *today;
    const char *device_id;
    const char *epoch; /* UUID: seq counts within it. A database that is made anew or restored from
                          a backup gets a new one */
} clb_batch;

/* What became of the first record that was not taken. Carried as int32_t. */
enum clb_outcome {
    CLB_DELIVERED = 0,  /* all were taken */
    CLB_RETRY = 1,      /* the way is blocked: time-out, refused, 5xx; try again later */
    CLB_TOO_LARGE = 2,  /* the batch is too big for the receiver */
    CLB_BAD_RECORD = 3, /* the receiver refuses the content of at least one record */
    CLB_HOLD = 4,       /* it will not work until a person changes something: token, address */
    CLB_CONFLICT = 5,   /* the receiver says that it has at least one of them already */
    CLB_OUTCOME_FORCE_32_BITS = 0x7FFFFFFF
};

/* The answer. The host has zeroed it and set `size`. */
typedef struct clb_delivery {
    uint32_t size;
    uint32_t accepted;      /* leading records that are durably taken by the receiver */
    int32_t outcome;        /* enum clb_outcome, of the record after those */
    uint32_t reserved;      /* 0 */
    int64_t retry_after_ms; /* CLB_RETRY: the receiver asked to be left alone for so long; 0: it did
                               not */
} clb_delivery;

/* The table. Every member is set; the host refuses a table with a NULL in it. Static. */
typedef struct clb_sink {
    uint32_t flags;    /* enum clb_sink_flag */
    uint32_t reserved; /* 0 */

    /* Makes an instance from checked settings: copies what it keeps, opens nothing. On failure it
     * cleans up, leaves *instance alone, and says why in `error`. [main, none yet, quick] */
    int32_t(CLB_CALL *create)(const clb_host *host, const clb_settings *settings, void **instance,
                              clb_error *error);

    /* Opens what delivering needs. CLB_OK, CLB_FAILED or CLB_UNAVAILABLE; it is tried again later
     * unless CLB_OK. Connect in deliver() rather than here, so that the outcome of an attempt is
     * known. [worker, created or stopped, bounded to 10 s] */
    int32_t(CLB_CALL *start)(void *instance, clb_error *error);

    /* Hands over a batch and fills `delivery`. An empty batch is delivered at once. Returns when
     * the receiver has answered, the deadline has passed, or run->cancelled() is true. A sentence
     * in `error` is shown to the user unless all were taken. Only durable is taken: count a record
     * when the receiver has confirmed it, never when it was merely sent. [worker, running, bounded]
     */
    void(CLB_CALL *deliver)(void *instance, const clb_batch *batch, clb_delivery *delivery,
                            clb_error *error);

    /* Called instead of sleeping between deliveries: keep a connection alive here. Returns
     * CLB_EVENT when it is worth delivering at once, else CLB_OK. Without events of its own: return
     * run->wait(host, max_ms). [worker, running, bounded by max_ms] */
    int32_t(CLB_CALL *wait)(void *instance, int64_t max_ms);

    /* Closes what start() and deliver() opened, and joins threads of the plugin's own.
     * [worker, running, bounded to 1 s] */
    void(CLB_CALL *stop)(void *instance);

    /* Frees the instance. [main, created or stopped, quick] */
    void(CLB_CALL *destroy)(void *instance);
} clb_sink;

#if defined(__cplusplus)
}
#endif

#endif
