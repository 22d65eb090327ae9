/* SPDX-License-Identifier: MIT */
#include "events.h"

#include "answer.h"
#include "platform/tcp_stream.h"
#include "query.h"
#include "stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What libmicrohttpd asks for at a time, and what the system holds for a reader that is slow. */
enum { BLOCK_BYTES = 4096, SOCKET_BYTES = 32 * 1024 };

struct events *events_create(const struct api_source *source)
{
    struct events *events = calloc(1, sizeof(*events));
    assert(events != NULL);
    events->source = source;
    return events;
}

void events_destroy(struct events *events)
{
    if (events == NULL)
        return;
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++)
        assert(events->streams[i] == NULL);
    free(events->states);
    free(events);
}

int64_t events_now_ms(const struct events *events)
{
    return events->source->clock->monotonic_ms(events->source->clock);
}

/* ---- News ---- */

static void note(const struct heartbeat *heartbeat, const struct heartbeat_origin *origin,
                 void *context)
{
    stream_note(context, heartbeat, origin);
}

/* An epoch begins with a start of the agent, or with a database that was made anew: while somebody
 * listens it is the latter, whose seqs are others, even where they go on as expected. */
static void move_to(struct events *events, const struct position *newest)
{
    bool is_anew = events->newest.seq > 0 && strcmp(events->newest.epoch, newest->epoch) != 0;
    for (int i = 0; i < EVENTS_STREAMS_MAX && is_anew; i++)
        if (events->streams[i] != NULL)
            events->streams[i]->is_lost = true;
    events->newest = *newest;
}

static int refresh(struct events *events, struct error *error)
{
    const struct api_source *source = events->source;
    struct position newest = {0};
    int result = store_read_before(source->reader, INT64_MAX, 1, note, &newest, error);
    if (result == 0)
        move_to(events, &newest);
    char *states = source->states(source->context);
    bool is_news = events->states == NULL || strcmp(events->states, states) != 0;
    events->version += is_news;
    free(is_news ? events->states : states);
    if (is_news)
        events->states = states;
    return result;
}

static bool is_any(const struct events *events)
{
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++)
        if (events->streams[i] != NULL)
            return true;
    return false;
}

void events_look(struct events *events)
{
    if (is_any(events))
        (void)refresh(events, NULL);
}

void events_renew(struct events *events)
{
    free(events->states);
    events->states = NULL;
    events_look(events);
}

/* ---- The stream as a response ---- */

static ssize_t read_stream(void *context, uint64_t position, char *target, size_t capacity)
{
    (void)position;
    struct stream *stream = context;
    if (stream->sent == stream->text.length && !stream->has_ended) {
        if (!stream_has_something(stream)) {
            stream->is_suspended = true;
            MHD_suspend_connection(stream->connection);
            return 0;
        }
        stream_say_next(stream);
    }
    size_t count = stream->text.length - stream->sent;
    if (count == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    count = count < capacity ? count : capacity;
    memcpy(target, stream->text.text + stream->sent, count);
    stream->sent += count;
    return (ssize_t)count;
}

static void leave(struct stream *stream)
{
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++)
        if (stream->events->streams[i] == stream)
            stream->events->streams[i] = NULL;
}

static void finish_stream(void *context)
{
    struct stream *stream = context;
    leave(stream);
    free(stream->text.text);
    free(stream);
}

static intptr_t handle_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    assert(info != NULL);
    return info->connect_fd;
}

static void wake(struct stream *stream)
{
    if (!stream->is_suspended)
        return;
    stream->is_suspended = false;
    MHD_resume_connection(stream->connection);
}

/* A browser that left a page is not noticed while its stream is suspended. */
static void end_deserted(struct events *events)
{
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++) {
        struct stream *stream = events->streams[i];
        if (stream == NULL || !tcp_stream_is_gone(handle_of(stream->connection)))
            continue;
        stream->has_ended = true;
        leave(stream);
        wake(stream);
    }
}

/* A place for a stream; NULL: all are taken. */
static struct stream **find_place(struct events *events)
{
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++)
        if (events->streams[i] == NULL)
            return &events->streams[i];
    return NULL;
}

static struct stream *open_stream(struct events *events, struct MHD_Connection *connection,
                                  const struct position *at, bool is_lost)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    assert(stream != NULL);
    stream->events = events;
    stream->connection = connection;
    stream->is_new = true;
    stream->at = *at;
    stream->is_lost = is_lost;
    tcp_stream_limit(handle_of(connection), SOCKET_BYTES);
    return stream;
}

