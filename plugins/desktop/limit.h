/* SPDX-License-Identifier: MIT */
/* How long one waits for another program: in real time, that of CLOCK_MONOTONIC,
 * whatever the agent's clock says. */
#ifndef DESKTOP_LIMIT_H
#define DESKTOP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* When a wait of so many milliseconds that begins now is over. */
int64_t limit_begin(int64_t ms);

/* Until the descriptor can be read, or is broken. False: the time is over. */
bool limit_wait(int descriptor, int64_t by_ms);

#endif
