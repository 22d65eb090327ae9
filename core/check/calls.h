/* SPDX-License-Identifier: MIT */
/* The calls into an instance, each with all that can be told about it afterwards: what came back,
 * in time, with a sentence when it failed. They are called on main; all but create and destroy run
 * on the worker. Private to this folder. */
#ifndef CHECK_CALLS_H
#define CHECK_CALLS_H

#include "host.h"

/* True: the instance is made. False: it was refused, with a sentence in host->said. */
bool call_create(struct host *host, const clb_settings *settings);
void call_destroy(struct host *host);
int32_t call_start(struct host *host); /* CLB_OK: it runs */
void call_stop(struct host *host);

int32_t call_poll(struct host *host, int64_t limit_ms);
int32_t call_wait(struct host *host, int64_t max_ms);
void call_deliver(struct host *host, const clb_batch *batch, clb_delivery *delivery);

/* The same, begun only: host_await() waits for the end. `task` stays until then. */
struct task {
    int64_t limit_ms;
    int32_t status;
    const clb_batch *batch;
    clb_delivery delivery;
};
void call_poll_begin(struct host *host, struct task *task);
void call_wait_begin(struct host *host, struct task *task);
void call_deliver_begin(struct host *host, struct task *task);

#endif
