/* SPDX-License-Identifier: MIT */
#include "oracle.h"

#include <assert.h>

void oracle_tick(struct oracle *oracle, int boot, int64_t awake_ms, int64_t interval_ms,
                 bool is_playing)
{
    int64_t credit_ms = 0;
    if (oracle->ticks > 0 && is_playing) {
        int previous = (int)((oracle->ticks - 1) % ORACLE_KEPT);
        int64_t limit_ms = 2 * interval_ms;
        if (oracle->is_first)
            limit_ms = oracle->kept[previous].boot == boot ? interval_ms : 0;
        credit_ms = awake_ms - oracle->kept[previous].awake_ms;
        if (credit_ms > limit_ms)
            credit_ms = limit_ms;
    }
    int64_t used_ms = oracle_used_ms(oracle) + credit_ms;
    int at = (int)(oracle->ticks++ % ORACLE_KEPT);
    oracle->kept[at].boot = boot;
    oracle->kept[at].awake_ms = awake_ms;
    oracle->kept[at].used_ms = used_ms;
    oracle->is_first = false;
}

void oracle_forget(struct oracle *oracle, int count)
{
    assert(count < ORACLE_KEPT && count <= oracle->ticks);
    oracle->ticks -= count;
}

int64_t oracle_used_ms(const struct oracle *oracle)
{
    return oracle->ticks > 0 ? oracle->kept[(oracle->ticks - 1) % ORACLE_KEPT].used_ms : 0;
}
