/* SPDX-License-Identifier: MIT */
/* A bell that one thread sleeps by and any other may ring: also from a signal handler. */
#ifndef PLATFORM_WAKEUP_H
#define PLATFORM_WAKEUP_H

#include <stdbool.h>
#include <stdint.h>

struct wakeup {
    intptr_t handle; /* readable while signalled; a descriptor here, a HANDLE on Windows */
};

int wakeup_init(struct wakeup *wakeup); /* 0, or an errno */
void wakeup_finish(struct wakeup *wakeup);
void wakeup_signal(struct wakeup *wakeup); /* [any thread, signal handlers] */
/* Waits for the bell at most timeout_ms (-1: for ever); takes the signal. */
bool wakeup_wait(struct wakeup *wakeup, int64_t timeout_ms);
void wakeup_clear(struct wakeup *wakeup); /* takes a signal that is there, does not wait */

/* Waits until one of the handles is readable, at most timeout_ms (-1: for ever). Sets ready[i].
 * Returns how many are. */
int wakeup_wait_many(const intptr_t *handles, bool *ready, int count, int64_t timeout_ms);

#endif
