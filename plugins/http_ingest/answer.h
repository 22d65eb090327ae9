/* SPDX-License-Identifier: MIT */
/* What the answer of a server means for a batch. Pure. */
#ifndef HTTP_INGEST_ANSWER_H
#define HTTP_INGEST_ANSWER_H

#include <clockblock/sink.h>

/* An enum clb_outcome by an HTTP status. */
int32_t answer_outcome(long status);

/* A sentence a user can act on. `body` is the start of what the server sent; may be "". */
void answer_sentence(long status, const char *body, char *text, size_t capacity);

/* A Retry-After of seconds, in ms; -1: it is none (it may be a date). */
int64_t answer_retry_seconds(const char *value);

/* No server can silence us for longer than an hour. */
int64_t answer_clamp_retry_ms(int64_t retry_ms);

#endif
