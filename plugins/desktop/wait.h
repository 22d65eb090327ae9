/* SPDX-License-Identifier: MIT */
/* Waiting for what the desktop says, beside what the host wants. */
#ifndef DESKTOP_WAIT_H
#define DESKTOP_WAIT_H

#include <clockblock/services.h>
#include <stdbool.h>

/* Until one of `count` descriptors (at most 8; -1: none) is readable or broken, which `readable`
 * then says of each. False: max_ms went by, or the host wants something. */
bool desktop_wait(const clb_host *host, const clb_run *run, const int *descriptors, int count,
                  int64_t max_ms, bool *readable);

#endif
