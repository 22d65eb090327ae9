/* SPDX-License-Identifier: MIT */
/* Heartbeats that a sink refuses, set aside so that the others go on. Private to this folder. */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "delivery.h"
#include "store_internal.h"

/* Sets the heartbeat aside that the step goes past, and writes the gap down that this makes: part
 * of a step. [writer] */
int quarantine_add(struct store *store, const struct store_step *step, struct error *error);

/* Fills in quarantined_in_row. */
int quarantine_count_row(struct store_reader *reader, const char *sink,
                         struct store_delivery *delivery, struct error *error);

#endif
