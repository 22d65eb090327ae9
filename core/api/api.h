/* SPDX-License-Identifier: MIT */
/*
 * The local HTTP API: read-only, on loopback. It owns no thread: `server` runs it on its own, with
 * the control socket.
 *
 * A request passes the guard first, then goes to one of the routes; every answer carries the same
 * protective headers, and every refusal is application/problem+json with a sentence.
 */
#ifndef API_API_H
#define API_API_H

#include "error.h"
#include "household.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct api;

/* Where answers come from. All borrowed for the life of the api. */
struct api_source {
    const char *device_id;
    const struct household *household;
    struct clock *clock;
    struct store_reader *reader;    /* of the thread that runs the api */
    char *(*status)(void *context); /* the JSON of /status; the api frees it */
    /* The JSON of /health; false: heartbeats are not being stored. The api frees it. */
    bool (*health)(void *context, char **json);
    char *(*metrics)(void *context); /* the text of /metrics; the api frees it */
    /* JSON that differs when a state does, for those who listen. The api frees it. */
    char *(*states)(void *context);
    void *context;
};

struct api_options {
    const char *host;
    int port;
    const char *token;            /* NULL: none is asked for */
    char *const *allowed_origins; /* NULL-terminated; NULL: none */
    struct api_source source;
};

/* Copies the options; does not listen yet. Owned by the caller. */
struct api *api_create(const struct api_options *options);
/* Takes other options, as after a reload. While address and port stay, so does who is connected;
 * but who follows the events with a token that is another now has to come again. */
void api_configure(struct api *api, const struct api_options *options);
void api_destroy(struct api *api); /* NULL is fine */

/* Takes the port. EXIT_CODE_UNAVAILABLE when another program has it; may be tried again. */
int api_listen(struct api *api, struct error *error);
bool api_is_listening(const struct api *api);
/* Why the port was not got at the last try; "": it was, or was not tried for yet. Borrowed. */
const char *api_problem(const struct api *api);
/* Where it listens, or wants to: http://127.0.0.1:3841. Borrowed. */
const char *api_url(const struct api *api);

/* What becomes readable when api_run() has work to do; valid while listening. */
intptr_t api_handle(const struct api *api);
/* Ms until api_run() has to be called in any case; -1: not at all. */
int64_t api_timeout_ms(const struct api *api);
/* Heartbeats were committed, or could not be: whoever listens for events is told by api_run(). */
void api_look(struct api *api);
/* Serves what waits; never blocks. */
void api_run(struct api *api);

#endif
