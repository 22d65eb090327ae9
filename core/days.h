/* SPDX-License-Identifier: MIT */
/*
 * The household's days: as they were closed, and by the calendar where they are not. When the zone
 * or the hour at which days begin changed, the day of the change is longer or shorter: days never
 * overlap, and leave nothing out between a closed one and the next.
 */
#ifndef CORE_DAYS_H
#define CORE_DAYS_H

#include "household.h"
#include "store/account.h"

struct days {
    const struct household *household; /* borrowed */
    struct store_reader *reader;       /* borrowed; NULL: there is no store, and nothing was used */
    const char *device_id;             /* borrowed */
};

/* The day of a date: its borders, its allowance and grants, and what was used and committed. On an
 * error it is that of the calendar, and nothing was used. */
int days_of(const struct days *days, int32_t date, struct day_account *day, struct error *error);

/* The day that holds the instant, and its date: it is lived in, and not closed. As days_of(). */
int days_at(const struct days *days, int64_t wall_ms, int32_t *date, struct day_account *day,
            struct error *error);

/* The days from `from` to `to`, both included, in order. */
int days_each(const struct days *days, int32_t from, int32_t to, store_visit_day visit,
              void *context, struct error *error);

#endif
