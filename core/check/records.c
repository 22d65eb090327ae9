/* SPDX-License-Identifier: MIT */
#include "records.h"

#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTERVAL_SEC = 15, INTERVAL_MS = INTERVAL_SEC * 1000 };
static const int64_t first_wall_ms = INT64_C(1768564800000); /* 2026-01-16T12:00:00Z */
static const char device[] = "clockblock-check";

static void fill(struct record *record, uint32_t index, const struct heartbeat_origin *origin)
{
    struct heartbeat heartbeat = {.seq = (int64_t)index + 1,
                                  .wall_ms = first_wall_ms + (int64_t)index * INTERVAL_MS,
                                  .poll_interval_sec = INTERVAL_SEC,
                                  .is_playing = index % 2 == 0};
    if (heartbeat.is_playing) {
        heartbeat.credited_ms = INTERVAL_MS;
        snprintf(heartbeat.activity, sizeof(heartbeat.activity), "Minecraft");
        snprintf(heartbeat.decided_by, sizeof(heartbeat.decided_by), "games");
    }
    memcpy(heartbeat.id, &index, sizeof(index));
    memcpy(record->activity, heartbeat.activity, sizeof(record->activity));
    memset(record->later, 0xA5, sizeof(record->later));
    uuid_format(heartbeat.id, record->id);
    civil_format_timestamp(heartbeat.wall_ms, record->timestamp);
    record->abi = (clb_record){
        .size = sizeof(record->abi),
        .kind = CLB_RECORD_HEARTBEAT,
        .seq = heartbeat.seq,
        .wall_ms = heartbeat.wall_ms,
        .credited_ms = heartbeat.credited_ms,
        .poll_interval_sec = heartbeat.poll_interval_sec,
        .is_playing = heartbeat.is_playing,
        .json_bytes = (uint32_t)heartbeat_to_json(&heartbeat, origin, record->json),
        .json = record->json,
        .id = record->id,
        .timestamp_utc = record->timestamp,
        .activity = heartbeat.is_playing ? record->activity : NULL,
    };
}

void records_init(struct records *records, uint32_t count)
{
    struct heartbeat_origin origin = {.epoch = {0xC1, 0x0C, 0x4B, 0x10, 0xC4}};
    memcpy(origin.device_id, device, sizeof(device));
    memset(records, 0, sizeof(*records));
    records->records = calloc(count + 1, sizeof(records->records[0]));
    records->pointers = calloc(count + 1, sizeof(records->pointers[0]));
    assert(records->records != NULL && records->pointers != NULL);
    uuid_format(origin.epoch, records->epoch);
    for (uint32_t i = 0; i < count; i++) {
        fill(&records->records[i], i, &origin);
        records->pointers[i] = &records->records[i].abi;
    }
    records->today = (clb_today){.size = sizeof(records->today),
                                 .has_allowance = 1,
                                 .used_ms = INTERVAL_MS,
                                 .left_ms = 3600 * INT64_C(1000)};
    records->batch = (clb_batch){.size = sizeof(records->batch),
                                 .count = count,
                                 .records = records->pointers,
                                 .today = &records->today,
                                 .device_id = device,
                                 .epoch = records->epoch};
}

void records_finish(struct records *records)
{
    free(records->records);
    free(records->pointers);
    memset(records, 0, sizeof(*records));
}

void records_make_gap(struct records *records, uint32_t index)
{
    assert(index < records->batch.count);
    struct record *record = &records->records[index];
    clb_record *abi = &record->abi;
    abi->kind = CLB_RECORD_GAP;
    abi->credited_ms = 0;
    abi->is_playing = 0;
    abi->activity = NULL;
    abi->json_bytes = (uint32_t)snprintf(
        record->json, sizeof(record->json),
        "{\"type\":\"gap\",\"seq\":%lld,\"count\":3,\"reason\":\"the disk was full\"}",
        (long long)abi->seq);
}
