/* SPDX-License-Identifier: MIT */
/* What the agent says of itself: the JSON of /status and /health. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "api/api.h"
#include "generation.h"
#include "json.h"

/* Whom to ask. All borrowed. */
struct status_source {
    struct clock *clock;
    struct store *store;
    struct store_reader *reader; /* of the thread that asks */
    struct sampler *sampler;
    struct generation *generation;
    const struct api *api; /* NULL: there is none */
    int64_t started_ms;    /* monotonic */
    bool is_offline;       /* nothing runs: a command looks at what is stored */
};

char *status_json(const struct status_source *source); /* freed by the caller */

/* Of that what changes seldom, so that two of them differ when a state does. Freed by the caller.
 */
char *status_states(const struct status_source *source);

/* Its sinks, as an array: how each fares, what waits for it, and what was set aside. */
struct json_object *status_sinks(const struct status_source *source);

/* Did the newest attempt of a network sink get through? Null when there is none, or none was made.
 */
struct json_object *status_online(const struct deliver *deliver);

/* Parts of it. A detector and its newest word. */
struct json_object *status_detector(const struct detect_view *view, int64_t now_ms);
/* What calls into a plugin cost, and how it behaves. */
struct json_object *status_account(const struct instance_account *account);
struct json_object *status_seconds_since(int64_t then_ms, int64_t now_ms);

/* Heartbeats are being stored; `reason`: why not, or "". `health` gets the store's word. */
bool status_is_storing(const struct status_source *source, struct store_health *health,
                       char *reason, size_t capacity);
/* The same. `json` (freed by the caller) says so, or why not. */
bool status_health(const struct status_source *source, char **json);

#endif
