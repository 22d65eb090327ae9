/* SPDX-License-Identifier: MIT */
/* Who may ask: the checks that every request has to pass, whatever it asks for. Pure. A web page in
 * a browser of this machine can reach the port too (DNS rebinding, foreign origins), and so can a
 * name that somebody points at 127.0.0.1. */
#ifndef API_GUARD_H
#define API_GUARD_H

#include <stdbool.h>

enum guard_uri { GUARD_URI_FITS, GUARD_URI_TOO_LONG, GUARD_URI_HAS_NUL };

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
    const char *wanted_method; /* Access-Control-Request-Method: it asks before it asks */
    bool is_repeated;          /* one of these headers comes twice */
    bool is_page; /* a file of the dashboard: it tells nothing, and asks for the token itself */
    bool has_body;
    enum guard_uri uri;
};

struct guard_policy {
    const char *host; /* that the api is bound to */
    int port;
    const char *token;            /* NULL: none */
    char *const *allowed_origins; /* NULL-terminated; NULL: none */
};

struct guard_verdict {
    int status;              /* 0: let it pass; else an HTTP status */
    bool is_preflight;       /* passed, and asks no more than whether it may ask */
    const char *detail;      /* static: a sentence for whoever asked */
    const char *cors_origin; /* the origin to name in the answer, of the policy; NULL: none */
};

/* What is wrong with an address as it came, with its %-escapes: behind a NUL nobody would look. */
enum guard_uri guard_look_at_uri(const char *uri);

/* The path of an address that names one of our hosts in front of it, as a proxy is asked; of any
 * other the address itself. Borrowed from `target`, or static. */
const char *guard_find_path(const char *target, const struct guard_policy *policy);

/* Takes down a header of the request, when it is one that decides. `value` is borrowed. */
void guard_add_header(struct guard_request *request, const char *name, const char *value);

struct guard_verdict guard_check(const struct guard_request *request,
                                 const struct guard_policy *policy);

#endif
