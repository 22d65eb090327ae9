/* SPDX-License-Identifier: MIT */
/* The sampler: at each tick it makes a heartbeat of what the detectors say, and puts it into the
 * store. Everything but what says "any thread" belongs to main. */
#ifndef CORE_SAMPLER_H
#define CORE_SAMPLER_H

#include "detect/detect.h"
#include "household.h"
#include "record/allowance.h"
#include "record/fuse.h"
#include "store/store.h"

struct sampler;

/* `store` and `reader` may be NULL: then nothing is stored, and days begin with nothing used (a dry
 * run). All are borrowed. */
struct sampler *sampler_create(struct clock *clock, struct store *store,
                               struct store_reader *reader);
void sampler_destroy(struct sampler *sampler); /* NULL is fine */

/* Whom to ask from now on: at the start, and at each reload. All are borrowed. */
void sampler_configure(struct sampler *sampler, struct detect *detect, const struct fuse_rule *rule,
                       const struct household *household, int32_t poll_interval_sec);

/* Takes one sample now; `heartbeat` gets a copy, unless it is NULL. */
void sampler_tick(struct sampler *sampler, struct heartbeat *heartbeat);

/* What the newest sample said. */
struct sampler_view {
    bool has_heartbeat; /* false: there was no sample yet */
    struct heartbeat heartbeat;
    int64_t since_ms; /* wall clock: since when it has been so (playing this, or not playing) */
    int32_t date;     /* of the household's day that holds it */
    struct day_account today;
};
void sampler_get(struct sampler *sampler, struct sampler_view *view); /* [any thread] */

/* Why the newest heartbeat says so, as detect_why(); "": there is none since these detectors are
 * asked. [any thread] */
void sampler_why(struct sampler *sampler, char text[DETECT_WHY_CAPACITY]);

/* A grant for a day was committed, `granted_ms` is all that was granted for it: it counts from now
 * on, and shows at once. [any thread] */
void sampler_granted(struct sampler *sampler, int32_t date, int64_t granted_ms);

/* The totals of the store were mended: what was used today is read again. [any thread] */
void sampler_repaired(struct sampler *sampler);

#endif
