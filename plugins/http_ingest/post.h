/* SPDX-License-Identifier: MIT */
/* One POST after the other over one connection, that can be broken off at any moment. */
#ifndef HTTP_INGEST_POST_H
#define HTTP_INGEST_POST_H

#include "body.h"

#include <clockblock/services.h>

struct post_settings {
    const char *url;
    const char *token;     /* NULL: none */
    const char *ca_file;   /* NULL: the system's */
    const char *cert_file; /* of the client; NULL: none */
    const char *key_file;  /* NULL: it is in cert_file */
    const char *proxy;     /* NULL: what the environment says */
    const char *content_type;
    bool is_gzip;
    const char *const *headers; /* "Name: value" */
    uint32_t headers_count;
    int64_t connect_timeout_ms;
    bool is_loopback; /* the address is this machine: no proxy gets to see it */
};

/* What is sent. */
struct upload {
    char key[160];      /* the Idempotency-Key: the same for the same records */
    struct body *body;  /* borrowed */
    const char *packed; /* the body in gzip, borrowed; NULL: it is read while it is sent */
    size_t packed_bytes;
};

struct post;

/* Copies the settings. NULL: no memory, or libcurl does not start. */
struct post *post_create(const clb_host *host, const clb_run *run, const clb_clock *clock,
                         const struct post_settings *settings);
void post_destroy(struct post *post); /* NULL is fine */

/* Sends it and waits for the answer, until the deadline. Fills the outcome of `delivery`, not what
 * was accepted, and `error`. */
void post_send(struct post *post, const struct upload *upload, int64_t deadline_ms,
               clb_delivery *delivery, clb_error *error);

/* Closes the connection. */
void post_disconnect(struct post *post);

#endif
