/* SPDX-License-Identifier: MIT */
/* What this process holds, and how it is set up: to see whether a plugin leaves something behind.
 */
#ifndef PLATFORM_RESOURCES_H
#define PLATFORM_RESOURCES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that are allocated; -1: the allocator does not tell, as those of the sanitizers. */
int64_t resources_heap_bytes(void);

/* How long the calling thread was ready to run and no CPU was free for it, in ms; 0: the system
 * does not tell. */
int64_t resources_queued_ms(void);

/* Names an open descriptor that came after the first `known`, such as "/tmp/x" or "socket:[123]".
 */
void resources_name_handle(int known, char *name, size_t capacity);

/* Settings of the process that a plugin has to leave alone, as one line of text each. */
enum { RESOURCES_STATE_CAPACITY = 8192 };
void resources_state(char state[RESOURCES_STATE_CAPACITY]);

#endif
