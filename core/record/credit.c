/* SPDX-License-Identifier: MIT */
#include "credit.h"

#include <assert.h>
#include <string.h>

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool same_boot(const struct tick *a, const struct tick *b)
{
    return a->boot_id[0] != '\0' && strcmp(a->boot_id, b->boot_id) == 0;
}

struct credit credit_tick(const struct tick *previous, const struct tick *now, int64_t interval_ms,
                          bool first, bool playing)
{
    assert(interval_ms > 0);
    struct credit credit = {.flags = first ? HEARTBEAT_FIRST : 0};
    if (previous == NULL || (first && !same_boot(previous, now)))
        return credit;

    int64_t passed_ms = now->monotonic_ms - previous->monotonic_ms;
    int64_t passed_boot_ms = now->boottime_ms - previous->boottime_ms;
    int64_t passed_wall_ms = now->wall_ms - previous->wall_ms;
    if (passed_ms < 0)
        return credit; /* a boot id that lied: no ground to credit anything */

    int64_t step_ms = passed_wall_ms - passed_boot_ms;
    if (step_ms > CREDIT_CLOCK_STEP_MS || step_ms < -CREDIT_CLOCK_STEP_MS)
        credit.flags |= HEARTBEAT_CLOCK_STEP;
    if (passed_boot_ms - passed_ms >= CREDIT_RESUME_MS)
        credit.flags |= HEARTBEAT_RESUMED;
    if (!first && passed_ms > interval_ms + interval_ms / 2)
        credit.flags |= HEARTBEAT_LATE;
    if (playing)
        credit.credited_ms = least(passed_ms, first ? interval_ms : 2 * interval_ms);
    return credit;
}

int64_t credit_next_due_ms(int64_t due_ms, int64_t interval_ms, int64_t now_ms)
{
    assert(interval_ms > 0 && due_ms <= now_ms);
    due_ms += interval_ms;
    if (due_ms <= now_ms)
        due_ms += (now_ms - due_ms) / interval_ms * interval_ms + interval_ms;
    return due_ms;
}
