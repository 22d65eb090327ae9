/* SPDX-License-Identifier: MIT */
/* Which records are in the file already: after a crash between writing and the answer the same
 * batch comes again. Heartbeats are told by their seq, gaps by their id. Pure. */
#ifndef FILE_SEEN_H
#define FILE_SEEN_H

#include "line.h"

#include <clockblock/sink.h>

/* A batch has no more records than that; older gaps are not asked for again. */
enum { SEEN_GAPS_MAX = 10000 };

struct seen {
    int64_t seq; /* newest heartbeat of `epoch`; 0: none */
    char epoch[LINE_UUID_CAPACITY];
    char (*gaps)[LINE_UUID_CAPACITY]; /* owned */
    uint32_t gaps_count;
    uint32_t gaps_capacity;
};

void seen_finish(struct seen *seen);

void seen_add_heartbeat(struct seen *seen, int64_t seq, const char *epoch);
bool seen_add_gap(struct seen *seen, const char *id); /* false: no memory */
bool seen_has(const struct seen *seen, const clb_batch *batch, const clb_record *record);

#endif
