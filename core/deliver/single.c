/* SPDX-License-Identifier: MIT */
/* Batches of one record that does not come from the table of heartbeats. */
#include "batch.h"

#include "json.h"
#include "record/text.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void add(struct json_object *json, const char *key, struct json_object *value)
{
    json_object_object_add(json, key, value);
}

static const char *print(struct json_object *json, size_t *length)
{
    return json_object_to_json_string_length(
        json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, length);
}

/* The JSON and the origin are set; the rest of `record` is. */
static void fill_batch(struct batch *batch, const clb_record *record)
{
    batch->records[0] = *record;
    batch->records[0].size = sizeof(*record);
    batch->records[0].json = batch->json;
    batch->records[0].id = batch->ids[0];
    batch->records[0].timestamp_utc = batch->timestamps[0];
    batch->pointers[0] = &batch->records[0];
    batch->last_seq = record->seq;
    batch->abi = (clb_batch){.size = sizeof(batch->abi),
                             .count = 1,
                             .records = batch->pointers,
                             .device_id = batch->origin.device_id,
                             .epoch = batch->epoch};
}

void batch_of_gap(struct batch *batch, const struct store_gap *gap)
{
    size_t length = 0;
    struct json_object *json = json_object_new_object();
    assert(json != NULL && gap->number > 0);
    batch_reserve(batch, 1);
    batch->origin = gap->origin;
    uuid_format(gap->origin.epoch, batch->epoch);
    uuid_format(gap->id, batch->ids[0]);
    civil_format_timestamp(gap->wall_ms, batch->timestamps[0]);

    add(json, "type", json_object_new_string("gap"));
    add(json, "id", json_object_new_string(batch->ids[0]));
    add(json, "epoch", json_object_new_string(batch->epoch));
    add(json, "device_id", json_object_new_string(gap->origin.device_id));
    add(json, "from_seq", json_object_new_int64(gap->from_seq));
    add(json, "to_seq", json_object_new_int64(gap->to_seq));
    add(json, "count", json_object_new_int64(gap->count));
    add(json, "reason", json_object_new_string(gap->reason));
    add(json, "timestamp_utc", json_object_new_string(batch->timestamps[0]));
    const char *text = print(json, &length);
    batch_reserve_json(batch, length + 1);
    memcpy(batch->json, text, length + 1);
    json_object_put(json);

    const clb_record record = {.kind = CLB_RECORD_GAP,
                               .seq = gap->to_seq,
                               .wall_ms = gap->wall_ms,
                               .json_bytes = (uint32_t)length};
    fill_batch(batch, &record);
}

/* ---- A heartbeat that was kept as its JSON ---- */

static struct json_object *get(struct json_object *json, const char *key)
{
    struct json_object *value = NULL;
    json_object_object_get_ex(json, key, &value);
    return value;
}

static const char *text_of(struct json_object *json, const char *key)
{
    struct json_object *value = get(json, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* From "12.345": the three decimals are there. */
static int64_t ms_of(struct json_object *json, const char *key)
{
    return (int64_t)(json_object_get_double(get(json, key)) * 1000 + 0.5);
}

static void take_origin(struct batch *batch, struct json_object *json)
{
    text_copy(batch->epoch, sizeof(batch->epoch), text_of(json, "epoch"));
    text_copy(batch->origin.device_id, sizeof(batch->origin.device_id), text_of(json, "device_id"));
    text_copy(batch->ids[0], sizeof(batch->ids[0]), text_of(json, "id"));
    text_copy(batch->timestamps[0], sizeof(batch->timestamps[0]), text_of(json, "timestamp_utc"));
    text_copy(batch->heartbeats[0].activity, sizeof(batch->heartbeats[0].activity),
              text_of(json, "activity"));
}

bool batch_of_json(struct batch *batch, const char *text)
{
    size_t length = strlen(text);
    struct json_object *json = json_tokener_parse(text);
    if (!json_object_is_type(json, json_type_object)) {
        json_object_put(json);
        return false;
    }
    batch_reserve(batch, 1);
    take_origin(batch, json);
    batch_reserve_json(batch, length + 1);
    memcpy(batch->json, text, length + 1);
    const char *activity = batch->heartbeats[0].activity;
    clb_record record = {
        .kind = CLB_RECORD_HEARTBEAT,
        .seq = json_object_get_int64(get(json, "seq")),
        .credited_ms = ms_of(json, "credited_sec"),
        .overdraft_ms = ms_of(json, "overdraft_sec"),
        .poll_interval_sec = json_object_get_int(get(json, "poll_interval_sec")),
        .is_playing = json_object_get_boolean(get(json, "is_playing")) ? 1 : 0,
        .json_bytes = (uint32_t)length,
        .activity = activity[0] != '\0' ? activity : NULL,
    };
    json_object_put(json);
    bool has_time = civil_parse_timestamp(batch->timestamps[0], &record.wall_ms);
    fill_batch(batch, &record);
    return has_time;
}
