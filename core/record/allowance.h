/* SPDX-License-Identifier: MIT */
/* Which part of the play time lies beyond the day's allowance. Pure. */
#ifndef RECORD_ALLOWANCE_H
#define RECORD_ALLOWANCE_H

#include "heartbeat.h"

enum { ALLOWANCE_UNLIMITED = -1 };

/* One day of the household, as far as it has come. */
struct day_account {
    int64_t start_ms; /* wall clock; the day is [start_ms, end_ms) */
    int64_t end_ms;
    int64_t allowance_ms; /* ALLOWANCE_UNLIMITED */
    int64_t granted_ms;   /* bonus of the day, on top of it; less than none takes back */
    int64_t used_ms;
    int64_t overdraft_ms;
};

/* Fills overdraft_ms, border_ms and overdraft_before_ms of a heartbeat with its credit in place,
 * and adds the credit to the days. `today` holds the sample; `before` is the day that ends where
 * today begins, and is used only when the credit reaches into it (it may be NULL when it cannot).
 */
void allowance_apply(struct heartbeat *heartbeat, struct day_account *before,
                     struct day_account *today);

/* What may still be played: 0 at or beyond allowance and grants, ALLOWANCE_UNLIMITED without one.
 */
int64_t allowance_left_ms(const struct day_account *day);

#endif
