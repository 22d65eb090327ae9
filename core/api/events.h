/* SPDX-License-Identifier: MIT */
/*
 * /events: Server-Sent Events. A stream begins with a `status`, then brings each heartbeat when it
 * is on the disk, and the next `status` when a state changes. The id of each is the seq and the
 * epoch of the newest heartbeat so far. Last-Event-ID resumes behind that one; where it is too far
 * behind, or not there, or what follows it is not, there is a `reset` in place of what was missed,
 * and the reader has to ask the other routes.
 *
 * A stream holds a place in the heartbeats and one piece of text, whatever its reader does: what a
 * slow one has not taken waits in the database. One that takes nothing is cut by the time limit of
 * all connections, and what the system holds for it meanwhile is limited. A stream with nothing to
 * send is suspended, and costs nothing. All on the thread that runs the api. Private to this
 * folder.
 */
#ifndef API_EVENTS_H
#define API_EVENTS_H

#include "routes.h"

enum { EVENTS_STREAMS_MAX = 4, EVENTS_CATCH_UP_MAX = 1000 };

struct events;

/* `source` is borrowed. Owned by the caller. */
struct events *events_create(const struct api_source *source);
/* When no stream is left. NULL is fine. */
void events_destroy(struct events *events);

/* A heartbeat was committed, or could not be: looks whether there is news. */
void events_look(struct events *events);
/* The configuration is another: who listens is told how things are now. */
void events_renew(struct events *events);
/* Wakes the streams that have something to send. */
void events_tend(struct events *events);
/* Ms until that has to be called in any case; -1: not at all. */
int64_t events_timeout_ms(const struct events *events);
/* Lets all streams end, as libmicrohttpd asks for before it is stopped. */
void events_end(struct events *events);

#endif
