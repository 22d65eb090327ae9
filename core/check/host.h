/* SPDX-License-Identifier: MIT */
/* The host as one instance of the plugin sees it. It trusts nothing: each call back from the plugin
 * is checked for its thread, its moment and its arguments, and ends the check when it is wrong.
 *
 * Main makes it and calls create and destroy; a worker thread of its own makes all other calls,
 * one job at a time. A host is never freed, so that a call back that comes too late is noticed.
 * Private to this folder. */
#ifndef CHECK_HOST_H
#define CHECK_HOST_H

#include "list.h"
#include "platform/thread.h"
#include "verdict.h"

struct host {
    clb_host abi;   /* first: what the plugin holds of us */
    clb_host given; /* a copy: nobody but us may write to it */
    clb_poll poll;  /* what poll() holds of us */
    struct watch watch;
    struct host *next;
    enum instance_kind kind;
    const clb_detector *detector; /* NULL: it is a sink */
    const clb_sink *sink;         /* NULL: it is a detector */
    struct instance_calls calls;
    bool echoes; /* the settings are hostile: a sentence may repeat them, and the host cleans it */
    const char *lacks; /* the id of a service that this host does not have; NULL: none */

    void *instance; /* the plugin's, as create() left it */
    bool is_created;
    bool is_running;
    clb_error said;    /* of the last call */
    atomic_bool alive; /* from before create() until destroy() returned */
    atomic_bool cancelled;
    atomic_bool is_polling;
    int emitted; /* observations of the last poll */

    struct wakeup bell;
    struct thread thread;
    struct wakeup job_given;
    struct wakeup job_done;
    void (*job)(struct host *host, void *argument); /* NULL: the worker is to end */
    void *argument;
};

/* A host for one instance, without one so far, and its worker. */
struct host *host_create(const struct subject *subject);
/* Ends the worker, once the instance is destroyed or was never made. NULL is fine. */
void host_finish(struct host *host);

/* Has the worker do something: waits for it, or begins it and waits at most timeout_ms (-1: for
 * ever) for it later. [main] */
void host_do(struct host *host, void (*job)(struct host *host, void *argument), void *argument);
void host_begin(struct host *host, void (*job)(struct host *host, void *argument), void *argument);
bool host_await(struct host *host, int64_t timeout_ms);

/* Asks the call in progress to come back. [main] */
void host_ring(struct host *host);
void host_cancel(struct host *host); /* for good, for this instance */

/* Is it text as the contract wants it: UTF-8, no more than max_bytes? Else fails the check. */
void host_check_text(const char *what, const char *text, size_t max_bytes);
/* And one line, that is not empty. */
void host_check_line(const char *what, const char *text, size_t max_bytes);

#endif
