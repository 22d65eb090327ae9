/* SPDX-License-Identifier: MIT */
/* Batches of made-up heartbeats. */
#ifndef TESTS_BATCHES_H
#define TESTS_BATCHES_H

#include <clockblock/sink.h>

enum { BATCH_MAX = 8 };

struct made_batch {
    clb_batch batch;
    clb_record records[BATCH_MAX];
    const clb_record *pointers[BATCH_MAX];
    char json[BATCH_MAX][384];
};

extern const char batch_epoch[];

/* The heartbeats first..last; first > last: none. */
void batch_make(struct made_batch *made, int first, int last);

/* Makes one of them a gap record, or of a kind of later days. */
void batch_set_kind(struct made_batch *made, uint32_t index, uint32_t kind);

#endif
