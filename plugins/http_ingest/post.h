/* SPDX-License-Identifier: MIT */
/* One POST after the other over one connection, that can be broken off at any moment. */
#ifndef HTTP_INGEST_POST_H
#define HTTP_INGEST_POST_H

#include "body.h"

#include <clockblock/services.h>

struct post_settings {
    const char *url;
    const char *token;          /* NULL: none */
    const char *ca_file;        /* NULL: the system's */
    const char *const *headers; /* "Name: value" */
    uint32_t headers_count;
    int64_t connect_timeout_ms;
    bool is_loopback; /* the address is this machine: no proxy gets to see it */
};

struct post;

/* Copies the settings. NULL: no memory, or libcurl does not start. */
struct post *post_create(const clb_host *host, const clb_run *run, const clb_clock *clock,
                         const struct post_settings *settings);
void post_destroy(struct post *post); /* NULL is fine */

/* Sends a body and waits for the answer; fills `delivery` and `error`, with all or nothing taken.
 */
void post_send(struct post *post, const struct body *body, const clb_batch *batch,
               clb_delivery *delivery, clb_error *error);

/* Closes the connection. */
void post_disconnect(struct post *post);

#endif
