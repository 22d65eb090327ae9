/* SPDX-License-Identifier: MIT */
#include "household.h"

#include "platform/tzdata.h"
#include "record/usage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct household {
    struct zone *zone; /* owned */
    int32_t starts_at_sec;
    int32_t weekday_min[CONFIG_WEEKDAYS];
    int dates_count;
    struct config_allowance_date dates[]; /* dates_count of them, in order */
};

int household_create(struct household **household, const struct config *config, struct error *error)
{
    char *bytes = NULL;
    size_t length = 0;
    int result = tzdata_read(config->timezone, &bytes, &length, error);
    if (result != 0)
        return result;

    size_t dates_bytes = (size_t)config->allowance_dates_count * sizeof(config->allowance_dates[0]);
    struct household *made = calloc(1, sizeof(*made) + dates_bytes);
    assert(made != NULL);
    result = zone_create(&made->zone, config->timezone, bytes, length, error);
    free(bytes);
    if (result != 0) {
        free(made);
        return result;
    }
    made->starts_at_sec = config->day_starts_at_sec;
    memcpy(made->weekday_min, config->allowance_min, sizeof(made->weekday_min));
    made->dates_count = config->allowance_dates_count;
    if (dates_bytes > 0)
        memcpy(made->dates, config->allowance_dates, dates_bytes);
    *household = made;
    return 0;
}

void household_destroy(struct household *household)
{
    if (household == NULL)
        return;
    zone_destroy(household->zone);
    free(household);
}

int64_t household_start_ms(const struct household *household, int32_t date)
{
    return usage_slot_start_ms(zone_day_start_ms(household->zone, date, household->starts_at_sec));
}

int64_t household_allowance_ms(const struct household *household, int32_t date)
{
    int32_t minutes = household->weekday_min[civil_weekday(date)];
    for (int i = 0; i < household->dates_count; i++)
        if (household->dates[i].date == date)
            minutes = household->dates[i].minutes;
    return minutes == CONFIG_UNLIMITED ? ALLOWANCE_UNLIMITED : (int64_t)minutes * CIVIL_MINUTE_MS;
}

int32_t household_date(const struct household *household, int64_t wall_ms)
{
    int32_t date = zone_date_at(household->zone, wall_ms, household->starts_at_sec);
    /* It may begin a little earlier than the zone tells. */
    return wall_ms >= household_start_ms(household, date + 1) ? date + 1 : date;
}
