/* SPDX-License-Identifier: MIT */
/* The clock, what keeps it right, and the household's zone. */
#include "examine.h"

#include "platform/clock_sync.h"
#include "platform/tzdata.h"
#include "zone/civil.h"

#include <string.h>

/* A clock that lost its battery begins long before this. */
enum { YEAR_FIRST = 2026, AHEAD_MS = 60 * 1000 };

static const char subject[] = "time";
static const char set_clock[] =
    "set the clock: timedatectl set-ntp true, then restart the agent. What was counted meanwhile "
    "stands under the wrong day";

static void look_at_clock(struct doctor *doctor, int64_t now_ms)
{
    char now[CIVIL_TIMESTAMP_CAPACITY];
    char newest[CIVIL_TIMESTAMP_CAPACITY];
    civil_format_timestamp(now_ms, now);
    civil_format_timestamp(doctor->newest_ms, newest);
    if (now_ms < (int64_t)civil_date(YEAR_FIRST, 1, 1) * CIVIL_DAY_MS) {
        doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject, "the clock says %s, which is past",
                       now);
        doctor_advise(doctor, "%s", set_clock);
    } else if (now_ms + AHEAD_MS < doctor->newest_ms) {
        doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject,
                       "the clock says %s, and the newest heartbeat is of %s: it is wrong now, or "
                       "was then",
                       now, newest);
        doctor_advise(doctor, "%s", set_clock);
    } else {
        doctor_ok(doctor, subject, "the clock says %s%s", now,
                  clock_sync_look() == CLOCK_SYNC_KEPT ? ", and is kept right" : "");
    }
    if (clock_sync_look() == CLOCK_SYNC_NONE) {
        doctor_note(doctor, subject, "nothing keeps the clock right, as far as the kernel knows");
        doctor_advise(doctor, "run timedatectl set-ntp true, unless something else sets the clock, "
                              "as the host of a virtual machine does");
    }
}

static void look_at_zone(struct doctor *doctor, const struct config *config)
{
    char household[TZDATA_NAME_CAPACITY];
    char machine[TZDATA_NAME_CAPACITY];
    int minutes = (int)config->day_starts_at_sec / 60;
    bool has_name = tzdata_name(config->timezone, household);
    bool differs = has_name && tzdata_name("local", machine) && strcmp(household, machine) != 0;
    if (!differs) {
        doctor_ok(doctor, subject, "days are those of %s, and begin at %02d:%02d",
                  has_name ? household : config->timezone, minutes / 60, minutes % 60);
        return;
    }
    doctor_note(doctor, subject,
                "days are those of %s and begin at %02d:%02d there, and this machine is set to %s",
                household, minutes / 60, minutes % 60, machine);
    doctor_advise(doctor, "leave it so if the household is there; else set day.timezone = "
                          "\"local\"");
}

void examine_time(struct doctor *doctor)
{
    const struct config *config = doctor->plan.config;
    look_at_clock(doctor, doctor->clock.wall_ms(&doctor->clock));
    if (config != NULL)
        look_at_zone(doctor, config);
}
