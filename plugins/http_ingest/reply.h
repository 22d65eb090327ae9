/* SPDX-License-Identifier: MIT */
/* What a server answers, as it comes in: a little of it is kept for the user to read, and a limited
 * part is read at all. */
#ifndef HTTP_INGEST_REPLY_H
#define HTTP_INGEST_REPLY_H

#include <clockblock/services.h>
#include <stdbool.h>
#include <stddef.h>

enum { REPLY_KEPT_BYTES = 256, REPLY_MAX_BYTES = 64 * 1024 };

struct reply {
    const clb_host *host;   /* borrowed */
    const clb_clock *clock; /* static */
    char text[REPLY_KEPT_BYTES + 1];
    size_t bytes;     /* all of them, also those that are not kept */
    bool is_capped;   /* we had enough of it */
    bool has_headers; /* all of them: libcurl takes an end in their midst for a good one */
    int64_t retry_after_ms;
};

void reply_begin(struct reply *reply);

/* For libcurl, with a struct reply as their data. */
size_t reply_on_body(char *bytes, size_t size, size_t count, void *reply);
size_t reply_on_header(char *bytes, size_t size, size_t count, void *reply);

#endif