/* A seq alone will do as well: who writes one by hand has no epoch. */
static bool read_id(const char *text, struct position *id)
{
    char seq[32] = "";
    uint8_t epoch[UUID_BYTES];
    size_t length = strcspn(text, "-");
    if (length >= sizeof(seq))
        return false;
    memcpy(seq, text, length);
    if (!query_number(seq, 0, INT64_MAX, 0, &id->seq))
        return false;
    if (text[length] == '\0')
        return true;
    if (!uuid_parse(text + length + 1, epoch))
        return false;
    uuid_format(epoch, id->epoch);
    return true;
}

/* Is that heartbeat there? Then its epoch is known as well. */
static int find(const struct events *events, struct position *id, bool *is_there,
                struct error *error)
{
    struct position found = {0};
    int result = store_read_before(events->source->reader, id->seq + 1, 1, note, &found, error);
    *is_there =
        found.seq == id->seq && (id->epoch[0] == '\0' || strcmp(found.epoch, id->epoch) == 0);
    if (*is_there)
        *id = found;
    return result;
}

/* A HEAD has no body that anybody would read. */
static ssize_t read_nothing(void *context, uint64_t position, char *target, size_t capacity)
{
    (void)context;
    (void)position;
    (void)target;
    (void)capacity;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static enum MHD_Result send_stream(const struct route_request *request, struct stream *stream)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, stream != NULL ? read_stream : read_nothing, stream,
        stream != NULL ? finish_stream : NULL);
    assert(response != NULL);
    answer_add_headers(response, MHD_HTTP_OK, "text/event-stream", request->cors_origin);
    enum MHD_Result result = MHD_queue_response(request->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse_stream(const struct route_request *request)
{
    return answer_problem(request->connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "4 readers listen already, and more are not served", NULL,
                          request->cors_origin);
}

enum MHD_Result route_events(const struct route_request *request)
{
    struct events *events = request->events;
    const char *last_id =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Last-Event-ID");
    struct position last = {0};
    if (last_id != NULL && !read_id(last_id, &last))
        return answer_problem(request->connection, MHD_HTTP_BAD_REQUEST,
                              "the id of an event is needed, or a seq: a whole number from 0",
                              "Last-Event-ID", request->cors_origin);
    if (request->is_head)
        return send_stream(request, NULL);

    end_deserted(events);
    struct stream **place = find_place(events);
    if (place == NULL)
        return refuse_stream(request);
    struct error error = {0};
    bool is_there = true;
    int result = refresh(events, &error);
    if (result == 0 && last_id != NULL)
        result = find(events, &last, &is_there, &error);
    if (result != 0)
        return answer_problem(request->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, error.text, NULL,
                              request->cors_origin);
    *place = open_stream(events, request->connection, last_id != NULL ? &last : &events->newest,
                         !is_there);
    return send_stream(request, *place);
}

/* ---- The life of the streams ---- */

static bool is_ping_due(const struct events *events)
{
    int64_t now_ms = events_now_ms(events);
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++) {
        const struct stream *stream = events->streams[i];
        if (stream != NULL && stream->is_suspended && now_ms >= stream->ping_at_ms)
            return true;
    }
    return false;
}

void events_tend(struct events *events)
{
    /* A disk that hangs rings no bell: it is looked at before a sign of life says that all is well.
     */
    if (is_ping_due(events))
        events_look(events);
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++)
        if (events->streams[i] != NULL && stream_has_something(events->streams[i]))
            wake(events->streams[i]);
}

int64_t events_timeout_ms(const struct events *events)
{
    int64_t least_ms = -1;
    int64_t now_ms = events_now_ms(events);
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++) {
        const struct stream *stream = events->streams[i];
        if (stream == NULL || !stream->is_suspended)
            continue;
        int64_t left_ms = stream->ping_at_ms - now_ms;
        if (left_ms < 0 || stream_has_something(stream))
            left_ms = 0; /* less would stand for never */
        if (least_ms < 0 || left_ms < least_ms)
            least_ms = left_ms;
    }
    return least_ms;
}

void events_end(struct events *events)
{
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++) {
        if (events->streams[i] == NULL)
            continue;
        events->streams[i]->has_ended = true;
        wake(events->streams[i]);
    }
}
