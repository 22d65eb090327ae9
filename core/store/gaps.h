/* SPDX-License-Identifier: MIT */
/* Gaps: heartbeats that were given up, so that those who miss them are told. Private to this
 * folder. */
#ifndef STORE_GAPS_H
#define STORE_GAPS_H

#include "store_internal.h"

struct gap {
    const char *sink;   /* whom it concerns; NULL: every sink */
    int64_t from_seq;   /* the first heartbeat that is missing */
    int64_t to_seq;     /* and the last */
    int64_t count;      /* of heartbeats that are missing */
    const char *reason; /* a word for programs: "ring_full", "store_full", "quarantined" */
};

/* Writes a gap down, in the transaction that gives its heartbeats up; the deliveries find it there.
 * The numbers are taken: no heartbeat has them, or gets them later. A cursor that is to skip them
 * may be moved in the same transaction, and need not be. [writer] */
int gaps_add(struct store *store, const struct gap *gap, struct error *error);

/* The sink was told of this one: part of a step. [writer] */
int gaps_mark_told(struct store *store, const char *sink, int64_t number, struct error *error);

#endif
