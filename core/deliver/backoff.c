/* SPDX-License-Identifier: MIT */
#include "backoff.h"

#include <assert.h>

int64_t backoff_ms(int64_t failures, uint32_t random, int64_t asked_ms)
{
    assert(failures >= 1 && asked_ms >= 0);
    /* 1 s doubled nine times is beyond the cap: larger exponents say nothing new. */
    int64_t exponent = failures - 1 < 9 ? failures - 1 : 9;
    int64_t ceiling_ms = (int64_t)BACKOFF_BASE_MS << exponent;
    if (ceiling_ms > BACKOFF_CAP_MS)
        ceiling_ms = BACKOFF_CAP_MS;

    int64_t wait_ms = 1 + (int64_t)(random % (uint32_t)ceiling_ms);
    if (asked_ms > BACKOFF_ASKED_MAX_MS)
        asked_ms = BACKOFF_ASKED_MAX_MS;
    return wait_ms > asked_ms ? wait_ms : asked_ms;
}
