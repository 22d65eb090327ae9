/* SPDX-License-Identifier: MIT */
/* Civil days in any time zone. Pure: it reads TZif bytes (RFC 8536), version 1 to 4, that the
 * caller brings, and the footer rule behind their last transition. A zone is immutable once made,
 * and may be read by any thread. */
#ifndef ZONE_ZONE_H
#define ZONE_ZONE_H

#include "civil.h"
#include "error.h"

#include <stddef.h>
#include <stdint.h>

struct zone;

/* `name` is for messages. `bytes` NULL: UTC. Nothing of them is kept. EXIT_CODE_CONFIG and a
 * sentence when they are no TZif data. Owned by the caller, free with zone_destroy(). */
int zone_create(struct zone **zone, const char *name, const char *bytes, size_t length,
                struct error *error);
void zone_destroy(struct zone *zone); /* NULL is fine */

/* Seconds that local time is ahead of UTC at this instant. */
int32_t zone_offset_sec(const struct zone *zone, int64_t wall_ms);

/* The first instant that is not before `starts_at_sec` (0..86399) after local midnight of `date`.
 * When the clock skips that time, it is the first instant after the skip; when it passes that time
 * twice, it is the first pass. */
int64_t zone_day_start_ms(const struct zone *zone, int32_t date, int32_t starts_at_sec);

/* The date of the day that holds the instant, for days that begin at starts_at_sec. So that
 * zone_day_start_ms(d) <= wall_ms < zone_day_start_ms(d + 1) for the d it returns. */
int32_t zone_date_at(const struct zone *zone, int64_t wall_ms, int32_t starts_at_sec);

#endif
