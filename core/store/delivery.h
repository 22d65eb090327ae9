/* SPDX-License-Identifier: MIT */
/*
 * What delivery keeps in the store: how far each sink got and what it has in flight, the gaps it
 * has to tell of, and what it set aside. Every change is one transaction, and waits for its commit.
 */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include "store.h"

/* ---- How far a sink got ---------------------------------------------------------------------- */

struct store_delivery {
    bool found;
    int64_t delivered_seq;      /* newest heartbeat that is delivered or in quarantine */
    int64_t inflight_seq;       /* last one of the batch in flight; 0: none is */
    int64_t failures;           /* in a row */
    int64_t retry_at_ms;        /* wall clock: not before; 0: at once */
    char last_error[512];       /* "": none */
    int64_t quarantined;        /* of this sink, all told */
    int64_t quarantined_lately; /* since the time that was asked for */
    int64_t quarantined_in_row; /* up to the cursor without one between them that was taken, as far
                                   as STORE_ROW_MAX */
    int64_t gaps;               /* that concern this sink, also those that it was told of */
};
enum { STORE_ROW_MAX = 16 };
/* `since_ms`: wall clock. */
int store_read_delivery(struct store_reader *reader, const char *sink, int64_t since_ms,
                        struct store_delivery *delivery, struct error *error);

/* Calls visit() with the name of each sink that ever had a cursor, in order of the alphabet. */
int store_each_sink(struct store_reader *reader,
                    void (*visit)(const char *sink, bool enabled, void *context), void *context,
                    struct error *error);

/* What an attempt to deliver changes. */
struct store_step {
    const char *sink;
    int64_t delivered_seq; /* a cursor that was moved further meanwhile stays where it is */
    int64_t inflight_seq;  /* 0: none */
    int64_t failures;
    int64_t retry_at_ms;       /* 0: none */
    const char *last_error;    /* "": none */
    int64_t told_gap;          /* the gap that the sink was told of just now; 0: none */
    const char *refused_json;  /* heartbeat `delivered_seq`, for the quarantine; NULL: none */
    const char *refused_error; /* why */
};
/* [sink workers] */
int store_save_step(struct store *store, const struct store_step *step, struct error *error);

/* ---- Gaps ------------------------------------------------------------------------------------ */

struct store_gap {
    int64_t number; /* 0: there is none */
    uint8_t id[UUID_BYTES];
    struct heartbeat_origin origin;
    int64_t from_seq;
    int64_t to_seq;
    int64_t count;
    int64_t wall_ms;
    char reason[64];
};
/* The first gap, in order of seq, that the sink was not told of yet. */
int store_read_next_gap(struct store_reader *reader, const char *sink, struct store_gap *gap,
                        struct error *error);

/* ---- Quarantine ------------------------------------------------------------------------------ */

struct store_quarantined {
    const char *sink; /* all borrowed for the visit */
    int64_t seq;
    const char *json;
    const char *reason;
    int64_t wall_ms; /* when it was set aside */
};
/* Calls visit() with those of a sink (NULL: of all), in order, from `seq` on, at most `limit`. */
int store_each_quarantined(struct store_reader *reader, const char *sink, int64_t seq, int limit,
                           void (*visit)(const struct store_quarantined *quarantined,
                                         void *context),
                           void *context, struct error *error);

/* Takes one (`seq` 0: all) of a sink out. `count` (may be NULL): how many there were. */
int store_quarantine_remove(struct store *store, const char *sink, int64_t seq, int64_t *count,
                            struct error *error);
/* It was refused again, for this reason. */
int store_quarantine_note(struct store *store, const char *sink, int64_t seq, const char *reason,
                          struct error *error);

#endif
