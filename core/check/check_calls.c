/* SPDX-License-Identifier: MIT */
/* Polls, deliveries and waits: what they answer is checked at each call, here it is provoked. */
#include "records.h"
#include "session.h"

enum { LIMIT_MS = 1000, FAR_MS = 10000, MOMENT_MS = 100 };

void check_poll(struct subject *subject)
{
    enum { POLLS = 20 };
    struct host *host = session_start(subject);
    for (int i = 0; i < POLLS; i++) {
        (void)call_poll(host, LIMIT_MS);
        (void)call_wait(host, 1);
    }
    /* An emit that comes late finds no poll in progress. */
    (void)call_wait(host, MOMENT_MS);
    session_end(host);
}

/* ---- Asked to come back ---- */

static void begin(struct host *host, struct task *task)
{
    if (host->detector != NULL)
        call_poll_begin(host, task);
    else
        call_deliver_begin(host, task);
}

static void work(struct host *host, struct task *task)
{
    begin(host, task);
    (void)host_await(host, -1);
}

/* A call that would go on for long is cancelled in its middle, and then asked for once more. */
static void check_cancelled(const struct subject *subject, const clb_batch *batch)
{
    struct host *host = session_start(subject);
    struct task task = {.limit_ms = -FAR_MS, .batch = batch};
    check_circumstance("the deadline has passed already");
    work(host, &task);
    task.limit_ms = 0;
    work(host, &task);

    check_circumstance("it is cancelled while it works");
    task.limit_ms = FAR_MS;
    begin(host, &task);
    bool returned = host_await(host, MOMENT_MS);
    host_cancel(host);
    if (!returned)
        (void)host_await(host, -1);
    check_circumstance("it was cancelled before");
    work(host, &task);
    (void)call_wait(host, FAR_MS);
    session_end(host);
}

void check_poll_cancelled(struct subject *subject)
{
    check_cancelled(subject, NULL);
}

void check_deliver_cancelled(struct subject *subject)
{
    enum { MANY = 200 };
    struct records records;
    records_init(&records, MANY);
    check_cancelled(subject, &records.batch);
    records_finish(&records);
}

/* ---- wait ---- */

void check_wait(struct subject *subject)
{
    static const int64_t lengths_ms[] = {0, 1, 10, 100};
    enum { TIMES = 5, EACH_MS = 40, LEAST_MS = 20 };
    struct host *host = session_start(subject);
    for (size_t i = 0; i < sizeof(lengths_ms) / sizeof(lengths_ms[0]); i++)
        (void)call_wait(host, lengths_ms[i]);

    int64_t begin_ms = check_now_ms();
    int events = 0;
    for (int i = 0; i < TIMES; i++)
        events += call_wait(host, EACH_MS) == CLB_EVENT;
    int64_t took_ms = check_now_ms() - begin_ms;
    if (events == 0 && took_ms < LEAST_MS)
        check_fail("wait does not wait: %d times %d ms took %lld ms, without an event", TIMES,
                   EACH_MS, (long long)took_ms);
    session_end(host);
}

void check_wait_woken(struct subject *subject)
{
    struct host *host = session_start(subject);
    struct task task = {.limit_ms = FAR_MS};
    check_circumstance("the host rings while it waits");
    call_wait_begin(host, &task);
    if (!host_await(host, MOMENT_MS)) {
        host_ring(host);
        (void)host_await(host, -1);
    }
    check_circumstance("the host has rung before");
    wakeup_signal(&host->bell);
    call_wait_begin(host, &task);
    if (!host_await(host, LIMIT_MS))
        check_fail("wait goes on for more than %d ms", LIMIT_MS);
    check_circumstance("the instance is cancelled");
    host_cancel(host);
    (void)call_wait(host, FAR_MS);
    session_end(host);
}
