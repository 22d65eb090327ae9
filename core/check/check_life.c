/* SPDX-License-Identifier: MIT */
/* The life of an instance, in every order that the contract allows. */
#include "session.h"

#include <stddef.h>

static void restart(struct host *host)
{
    call_stop(host);
    check_circumstance("it is started again after a stop");
    if (call_start(host) != CLB_OK)
        check_fail("it started once, and not again after a stop: %s", host->said.text);
}

/* A start that fails is tried again later, and what never started is destroyed. */
static void retry(struct host *host)
{
    enum { TIMES = 3 };
    check_circumstance("start has failed");
    for (int i = 0; i < TIMES && !host->is_running; i++)
        (void)call_start(host);
}

void check_lifecycle(struct subject *subject)
{
    struct host *host = session_create(subject);
    if (call_start(host) != CLB_OK)
        retry(host);
    if (host->is_running) {
        check_circumstance("it is stopped at once");
        restart(host);
        check_circumstance("it was used");
        session_use(host);
        session_use(host);
        restart(host);
        session_use(host);
    }
    session_end(host);
}

/* Of two instances neither knows of the other: what one does, the other survives. */
void check_two_instances(struct subject *subject)
{
    enum { ROUNDS = 5 };
    struct host *hosts[2] = {session_start(subject), session_create(subject)};
    check_circumstance("there are two instances");
    session_use(hosts[0]);
    if (call_start(hosts[1]) != CLB_OK) {
        /* One device, one instance: that is a reason, if it is told. */
        session_use(hosts[0]);
        session_end(hosts[1]);
        session_end(hosts[0]);
        return;
    }
    for (int i = 0; i < ROUNDS; i++)
        session_use_all(hosts, 2);
    check_circumstance("the other instance has stopped");
    call_stop(hosts[0]);
    session_use(hosts[1]);
    check_circumstance("the other instance is destroyed");
    session_end(hosts[0]);
    session_use(hosts[1]);
    session_end(hosts[1]);
}
