/* SPDX-License-Identifier: MIT */
/* How a check ends, in the child, and who watches that it does. Private to this folder. */
#ifndef CHECK_VERDICT_H
#define CHECK_VERDICT_H

#include <stdatomic.h>
#include <stdint.h>

/* Reports the verdict and ends the process: the first one counts. [any thread] */
__attribute__((noreturn, format(printf, 1, 2))) void check_fail(const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void check_skip(const char *format, ...);

/* Tells the parent something about the plugin: its id, its version. */
void check_fact(const char *name, const char *value);

/* Names what is special from here on: the verdict, or a crash, is told with it. NULL: nothing.
 * [main]
 */
void check_circumstance(const char *what);

/* One call into the plugin at a time: what is called, and until when it should be back. */
struct watch {
    _Atomic(const char *) function; /* NULL: none is in progress */
    atomic_llong until_ms;
    struct watch *next;
};

/* Has the calls of one instance watched, for good: `watch` must stay. [main] */
void watch_add(struct watch *watch);

/* The call begins, and has limit_ms. A call that stays away much longer ends the check. */
void watch_enter(struct watch *watch, const char *function, int64_t limit_ms);
/* The call in progress, if any, has from now limit_ms at most: it was asked to come back. */
void watch_hurry(struct watch *watch, int64_t limit_ms);
/* The call has returned; fails the check when that was too late. */
void watch_leave(struct watch *watch);

/* Calls that no instance makes: entry, get_interface. */
extern struct watch watch_of_plugin;

/* Time, on the clock that the plugin sees. */
struct clock *check_clock(void);
int64_t check_now_ms(void);

#endif
