/* SPDX-License-Identifier: MIT */
/* What the agent says of itself to Prometheus: /metrics. */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include "exposition.h"
#include "status.h"

/* The page. Freed by the caller. */
char *metrics_text(const struct status_source *source);

/* Parts of it. */
void metrics_add_detectors(struct exposition *page, const struct status_source *source);
void metrics_add_sinks(struct exposition *page, const struct status_source *source);

#endif
