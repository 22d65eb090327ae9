/* SPDX-License-Identifier: MIT */
/* This process: its id, its signals, its end. */
#ifndef PLATFORM_PROCESS_H
#define PLATFORM_PROCESS_H

#include "wakeup.h"

#include <stddef.h>

enum process_event { PROCESS_EVENT_STOP = 1, PROCESS_EVENT_RELOAD = 2 };

long process_id(void);

/* From now on SIGTERM and SIGINT ask to stop, SIGHUP asks to reload: they ring `wakeup` (borrowed
 * for good). SIGPIPE is ignored. Call on main, before other threads start. */
void process_watch_signals(struct wakeup *wakeup);
/* Bits of process_event that came since the last call. */
unsigned process_take_events(void);
/* Puts events back that the caller does not serve. */
void process_give_back_events(unsigned events);

/* Ends at once, without atexit handlers or destructors. */
_Noreturn void process_exit_now(int code);

/* "NAME=value" of each variable, NULL-terminated. Static. */
char *const *process_environment(void);

/* Random bytes from the system. Aborts when there are none. */
void process_random(void *bytes, size_t count);

/* The name of the user that runs this; of the one behind sudo, when that is how it became root. A
 * number where it has none. */
void process_user_name(char *name, size_t capacity);

/* Resident memory of this process, in bytes; 0: unknown. */
int64_t process_resident_bytes(void);

/* What this process has open, and how much of it it may have; the threads that it has. */
int process_descriptors(void);
int process_descriptors_limit(void);
int process_threads(void);

/* Asks the C library to keep few, small arenas: an agent has many threads that allocate little. */
void process_limit_memory(void);

#endif
