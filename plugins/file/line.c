/* SPDX-License-Identifier: MIT */
#include "line.h"

#include <stdlib.h>
#include <string.h>

static const char heartbeat_start[] = "{\"id\":\"";
static const char gap_start[] = "{\"type\":\"gap\",\"id\":\"";

static bool begins_with(const char *text, size_t length, const char *start)
{
    size_t known = strlen(start);
    return memcmp(text, start, length < known ? length : known) == 0;
}

bool line_begins(const char *text, size_t length)
{
    return begins_with(text, length, heartbeat_start) || begins_with(text, length, gap_start);
}

/* Copies the text that begins at `from` up to its quote; "": it is longer than that. */
static void copy_text(char *copy, size_t capacity, const char *from)
{
    size_t length = strcspn(from, "\"");
    copy[0] = '\0';
    if (length >= capacity)
        return;
    memcpy(copy, from, length);
    copy[length] = '\0';
}

/* The value of a key that stands behind a comma; NULL: it is not there. The keys are looked for as
 * our own lines write them; a name that a user chose has its quotes escaped, and so cannot look
 * like one. */
static const char *value_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at != NULL ? at + strlen(key) : NULL;
}

bool line_read(const char *text, struct line *line)
{
    size_t length = strlen(text);
    memset(line, 0, sizeof(*line));
    line->is_gap = length > strlen(gap_start) && begins_with(text, length, gap_start);
    bool has_id = length > strlen(heartbeat_start) && begins_with(text, length, heartbeat_start);
    if (!line->is_gap && !has_id)
        return false;
    copy_text(line->id, sizeof(line->id),
              text + strlen(line->is_gap ? gap_start : heartbeat_start));
    const char *time = value_of(text, ",\"timestamp_utc\":\"");
    const char *seq = value_of(text, ",\"seq\":");
    const char *epoch = value_of(text, ",\"epoch\":\"");
    if (time != NULL)
        copy_text(line->time, sizeof(line->time), time);
    if (epoch != NULL)
        copy_text(line->epoch, sizeof(line->epoch), epoch);
    line->is_heartbeat = !line->is_gap && seq != NULL && line->epoch[0] != '\0';
    if (line->is_heartbeat)
        line->seq = strtoll(seq, NULL, 10);
    return line->is_gap || line->is_heartbeat;
}
