/* SPDX-License-Identifier: MIT */
/*
 * A disk below SQLite that counts what is asked of it, and fails, or loses its power, at the n-th
 * operation. What was written and not synced before a power cut may be there, or not, or in part,
 * sector by sector.
 */
#ifndef TESTS_CRASH_DISK_H
#define TESTS_CRASH_DISK_H

#include <stdint.h>

enum crash_kind {
    CRASH_NONE,
    CRASH_FAIL_ONCE, /* the n-th operation fails */
    CRASH_FAIL_ON,   /* and all after it */
    CRASH_FULL,      /* from the n-th on, there is no room for what is written */
    CRASH_POWER_CUT  /* nothing is done from the n-th on */
};

void crash_disk_install(void);
void crash_disk_remove(void);
/* From now on; the files as they are now are safe. */
void crash_disk_arm(enum crash_kind kind, int at, uint64_t seed);
/* Ends what was armed. After a power cut, the files of the folder become what it left of them. Call
 * when they are closed. Returns the number of operations. */
int crash_disk_disarm(const char *folder);

#endif
