/* SPDX-License-Identifier: MIT */
/* What the agent's books say, added up in every way that there is. All of it is read from the
 * database; the agent is up, and what it sampled is committed first. */
#ifndef SIM_ACCOUNTS_H
#define SIM_ACCOUNTS_H

#include "record/allowance.h"
#include "sim.h"

struct totals {
    int64_t used_ms;
    int64_t overdraft_ms;
};

/* One number, by a query; gives up when it is none. */
int64_t accounts_number(struct sim *sim, const char *sql);
/* By a query with the columns used_ms and overdraft_ms; `name` is bound to its parameter, if it has
 * one. */
struct totals accounts_sum(struct sim *sim, const char *sql, const char *name);

struct day_account accounts_day(struct sim *sim, int32_t date); /* of the household */
struct totals accounts_utc_day(struct sim *sim, int32_t date);
struct totals accounts_total(struct sim *sim); /* of the heartbeats */

/* What has to hold whatever happened: no way of adding up differs from another, nothing was played
 * while the machine slept, overdraft is a part of what was used, and verify finds nothing. Calls
 * report() with a sentence for each breach. */
void accounts_check(struct sim *sim, void (*report)(const char *sentence, void *context),
                    void *context);

#endif
