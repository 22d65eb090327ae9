/* SPDX-License-Identifier: MIT */
/* Which quarter hours a heartbeat's credit falls into. Pure. */
#ifndef RECORD_USAGE_H
#define RECORD_USAGE_H

#include "heartbeat.h"

enum { USAGE_SLOT_MS = 15 * 60 * 1000 };
/* A credit is at most two poll intervals of at most an hour, and so touches at most nine slots. */
enum { USAGE_PARTS_MAX = 10 };

struct usage_part {
    int64_t slot;     /* wall_ms / USAGE_SLOT_MS, rounded down */
    int32_t date_utc; /* days since 1970-01-01; a slot never spans two */
    int64_t used_ms;
    int64_t overdraft_ms;
};

/* Where the quarter hour begins that holds the instant. */
int64_t usage_slot_start_ms(int64_t wall_ms);

/* Splits [wall_ms - credited_ms, wall_ms] at slot borders; the overdraft is the last overdraft_ms
 * of it (of each side of border_ms, when there is one). Returns the number of parts, 0 without
 * credit. The sums over the parts equal the heartbeat's, to the millisecond. */
int usage_split(const struct heartbeat *heartbeat, struct usage_part parts[USAGE_PARTS_MAX]);

#endif
