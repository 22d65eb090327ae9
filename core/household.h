/* SPDX-License-Identifier: MIT */
/* The household's days: where each begins, and how much may be played on it. Immutable once made,
 * and read by any thread. */
#ifndef CORE_HOUSEHOLD_H
#define CORE_HOUSEHOLD_H

#include "config/config.h"
#include "record/allowance.h"
#include "zone/zone.h"

struct household;

/* Reads the zone that the configuration names. Owned by the caller. */
int household_create(struct household **household, const struct config *config,
                     struct error *error);
void household_destroy(struct household *household); /* NULL is fine */

/* Where the calendar lets the day of a date begin, and what it allows. Usage is counted by quarter
 * hours: in a zone that is off them a day begins at the one before. */
int64_t household_start_ms(const struct household *household, int32_t date);
int64_t household_allowance_ms(const struct household *household, int32_t date);

/* The date of the day that holds the instant by the calendar, days since 1970-01-01. */
int32_t household_date(const struct household *household, int64_t wall_ms);

#endif
