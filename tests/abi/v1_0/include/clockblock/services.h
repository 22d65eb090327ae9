/* SPDX-License-Identifier: MIT */
/*
 * clockblock/services.h: what the host does for a plugin.
 *
 * Ask for a table with host->get_service(host, CLB_LOG) and keep it; it is static. Every host of
 * this major has these three, but ask as if it might not: NULL is how a host says that it lacks a
 * table, and a plugin that cannot do without says so in the error of create().
 *
 * Each function takes the host handle that create() was given. That tells the host which instance
 * is speaking, so that log lines carry its name and a stop reaches it alone.
 */
#ifndef CLOCKBLOCK_SERVICES_H
#define CLOCKBLOCK_SERVICES_H

#include "plugin.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define CLB_LOG   "clockblock.log/1"
#define CLB_CLOCK "clockblock.clock/1"
#define CLB_RUN   "clockblock.run/1"

/* How much a line in the log matters. Carried as int32_t. */
enum clb_log_level {
    CLB_LOG_ERROR = 1,
    CLB_LOG_WARNING = 2,
    CLB_LOG_INFO = 3,
    CLB_LOG_DEBUG = 4,
    CLB_LOG_LEVEL_FORCE_32_BITS = 0x7FFFFFFF
};

/* clockblock.log/1: lines in the agent's log. The host puts time, level and the instance's name
 * before each. It logs by itself what start(), poll() and deliver() answer, when that changes: log
 * only what the user cannot see from there. */
typedef struct clb_log {
    /* 1 when a line of this level would be written: ask before building a costly text.
     * [any, every state, quick] */
    int32_t(CLB_CALL *enabled)(const clb_host *host, int32_t level);

    /* Writes one line of UTF-8; the host copies it, cuts it at 1023 bytes, and takes a level that
     * it does not know for CLB_LOG_INFO. Never put a secret or a window title into it. [any, every
     * state, quick] */
    void(CLB_CALL *write)(const clb_host *host, int32_t level, const char *text);
} clb_log;

/* clockblock.clock/1: the agent's clock. Use it instead of the system's, so that a plugin also
 * works in a simulated time. */
typedef struct clb_clock {
    /* Milliseconds since some start; never goes back, and stands still while the machine sleeps.
     * Every deadline of this contract is on it. [any, every state, quick] */
    int64_t(CLB_CALL *monotonic_ms)(const clb_host *host);

    /* Milliseconds since 1970-01-01 UTC; may jump both ways when the user or the network sets the
     * clock: for what people read, never for measuring. [any, every state, quick] */
    int64_t(CLB_CALL *wall_ms)(const clb_host *host);
} clb_clock;

/* clockblock.run/1: when to stop, and how to wait. */
typedef struct clb_run {
    /* 1 when the call in progress should return as soon as it can: the agent stops or reloads. Once
     * 1 it stays 1 for this instance. Long operations ask at least twice a second.
     * [any, every state, quick] */
    int32_t(CLB_CALL *cancelled)(const clb_host *host);

    /* Sleeps for at most max_ms, and returns early when the host wants something of the instance.
     * A plugin that has nothing of its own to wait for returns run->wait(host, max_ms) from its
     * wait(). Returns CLB_OK. [worker, running, bounded by max_ms] */
    int32_t(CLB_CALL *wait)(const clb_host *host, int64_t max_ms);

    /* What becomes readable (POSIX: a file descriptor) or signalled (Windows: a HANDLE) when the
     * host wants something of the instance: put it beside your own descriptors in poll(). Then
     * return to the host, which clears it: it may be readable for other reasons than a stop, and
     * stays so until you return. Do not read from it, do not close it. Host-owned, valid until
     * destroy() returned. [worker, running, quick] */
    intptr_t(CLB_CALL *wake_handle)(const clb_host *host);
} clb_run;

#if defined(__cplusplus)
}
#endif

#endif
