/* SPDX-License-Identifier: MIT */
#include "allowance.h"

#include <assert.h>
#include <stddef.h>

/* Adds play time to a day; returns the part beyond the allowance, which is the last of it. */
static int64_t spend(struct day_account *day, int64_t credited_ms)
{
    int64_t overdraft_ms = 0;
    if (day->allowance_ms != ALLOWANCE_UNLIMITED) {
        int64_t left_ms = allowance_left_ms(day);
        overdraft_ms = credited_ms > left_ms ? credited_ms - left_ms : 0;
    }
    day->used_ms += credited_ms;
    day->overdraft_ms += overdraft_ms;
    return overdraft_ms;
}

void allowance_apply(struct heartbeat *heartbeat, struct day_account *before,
                     struct day_account *today)
{
    int64_t start_ms = heartbeat->wall_ms - heartbeat->credited_ms;
    assert(today->start_ms <= heartbeat->wall_ms && heartbeat->wall_ms <= today->end_ms);

    heartbeat->border_ms = 0;
    heartbeat->overdraft_before_ms = 0;
    if (start_ms >= today->start_ms) {
        heartbeat->overdraft_ms = spend(today, heartbeat->credited_ms);
        return;
    }

    assert(before != NULL && before->end_ms == today->start_ms);
    heartbeat->border_ms = today->start_ms;
    heartbeat->overdraft_before_ms = spend(before, today->start_ms - start_ms);
    heartbeat->overdraft_ms =
        heartbeat->overdraft_before_ms + spend(today, heartbeat->wall_ms - today->start_ms);
}

int64_t allowance_left_ms(const struct day_account *day)
{
    if (day->allowance_ms == ALLOWANCE_UNLIMITED)
        return ALLOWANCE_UNLIMITED;
    int64_t left_ms = day->allowance_ms + day->granted_ms - day->used_ms;
    return left_ms > 0 ? left_ms : 0;
}
