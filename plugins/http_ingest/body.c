/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool append(struct body *body, const char *bytes, size_t length)
{
    if (body->capacity - body->length < length) {
        size_t capacity = body->capacity * 2 + length + 1024;
        char *larger = realloc(body->bytes, capacity);
        if (larger == NULL)
            return false;
        body->bytes = larger;
        body->capacity = capacity;
    }
    memcpy(body->bytes + body->length, bytes, length);
    body->length += length;
    return true;
}

static bool append_string(struct body *body, const char *text)
{
    bool fits = append(body, "\"", 1);
    for (; fits && *text != '\0'; text++) {
        char escaped[8];
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", c);
        else if (c < 0x20)
            snprintf(escaped, sizeof(escaped), "\\u%04x", c);
        else
            snprintf(escaped, sizeof(escaped), "%c", c);
        fits = append(body, escaped, strlen(escaped));
    }
    return fits && append(body, "\"", 1);
}

static bool append_first_agent(struct body *body, const clb_batch *batch, const clb_record *record)
{
    char text[160];
    snprintf(text, sizeof(text), "{\"id\":\"%s\",\"device_id\":", record->id);
    if (!append(body, text, strlen(text)) || !append_string(body, batch->device_id))
        return false;
    snprintf(text, sizeof(text),
             ",\"timestamp_utc\":\"%s\",\"is_playing\":%s,\"poll_interval_sec\":%d}",
             record->timestamp_utc, record->is_playing != 0 ? "true" : "false",
             (int)record->poll_interval_sec);
    return append(body, text, strlen(text));
}

bool body_write(struct body *body, const clb_batch *batch, bool first_agent_keys)
{
    body->length = 0;
    bool fits = append(body, "[", 1);
    for (uint32_t i = 0; fits && i < batch->count; i++) {
        const clb_record *record = batch->records[i];
        if (i > 0)
            fits = append(body, ",", 1);
        if (fits && first_agent_keys && record->kind == CLB_RECORD_HEARTBEAT)
            fits = append_first_agent(body, batch, record);
        else if (fits)
            fits = append(body, record->json, record->json_bytes);
    }
    return fits && append(body, "]", 1);
}

void body_finish(struct body *body)
{
    free(body->bytes);
    *body = (struct body){NULL, 0, 0};
}
