/* SPDX-License-Identifier: MIT */
/* Does something keep the clock of this machine right? */
#ifndef PLATFORM_CLOCK_SYNC_H
#define PLATFORM_CLOCK_SYNC_H

enum clock_sync { CLOCK_SYNC_UNKNOWN, CLOCK_SYNC_NONE, CLOCK_SYNC_KEPT };

/* What the kernel has been told: by NTP, as a rule. */
enum clock_sync clock_sync_look(void);

#endif
