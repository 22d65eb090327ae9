/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool append(struct body *body, const char *bytes, size_t length)
{
    if (body->capacity - body->length < length) {
        size_t capacity = body->capacity + body->capacity / 2 + length + 1024;
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

static bool append_text(struct body *body, const char *text)
{
    return append(body, text, strlen(text));
}

static bool append_string(struct body *body, const char *text)
{
    bool fits = append(body, "\"", 1);
    while (fits && *text != '\0') {
        size_t plain = 0;
        while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\')
            plain++;
        fits = append(body, text, plain);
        text += plain;
        if (fits && *text != '\0') {
            char escaped[8];
            bool is_control = (unsigned char)*text < 0x20;
            snprintf(escaped, sizeof(escaped), is_control ? "\\u%04x" : "\\%c", *text);
            fits = append_text(body, escaped);
            text++;
        }
    }
    return fits && append(body, "\"", 1);
}

static bool append_first_agent(struct body *body, const clb_batch *batch, const clb_record *record)
{
    char rest[96];
    snprintf(rest, sizeof(rest), "\",\"is_playing\":%s,\"poll_interval_sec\":%d}",
             record->is_playing != 0 ? "true" : "false", (int)record->poll_interval_sec);
    return append_text(body, "{\"id\":\"") && append_text(body, record->id) &&
           append_text(body, "\",\"device_id\":") && append_string(body, batch->device_id) &&
           append_text(body, ",\"timestamp_utc\":\"") && append_text(body, record->timestamp_utc) &&
           append_text(body, rest);
}

/* Room for whole records at once, so that the buffer does not grow step by step. */
static bool reserve(struct body *body, const clb_batch *batch)
{
    size_t length = 2;
    for (uint32_t i = 0; i < batch->count; i++)
        length += (size_t)batch->records[i]->json_bytes + 1;
    if (length <= body->capacity)
        return true;
    char *larger = realloc(body->bytes, length);
    if (larger == NULL)
        return false;
    body->bytes = larger;
    body->capacity = length;
    return true;
}

bool body_write(struct body *body, const clb_batch *batch, bool first_agent_keys)
{
    body->length = 0;
    body->count = 0;
    bool fits = reserve(body, batch) && append(body, "[", 1);
    for (uint32_t i = 0; fits && i < batch->count; i++) {
        const clb_record *record = batch->records[i];
        if (record->kind != CLB_RECORD_HEARTBEAT)
            continue;
        if (body->count++ > 0)
            fits = append(body, ",", 1);
        else
            body->first_seq = record->seq;
        body->last_seq = record->seq;
        fits = fits && (first_agent_keys ? append_first_agent(body, batch, record)
                                         : append(body, record->json, record->json_bytes));
    }
    return fits && append(body, "]", 1);
}

void body_finish(struct body *body)
{
    free(body->bytes);
    memset(body, 0, sizeof(*body));
}
