/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include <assert.h>

enum { DAY_SLOTS = 96 };

static int64_t floor_divide(int64_t value, int64_t divisor)
{
    int64_t quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

int64_t usage_slot_start_ms(int64_t wall_ms)
{
    return floor_divide(wall_ms, USAGE_SLOT_MS) * USAGE_SLOT_MS;
}

/* How much of [from, to] lies in [low, high]. */
static int64_t overlap(int64_t from, int64_t to, int64_t low, int64_t high)
{
    int64_t start = from > low ? from : low;
    int64_t end = to < high ? to : high;
    return end > start ? end - start : 0;
}

int usage_split(const struct heartbeat *heartbeat, struct usage_part parts[USAGE_PARTS_MAX])
{
    int64_t end = heartbeat->wall_ms;
    int64_t start = end - heartbeat->credited_ms;
    int64_t border = heartbeat->border_ms;
    int64_t over_first = heartbeat->overdraft_before_ms;
    assert(heartbeat->credited_ms >= 0);
    assert(heartbeat->overdraft_ms >= over_first && over_first >= 0);
    assert(heartbeat->overdraft_ms <= heartbeat->credited_ms);
    if (border == 0 && over_first == 0)
        border = start;
    assert(border >= start && border <= end && over_first <= border - start);

    int64_t over_second = heartbeat->overdraft_ms - over_first;
    int count = 0;
    for (int64_t at = start; at < end;) {
        int64_t slot = floor_divide(at, USAGE_SLOT_MS);
        int64_t slot_end = (slot + 1) * USAGE_SLOT_MS;
        int64_t next = slot_end < end ? slot_end : end;
        assert(count < USAGE_PARTS_MAX);
        parts[count++] = (struct usage_part){
            .slot = slot,
            .date_utc = (int32_t)floor_divide(slot, DAY_SLOTS),
            .used_ms = next - at,
            .overdraft_ms = overlap(at, next, border - over_first, border) +
                            overlap(at, next, end - over_second, end),
        };
        at = next;
    }
    return count;
}
