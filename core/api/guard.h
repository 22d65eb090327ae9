/* SPDX-License-Identifier: MIT */
/* Who may ask: the checks that every request has to pass, whatever it asks for. Pure. A web page in
 * a browser of this machine can reach the port too (DNS rebinding, foreign origins), and so can a
 * name that somebody points at 127.0.0.1. */
#ifndef API_GUARD_H
#define API_GUARD_H

#include <stdbool.h>

/* The parts of a request that decide; NULL: the header is not there. */
struct guard_request {
    const char *method;
    const char *path;
    const char *host;
    int host_count; /* how many Host headers there are */
    const char *origin;
    const char *fetch_site; /* Sec-Fetch-Site */
    const char *fetch_mode; /* Sec-Fetch-Mode */
    const char *authorization;
    bool has_body;
    bool is_too_long; /* the URI */
};

struct guard_policy {
    const char *host; /* that the api is bound to */
    int port;
    const char *token;            /* NULL: none */
    char *const *allowed_origins; /* NULL-terminated; NULL: none */
};

struct guard_verdict {
    int status;              /* 0: let it pass; else an HTTP status */
    const char *detail;      /* static: a sentence for whoever asked */
    const char *cors_origin; /* the origin to name in the answer, of the policy; NULL: none */
};

struct guard_verdict guard_check(const struct guard_request *request,
                                 const struct guard_policy *policy);

#endif
