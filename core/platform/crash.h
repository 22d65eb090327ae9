/* SPDX-License-Identifier: MIT */
/*
 * The last moments of the process: a fatal signal, abort(), or exit() from where nobody expected
 * it.
 *
 * Everything that the hook calls has to be safe in a signal handler: that is what the small
 * functions at the end are for.
 */
#ifndef PLATFORM_CRASH_H
#define PLATFORM_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CRASH_SENT: by another process, such as a service manager that lost patience. */
enum crash_kind { CRASH_SIGNAL, CRASH_SENT, CRASH_EXIT };

/* `cause` is "SIGSEGV" and the like, or "exit()". For CRASH_EXIT: true ends the process at once
 * with EXIT_CODE_SOFTWARE, whatever exit() was called with. Called on the thread that did it. */
typedef bool (*crash_hook)(enum crash_kind kind, const char *cause);

/* From now on the hook is called before the process ends by a fatal signal (which then takes its
 * course) or by exit(). Once per process. [main] */
void crash_watch(crash_hook hook);

/* Gives the calling thread a stack of its own for the handler, so that a stack overflow is seen
 * too. `memory` stays in use until crash_drop_stack(). */
enum { CRASH_STACK_BYTES = 16 * 1024 };
void crash_use_stack(void *memory, size_t bytes);
void crash_drop_stack(const void *memory); /* before that memory goes */

/* The index-th signal that a crash comes with; 0: there are no more. */
int crash_signal(int index);

/* Seconds since 1970-01-01 UTC. */
int64_t crash_time_sec(void);
/* The name of the calling thread. */
void crash_thread_name(char name[16]);
/* Appends to a file, made with mode 0600 when there is none. */
void crash_append(const char *path, const char *text, size_t length);
void crash_print(const char *text, size_t length); /* to standard error */

#endif
