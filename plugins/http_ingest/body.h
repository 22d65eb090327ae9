/* SPDX-License-Identifier: MIT */
/* The body of a POST: a JSON array of heartbeats. Pure. */
#ifndef HTTP_INGEST_BODY_H
#define HTTP_INGEST_BODY_H

#include <clockblock/sink.h>
#include <stdbool.h>

/* A buffer that grows; zeroed to begin with. */
struct body {
    char *bytes; /* owned */
    size_t length;
    size_t capacity;
    uint32_t count; /* heartbeats in it */
    int64_t first_seq;
    int64_t last_seq;
};

/* Writes all heartbeats of the batch: whole, or with the first agent's five keys only. Other kinds
 * of records are left out: a table wants uniform keys. False: no memory. */
bool body_write(struct body *body, const clb_batch *batch, bool first_agent_keys);
void body_finish(struct body *body);

#endif
