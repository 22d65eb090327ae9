/* SPDX-License-Identifier: MIT */
/* Random legal calls, with random batches, on up to three instances. The seed makes the order; only
 * how far it gets depends on the time that calls take. */
#include "records.h"
#include "session.h"

#include <stdio.h>

enum { INSTANCES = 3, STEPS = 400, BUDGET_MS = 1200, RECORDS_MAX = 40 };

struct fuzz {
    const struct subject *subject;
    uint64_t state;
    struct host *hosts[INSTANCES]; /* NULL: not made */
};

/* splitmix64, as everybody may write it down. */
static uint32_t next(struct fuzz *fuzz, uint32_t below)
{
    fuzz->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = fuzz->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((mixed ^ (mixed >> 31)) % below);
}

static void deliver(struct fuzz *fuzz, struct host *host)
{
    struct records records;
    clb_delivery delivery;
    uint32_t count = next(fuzz, 4) == 0 ? next(fuzz, RECORDS_MAX) : next(fuzz, 3);
    records_init(&records, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t dice = next(fuzz, 12);
        if (dice == 0)
            records_make_gap(&records, i);
        else if (dice == 1)
            records.records[i].abi.kind = 2 + next(fuzz, 1000);
        else if (dice == 2)
            records.records[i].abi.activity = NULL;
    }
    call_deliver(host, &records.batch, &delivery);
    records_finish(&records);
}

static void step_running(struct fuzz *fuzz, struct host *host)
{
    uint32_t dice = next(fuzz, 20);
    if (dice == 0)
        host_cancel(host);
    else if (dice == 1)
        wakeup_signal(&host->bell);
    else if (dice < 5)
        call_stop(host);
    else if (dice < 9)
        (void)call_wait(host, next(fuzz, 3));
    else if (host->sink != NULL)
        deliver(fuzz, host);
    else
        (void)call_poll(host, 200 + next(fuzz, 200));
}

static void step(struct fuzz *fuzz)
{
    uint32_t which = next(fuzz, INSTANCES);
    struct host *host = fuzz->hosts[which];
    if (host == NULL)
        fuzz->hosts[which] = session_create(fuzz->subject);
    else if (host->is_running)
        step_running(fuzz, host);
    else if (next(fuzz, 4) > 0)
        (void)call_start(host);
    else {
        session_end(host);
        fuzz->hosts[which] = NULL;
    }
}

void check_fuzz(struct subject *subject)
{
    struct fuzz fuzz = {.subject = subject, .state = subject->seed};
    int64_t end_ms = check_now_ms() + BUDGET_MS;
    for (int i = 0; i < STEPS && check_now_ms() < end_ms; i++) {
        char what[64];
        snprintf(what, sizeof(what), "step %d of the seed %u is taken", i, (unsigned)subject->seed);
        check_circumstance(what);
        step(&fuzz);
    }
    check_circumstance("all that is left is ended");
    for (int i = 0; i < INSTANCES; i++)
        session_end(fuzz.hosts[i]);
}
