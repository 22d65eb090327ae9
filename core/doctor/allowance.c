/* SPDX-License-Identifier: MIT */
/* What may be played today. */
#include "examine.h"

#include "household.h"
#include "zone/civil.h"

#include <inttypes.h>

void examine_allowance(struct doctor *doctor)
{
    struct household *household = NULL;
    const struct config *config = doctor->plan.config;
    if (config == NULL || household_create(&household, config, NULL) != 0)
        return; /* the configuration's examination said so */
    int32_t today = household_date(household, doctor->clock.wall_ms(&doctor->clock));
    int64_t allowed_ms = household_allowance_ms(household, today);
    if (allowed_ms == ALLOWANCE_UNLIMITED)
        doctor_ok(doctor, "allowance",
                  "none is set for today: minutes are counted, and no overdraft");
    else
        doctor_ok(doctor, "allowance", "%" PRId64 " minutes today, without bonus minutes",
                  allowed_ms / CIVIL_MINUTE_MS);
    household_destroy(household);
}
