/* SPDX-License-Identifier: MIT */
/* Batches as the agent would make them, for sinks that are checked. Private to this folder. */
#ifndef CHECK_RECORDS_H
#define CHECK_RECORDS_H

#include "record/heartbeat.h"
#include <clockblock/sink.h>

enum { RECORDS_JSON_BYTES = HEARTBEAT_JSON_CAPACITY };

/* A record, with bytes behind it that only a newer host would know. */
struct record {
    clb_record abi; /* may be changed before the batch is delivered */
    unsigned char later[32];
    char json[RECORDS_JSON_BYTES];
    char id[UUID_TEXT_CAPACITY];
    char timestamp[32];
    char activity[ACTIVITY_CAPACITY];
};

struct records {
    clb_batch batch;
    clb_today today;
    char epoch[UUID_TEXT_CAPACITY];
    struct record *records; /* owned; batch.count of them */
    const clb_record **pointers;
};

/* `count` heartbeats in a row; every other one plays. Freed with records_finish(). */
void records_init(struct records *records, uint32_t count);
void records_finish(struct records *records);

/* Makes one of them stand for heartbeats that could not be kept. */
void records_make_gap(struct records *records, uint32_t index);

#endif
