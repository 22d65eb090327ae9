/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <stdio.h>
#include <string.h>

/* Cuts at the end of a character. */
static void copy(char *to, size_t capacity, const char *from)
{
    size_t length = strlen(from);
    if (length >= capacity) {
        length = capacity - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(to, from, length);
    to[length] = '\0';
}

void state_take(struct snapshot *snapshot, const clb_batch *batch)
{
    for (uint32_t i = batch->count; i > 0; i--) {
        const clb_record *record = batch->records[i - 1];
        if (record->kind != CLB_RECORD_HEARTBEAT)
            continue;
        snapshot->is_known = true;
        snapshot->is_playing = record->is_playing != 0;
        copy(snapshot->activity, sizeof(snapshot->activity),
             record->activity != NULL ? record->activity : "");
        copy(snapshot->timestamp_utc, sizeof(snapshot->timestamp_utc), record->timestamp_utc);
        break;
    }
    if (batch->today != NULL)
        snapshot->today = *batch->today;
}

static const char *word(bool value)
{
    return value ? "true" : "false";
}

void state_write(struct text *text, const struct snapshot *snapshot, bool is_current)
{
    bool has_activity = is_current && snapshot->activity[0] != '\0';
    text_add(text, "{\"timestamp_utc\":");
    text_add_string(text, is_current ? snapshot->timestamp_utc : NULL);
    text_add(text, ",\"is_playing\":");
    text_add(text, is_current ? word(snapshot->is_playing) : "null");
    text_add(text, ",\"activity\":");
    text_add_string(text, has_activity ? snapshot->activity : NULL);
    text_add(text, ",\"minutes_used\":");
    text_add_minutes(text, snapshot->today.used_ms);
    text_add(text, ",\"minutes_overdraft\":");
    text_add_minutes(text, snapshot->today.overdraft_ms);
    text_add(text, ",\"minutes_left\":");
    if (snapshot->today.has_allowance != 0)
        text_add_minutes(text, snapshot->today.left_ms);
    else
        text_add(text, "null");
    text_add(text, "}");
}
