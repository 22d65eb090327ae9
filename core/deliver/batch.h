/* SPDX-License-Identifier: MIT */
/* A batch: records from the store in the form that sinks get. Private to this folder. */
#ifndef DELIVER_BATCH_H
#define DELIVER_BATCH_H

#include "store/delivery.h"

#include <clockblock/sink.h>

enum {
    BATCH_RECORDS = 200,          /* as a rule */
    BATCH_RECORDS_BACKLOG = 2000, /* while there is a backlog: what keeps the agent below 16 MB */
    BATCH_RECORDS_MAX = 10000,    /* of batch_limit in the configuration */
    BATCH_BYTES_MAX = 1024 * 1024
};

struct batch {
    clb_batch abi; /* what the sink gets */
    int64_t last_seq;
    char epoch[UUID_TEXT_CAPACITY];
    struct heartbeat_origin origin;

    int capacity; /* records that the arrays hold */
    struct heartbeat *heartbeats;
    clb_record *records;
    const clb_record **pointers;
    char (*ids)[UUID_TEXT_CAPACITY];
    char (*timestamps)[32];
    char *json; /* all records behind one another */
    size_t json_capacity;
};

void batch_init(struct batch *batch);
void batch_finish(struct batch *batch);

/* Reads the records after `after_seq`: at most `limit` of them, of not more than `bytes` of JSON
 * (but at least one), and none beyond `last_seq`. An empty batch when there are none. */
int batch_read(struct batch *batch, struct store_reader *reader, int64_t after_seq, int limit,
               size_t bytes, int64_t last_seq, struct error *error);

/* Leaves out the records from `before_seq` on; the first one is not among them. */
void batch_cut(struct batch *batch, int64_t before_seq);

/* Instead of heartbeats: a gap record alone. */
void batch_of_gap(struct batch *batch, const struct store_gap *gap);
/* One heartbeat alone, from its JSON as it was kept. False: it is none. */
bool batch_of_json(struct batch *batch, const char *json);

/* Room for so many records, and so many bytes of JSON. What is in the batch is kept, but the
 * records may no longer point to it. */
void batch_reserve(struct batch *batch, int capacity);
void batch_reserve_json(struct batch *batch, size_t capacity);

/* Gives the memory of a large batch back. */
void batch_shrink(struct batch *batch);

#endif
