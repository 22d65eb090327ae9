/* SPDX-License-Identifier: MIT */
/* One who listens to /events, and what he is told. Private to events.c and stream.c. */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "buffer.h"
#include "events.h"
#include "record/uuid.h"

/* Where somebody is in the heartbeats. As the id of an event: 1851-7c86204f-53ba-... */
struct position {
    int64_t seq;
    char epoch[UUID_TEXT_CAPACITY]; /* of that heartbeat; "": it is not known, or there is none */
};

struct stream {
    struct events *events; /* borrowed */
    struct MHD_Connection *connection;
    bool is_new; /* nothing was said yet */
    bool is_suspended;
    bool has_ended;
    bool is_lost;       /* what it has is not of this database: it cannot go on from there */
    struct position at; /* the newest heartbeat that was said */
    int64_t version;    /* of the states that were said; 0: none were */
    int64_t ping_at_ms;
    struct buffer text; /* owned: what is being said */
    size_t sent;        /* of it */
};

struct events {
    const struct api_source *source;
    struct stream *streams[EVENTS_STREAMS_MAX]; /* each owned by its response; NULL: free */
    struct position newest;                     /* on the disk */
    char *states;                               /* JSON, owned */
    int64_t version;                            /* of the states: 1, 2, 3 ... */
};

int64_t events_now_ms(const struct events *events); /* monotonic */

void stream_note(struct position *position, const struct heartbeat *heartbeat,
                 const struct heartbeat_origin *origin);

/* There is something to say, or it is time for a sign of life. */
bool stream_has_something(const struct stream *stream);
/* Then: puts the next piece into its text, which was sent. A stream whose heartbeats cannot be read
 * ends, and its reader comes back by himself. */
void stream_say_next(struct stream *stream);

#endif
