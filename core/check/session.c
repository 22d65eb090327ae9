/* SPDX-License-Identifier: MIT */
#include "session.h"

#include "given.h"
#include "records.h"

#include <assert.h>

enum { LIMIT_MS = 1000, HOSTS_MAX = 8 };

struct host *session_create(const struct subject *subject)
{
    clb_settings *settings = given_settings(subject);
    struct host *host = host_create(subject);
    if (!call_create(host, settings))
        check_fail("create refuses the given settings: %s", host->said.text);
    config_settings_destroy(settings);
    return host;
}

struct host *session_start(const struct subject *subject)
{
    struct host *host = session_create(subject);
    if (call_start(host) != CLB_OK)
        check_skip("it does not start here: %s", host->said.text);
    return host;
}

void session_end(struct host *host)
{
    if (host == NULL)
        return;
    if (host->is_running)
        call_stop(host);
    if (host->is_created)
        call_destroy(host);
    host_finish(host);
}

void session_use(struct host *host)
{
    session_use_all(&host, 1);
}

void session_use_all(struct host *const *hosts, int count)
{
    struct records records;
    struct task tasks[HOSTS_MAX];
    assert(count <= HOSTS_MAX);
    records_init(&records, 1);
    for (int i = 0; i < count; i++) {
        tasks[i] = (struct task){.limit_ms = LIMIT_MS, .batch = &records.batch};
        if (hosts[i]->detector != NULL)
            call_poll_begin(hosts[i], &tasks[i]);
        else
            call_deliver_begin(hosts[i], &tasks[i]);
    }
    for (int i = 0; i < count; i++)
        (void)host_await(hosts[i], -1);
    for (int i = 0; i < count; i++)
        (void)call_wait(hosts[i], 1);
    records_finish(&records);
}
