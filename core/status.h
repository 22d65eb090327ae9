/* SPDX-License-Identifier: MIT */
/* What the agent says of itself: the JSON of /status and /health. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "generation.h"
#include "json.h"

/* Whom to ask. All borrowed. */
struct status_source {
    struct clock *clock;
    struct store *store;
    struct store_reader *reader; /* of the thread that asks */
    struct sampler *sampler;
    struct generation *generation;
    int64_t started_ms; /* monotonic */
    bool is_offline;    /* nothing runs: a command looks at what is stored */
};

char *status_json(const struct status_source *source); /* freed by the caller */

/* Its sinks, as an array: how each fares, what waits for it, and what was set aside. */
struct json_object *status_sinks(const struct status_source *source);

/* Parts of it. A detector and its newest word. */
struct json_object *status_detector(const struct detect_view *view, int64_t now_ms);
/* What calls into a plugin cost, and how it behaves. */
struct json_object *status_account(const struct instance_account *account);
struct json_object *status_seconds_since(int64_t then_ms, int64_t now_ms);

/* Heartbeats are being stored. `json` (freed by the caller) says so, or why not. */
bool status_health(const struct status_source *source, char **json);

#endif
