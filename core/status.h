/* SPDX-License-Identifier: MIT */
/* What the agent says of itself: the JSON of /status and /health. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include "generation.h"

/* Whom to ask. All borrowed. */
struct status_source {
    struct clock *clock;
    struct store *store;
    struct store_reader *reader; /* of the thread that asks */
    struct sampler *sampler;
    struct generation *generation;
    int64_t started_ms; /* monotonic */
};

char *status_json(const struct status_source *source); /* freed by the caller */

/* Heartbeats are being stored. `json` (freed by the caller) says so, or why not. */
bool status_health(const struct status_source *source, char **json);

#endif
