/* SPDX-License-Identifier: MIT */
#include "batches.h"

#include <stdio.h>
#include <string.h>

const char batch_epoch[] = "b977f6c6-c3e2-4f93-97a2-8a9c8084d794";

static void put_json(struct made_batch *made, uint32_t index, const char *json)
{
    snprintf(made->json[index], sizeof(made->json[index]), "%s", json);
    made->records[index].json = made->json[index];
    made->records[index].json_bytes = (uint32_t)strlen(made->json[index]);
}

void batch_make(struct made_batch *made, int first, int last)
{
    char json[384];
    memset(made, 0, sizeof(*made));
    made->batch = (clb_batch){.size = sizeof(clb_batch),
                              .deadline_ms = 1000 * 1000 + 10 * 1000,
                              .records = made->pointers,
                              .device_id = "pc \"1\"",
                              .epoch = batch_epoch};
    for (int seq = first; seq <= last; seq++) {
        uint32_t i = made->batch.count++;
        made->records[i] = (clb_record){.size = sizeof(clb_record),
                                        .kind = CLB_RECORD_HEARTBEAT,
                                        .seq = seq,
                                        .poll_interval_sec = 5,
                                        .is_playing = 1,
                                        .id = "an-id",
                                        .timestamp_utc = "2026-01-16T12:00:00.000Z"};
        snprintf(json, sizeof(json),
                 "{\"id\":\"an-id\",\"seq\":%d,\"epoch\":\"%s\",\"device_id\":\"pc \\\"1\\\"\","
                 "\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\",\"is_playing\":true,"
                 "\"poll_interval_sec\":5,\"activity\":\"a, {b}\",\"credited_sec\":5.000,"
                 "\"overdraft_sec\":0.000,\"decided_by\":null,\"flags\":[\"first\",\"late\"]}",
                 seq, batch_epoch);
        put_json(made, i, json);
        made->pointers[i] = &made->records[i];
    }
}

void batch_set_kind(struct made_batch *made, uint32_t index, uint32_t kind)
{
    made->records[index].kind = kind;
    made->records[index].id = "g";
    put_json(made, index, "{\"type\":\"gap\",\"id\":\"g\",\"from_seq\":1,\"to_seq\":900}");
}
