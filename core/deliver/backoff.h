/* SPDX-License-Identifier: MIT */
/* How long to wait after a failure: full jitter under a ceiling that doubles. Pure. */
#ifndef DELIVER_BACKOFF_H
#define DELIVER_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_BASE_MS = 1000, BACKOFF_CAP_MS = 300 * 1000, BACKOFF_ASKED_MAX_MS = 3600 * 1000 };

/* The wait after the `failures`-th failure in a row (1: the first): somewhere in (0, ceiling], by a
 * random number. `asked_ms` is what the receiver asked for (0: nothing); it is honoured up to an
 * hour. */
int64_t backoff_ms(int64_t failures, uint32_t random, int64_t asked_ms);

#endif
