/* SPDX-License-Identifier: MIT */
/* What create may be given and cannot like: it may refuse, with a sentence, and nothing else. */
#include "given.h"
#include "session.h"

#include <stdio.h>

static void make_and_free(const clb_settings *settings, const char *what, void *context)
{
    struct host *host = context;
    check_circumstance(what);
    if (call_create(host, settings))
        call_destroy(host);
}

void check_settings_missing(struct subject *subject)
{
    struct host *host = host_create(subject);
    given_missing(subject, make_and_free, host);
    host_finish(host);
}

void check_settings_hostile(struct subject *subject)
{
    struct host *host = host_create(subject);
    host->echoes = true;
    given_hostile(subject, make_and_free, host);
    host_finish(host);
}

void check_services_missing(struct subject *subject)
{
    static const char *const ids[] = {CLB_LOG, CLB_CLOCK, CLB_RUN};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char what[64];
        clb_settings *settings = given_settings(subject);
        struct host *host = host_create(subject);
        snprintf(what, sizeof(what), "the host lacks %s", ids[i]);
        check_circumstance(what);
        host->lacks = ids[i];
        /* Who makes an instance without the service has to work without it. */
        if (call_create(host, settings) && call_start(host) == CLB_OK)
            session_use(host);
        session_end(host);
        config_settings_destroy(settings);
    }
}
