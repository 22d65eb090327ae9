/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include "zone/civil.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void batch_init(struct batch *batch)
{
    memset(batch, 0, sizeof(*batch));
}

static void release(struct batch *batch)
{
    free(batch->heartbeats);
    free(batch->records);
    free(batch->pointers);
    free(batch->ids);
    free(batch->timestamps);
    free(batch->json);
}

void batch_finish(struct batch *batch)
{
    release(batch);
    batch_init(batch);
}

void batch_shrink(struct batch *batch)
{
    if (batch->capacity > BATCH_RECORDS)
        batch_finish(batch);
}

static void *grown(void *old, size_t count, size_t size)
{
    void *memory = realloc(old, count * size);
    assert(memory != NULL);
    return memory;
}

void batch_reserve(struct batch *batch, int capacity)
{
    if (capacity <= batch->capacity)
        return;
    size_t count = (size_t)capacity;
    batch->heartbeats = grown(batch->heartbeats, count, sizeof(batch->heartbeats[0]));
    batch->records = grown(batch->records, count, sizeof(batch->records[0]));
    batch->pointers = grown(batch->pointers, count, sizeof(batch->pointers[0]));
    batch->ids = grown(batch->ids, count, sizeof(batch->ids[0]));
    batch->timestamps = grown(batch->timestamps, count, sizeof(batch->timestamps[0]));
    batch->capacity = capacity;
}

void batch_reserve_json(struct batch *batch, size_t capacity)
{
    if (capacity <= batch->json_capacity)
        return;
    batch->json = grown(batch->json, capacity, 1);
    batch->json_capacity = capacity;
}

/* Writes the JSON of all records behind one another, as far as `bytes` go; returns how many fit. */
static int write_json(struct batch *batch, int count, size_t bytes)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        if (batch->json_capacity - used < HEARTBEAT_JSON_CAPACITY)
            batch_reserve_json(batch,
                               batch->json_capacity * 2 + (size_t)HEARTBEAT_JSON_CAPACITY * 16);
        size_t length =
            heartbeat_to_json(&batch->heartbeats[i], &batch->origin, batch->json + used);
        if (i > 0 && used + length > bytes)
            return i;
        batch->records[i].json_bytes = (uint32_t)length;
        used += length + 1;
    }
    return count;
}

static void fill_record(struct batch *batch, int index, const char *json)
{
    const struct heartbeat *heartbeat = &batch->heartbeats[index];
    clb_record *record = &batch->records[index];
    uuid_format(heartbeat->id, batch->ids[index]);
    civil_format_timestamp(heartbeat->wall_ms, batch->timestamps[index]);
    *record = (clb_record){
        .size = sizeof(*record),
        .kind = CLB_RECORD_HEARTBEAT,
        .seq = heartbeat->seq,
        .wall_ms = heartbeat->wall_ms,
        .credited_ms = heartbeat->credited_ms,
        .overdraft_ms = heartbeat->overdraft_ms,
        .poll_interval_sec = heartbeat->poll_interval_sec,
        .is_playing = heartbeat->is_playing,
        .json_bytes = record->json_bytes,
        .json = json,
        .id = batch->ids[index],
        .timestamp_utc = batch->timestamps[index],
        .activity = heartbeat->activity[0] != '\0' ? heartbeat->activity : NULL,
    };
    batch->pointers[index] = record;
}

int batch_read(struct batch *batch, struct store_reader *reader, int64_t after_seq, int limit,
               size_t bytes, int64_t last_seq, struct error *error)
{
    assert(limit > 0 && limit <= BATCH_RECORDS_MAX);
    batch_reserve(batch, limit);
    int count = 0;
    int result = store_read_after(reader, after_seq, limit, batch->heartbeats, &count,
                                  &batch->origin, error);
    if (result != 0)
        return result;
    while (count > 0 && batch->heartbeats[count - 1].seq > last_seq)
        count--;

    count = write_json(batch, count, bytes);
    uuid_format(batch->origin.epoch, batch->epoch);
    const char *json = batch->json;
    for (int i = 0; i < count; i++) {
        fill_record(batch, i, json);
        json += batch->records[i].json_bytes + 1;
    }
    batch->last_seq = count > 0 ? batch->heartbeats[count - 1].seq : after_seq;
    batch->abi = (clb_batch){.size = sizeof(batch->abi),
                             .count = (uint32_t)count,
                             .records = batch->pointers,
                             .device_id = batch->origin.device_id,
                             .epoch = batch->epoch};
    return 0;
}

void batch_cut(struct batch *batch, int64_t before_seq)
{
    assert(batch->abi.count > 0 && batch->heartbeats[0].seq < before_seq);
    while (batch->heartbeats[batch->abi.count - 1].seq >= before_seq)
        batch->abi.count--;
    batch->last_seq = batch->heartbeats[batch->abi.count - 1].seq;
}
