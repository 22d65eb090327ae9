/* SPDX-License-Identifier: MIT */
#include "clock_sync.h"

#include <sys/timex.h>

enum clock_sync clock_sync_look(void)
{
    struct timex timex = {.modes = 0}; /* reads, and changes nothing */
    if (adjtimex(&timex) < 0)
        return CLOCK_SYNC_UNKNOWN;
    return (timex.status & STA_UNSYNC) != 0 ? CLOCK_SYNC_NONE : CLOCK_SYNC_KEPT;
}
