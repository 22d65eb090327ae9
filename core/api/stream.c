/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PING_MS = 15 * 1000, BATCH = 16 };

static void say_event(struct stream *stream, const char *event, int64_t seq, const char *json)
{
    char head[64];
    snprintf(head, sizeof(head), "event: %s\n", event);
    buffer_put(&stream->text, head);
    if (seq > 0) {
        snprintf(head, sizeof(head), "id: %" PRId64 "\n", seq);
        buffer_put(&stream->text, head);
    }
    buffer_put(&stream->text, "data: ");
    buffer_put(&stream->text, json);
    buffer_put(&stream->text, "\n\n");
}

/* Too far behind, or behind a seq that is not there: the way of a database that was made anew. */
static bool cannot_resume(const struct stream *stream)
{
    int64_t behind = stream->events->newest_seq - stream->seq;
    return behind < 0 || behind > EVENTS_CATCH_UP_MAX;
}

static void say_reset(struct stream *stream)
{
    char json[96];
    int64_t newest_seq = stream->events->newest_seq;
    snprintf(json, sizeof(json), "{\"after_seq\":%" PRId64 ",\"newest_seq\":%" PRId64 "}",
             stream->seq, newest_seq);
    say_event(stream, "reset", newest_seq, json);
    stream->seq = newest_seq;
}

/* False: they cannot be read. */
static bool say_heartbeats(struct stream *stream)
{
    struct heartbeat heartbeats[BATCH];
    struct heartbeat_origin origin;
    int count = 0;
    if (store_read_after(stream->events->source->reader, stream->seq, BATCH, heartbeats, &count,
                         &origin, NULL) != 0 ||
        count == 0)
        return false;
    for (int i = 0; i < count; i++) {
        char json[HEARTBEAT_JSON_CAPACITY];
        heartbeat_to_json(&heartbeats[i], &origin, json);
        say_event(stream, "heartbeat", heartbeats[i].seq, json);
    }
    stream->seq = heartbeats[count - 1].seq;
    if (stream->events->newest_seq < stream->seq) /* committed since it was looked for */
        stream->events->newest_seq = stream->seq;
    return true;
}

bool stream_has_something(const struct stream *stream)
{
    const struct events *events = stream->events;
    return stream->has_ended || stream->version != events->version ||
           stream->seq != events->newest_seq || events_now_ms(events) >= stream->ping_at_ms;
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
        say_event(stream, "status", 0, events->states);
    stream->version = events->version;
    if (stream->seq != events->newest_seq && !say_heartbeats(stream))
        stream->has_ended = true;
    if (stream->text.length == 0)
        buffer_put(&stream->text, ":\n\n");
}
