/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PING_MS = 15 * 1000, BATCH = 16 };

void stream_note(struct position *position, const struct heartbeat *heartbeat,
                 const struct heartbeat_origin *origin)
{
    position->seq = heartbeat->seq;
    uuid_format(origin->epoch, position->epoch);
}

/* Each event has an id: a reader that is cut before his first heartbeat comes back with one too. */
static void say_event(struct stream *stream, const char *event, const char *json)
{
    char head[128];
    const struct position *at = &stream->at;
    snprintf(head, sizeof(head), "event: %s\nid: %" PRId64 "%s%s\ndata: ", event, at->seq,
             at->epoch[0] != '\0' ? "-" : "", at->epoch);
    buffer_put(&stream->text, head);
    buffer_put(&stream->text, json);
    buffer_put(&stream->text, "\n\n");
}

/* Too far behind, or behind what is not there: the way of a database that was made anew. */
static bool cannot_resume(const struct stream *stream)
{
    int64_t behind = stream->events->newest.seq - stream->at.seq;
    return stream->is_lost || behind < 0 || behind > EVENTS_CATCH_UP_MAX;
}

static void say_reset(struct stream *stream)
{
    char json[96];
    int64_t after_seq = stream->at.seq;
    stream->at = stream->events->newest;
    stream->is_lost = false;
    snprintf(json, sizeof(json), "{\"after_seq\":%" PRId64 ",\"newest_seq\":%" PRId64 "}",
             after_seq, stream->at.seq);
    say_event(stream, "reset", json);
}

/* False: they cannot be read. */
static bool say_heartbeats(struct stream *stream)
{
    struct heartbeat heartbeats[BATCH];
    struct heartbeat_origin origin;
    int count = 0;
    if (store_read_after(stream->events->source->reader, stream->at.seq, BATCH, heartbeats, &count,
                         &origin, NULL) != 0 ||
        count == 0)
        return false;
    if (heartbeats[0].seq != stream->at.seq + 1) { /* those between were deleted */
        say_reset(stream);
        return true;
    }
    for (int i = 0; i < count; i++) {
        char json[HEARTBEAT_JSON_CAPACITY];
        heartbeat_to_json(&heartbeats[i], &origin, json);
        stream_note(&stream->at, &heartbeats[i], &origin);
        say_event(stream, "heartbeat", json);
    }
    if (stream->events->newest.seq < stream->at.seq) /* committed since it was looked for */
        stream->events->newest = stream->at;
    return true;
}

bool stream_has_something(const struct stream *stream)
{
    const struct events *events = stream->events;
    return stream->has_ended || stream->version != events->version || stream->is_lost ||
           stream->at.seq != events->newest.seq || events_now_ms(events) >= stream->ping_at_ms;
}

void stream_say_next(struct stream *stream)
{
    struct events *events = stream->events;
    stream->text.length = 0;
    stream->sent = 0;
    stream->ping_at_ms = events_now_ms(events) + PING_MS;
    if (stream->is_new)
        buffer_put(&stream->text, "retry: 3000\n\n");
    stream->is_new = false;
    if (cannot_resume(stream))
        say_reset(stream);
    if (stream->version != events->version)
        say_event(stream, "status", events->states);
    stream->version = events->version;
    if (stream->at.seq != events->newest.seq && !say_heartbeats(stream))
        stream->has_ended = true;
    if (stream->text.length == 0)
        buffer_put(&stream->text, ":\n\n");
}
