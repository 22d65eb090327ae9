/* SPDX-License-Identifier: MIT */
/* The statements that tell the agent something: its configuration, read at a start or a reload. */
#include "statements.h"

#include "words.h"
#include "zone/civil.h"

#include <stdio.h>
#include <string.h>

static bool play_zone(struct scenario *scenario)
{
    struct sim *sim = scenario->sim;
    int64_t ignored;
    if (scenario->count != 2 || strlen(scenario->words[1]) >= sizeof(sim->zone) ||
        !words_moment("2026-01-01T00:00", scenario->words[1], &ignored))
        return false;
    snprintf(sim->zone, sizeof(sim->zone), "%s", scenario->words[1]);
    sim->has_news = true;
    return true;
}

static bool play_day(struct scenario *scenario)
{
    int64_t ms;
    if (scenario->count != 3 || strcmp(scenario->words[1], "starts") != 0 ||
        !words_time_of_day(scenario->words[2], &ms))
        return false;
    scenario->sim->config.day_starts_at_sec = (int32_t)(ms / 1000);
    scenario->sim->has_news = true;
    return true;
}

static bool play_interval(struct scenario *scenario)
{
    int64_t ms;
    if (scenario->count != 2 || !words_duration(scenario->words[1], &ms) || ms < 1000 ||
        ms > POLL_INTERVAL_MAX_SEC * INT64_C(1000))
        return false;
    scenario->sim->config.poll_interval_sec = (int32_t)(ms / 1000);
    scenario->sim->has_news = true;
    return true;
}

static bool play_commit(struct scenario *scenario)
{
    return scenario->count == 3 && strcmp(scenario->words[1], "each") == 0 &&
           words_duration(scenario->words[2], &scenario->sim->commit_interval_ms);
}

/* ---- Allowance ---- */

static bool read_minutes(const char *text, int32_t *minutes)
{
    int64_t ms;
    *minutes = CONFIG_UNLIMITED;
    if (strcmp(text, "none") == 0)
        return true;
    if (!words_duration(text, &ms) || ms % 60000 != 0)
        return false;
    *minutes = (int32_t)(ms / 60000);
    return true;
}

/* They are kept in order, as the configuration has them. */
static bool set_date(struct sim *sim, int32_t date, int32_t minutes)
{
    struct config *config = &sim->config;
    int at = 0;
    while (at < config->allowance_dates_count && sim->dates[at].date < date)
        at++;
    if (at == config->allowance_dates_count || sim->dates[at].date != date) {
        if (config->allowance_dates_count == SIM_DATES_MAX)
            return false;
        memmove(&sim->dates[at + 1], &sim->dates[at],
                (size_t)(config->allowance_dates_count - at) * sizeof(sim->dates[0]));
        config->allowance_dates_count++;
    }
    sim->dates[at] = (struct config_allowance_date){date, minutes};
    return true;
}

static bool set_weekday(struct sim *sim, const char *name, int32_t minutes)
{
    static const char *const names[CONFIG_WEEKDAYS] = {
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
    for (int i = 0; i < CONFIG_WEEKDAYS; i++) {
        if (strcmp(names[i], name) == 0) {
            sim->config.allowance_min[i] = minutes;
            return true;
        }
    }
    return false;
}

static bool play_allowance(struct scenario *scenario)
{
    int32_t minutes;
    int32_t date;
    struct sim *sim = scenario->sim;
    if (scenario->count < 2 || scenario->count > 3 ||
        !read_minutes(scenario->words[scenario->count - 1], &minutes))
        return false;
    sim->has_news = true;
    if (scenario->count == 3)
        return civil_parse_date(scenario->words[1], &date)
                   ? set_date(sim, date, minutes)
                   : set_weekday(sim, scenario->words[1], minutes);
    for (int i = 0; i < CONFIG_WEEKDAYS; i++)
        sim->config.allowance_min[i] = minutes;
    return true;
}

/* As the command grant does it, over the control socket. Nothing is a day yet before the first
 * sample. */
static bool play_grant(struct scenario *scenario)
{
    int64_t ms;
    struct sampler_view view;
    struct sim *sim = scenario->sim;
    const char *text = scenario->words[1];
    sampler_get(sim->sampler, &view);
    struct store_grant grant = {.date = view.date, .by = "parent"};
    if (scenario->count < 2 || scenario->count > 3 ||
        !words_duration(text + (text[0] == '-'), &ms) || ms == 0 ||
        (scenario->count == 3 && !civil_parse_date(scenario->words[2], &grant.date)) ||
        (scenario->count == 2 && !view.has_heartbeat))
        return false;
    grant.granted_ms = text[0] == '-' ? -ms : ms;
    sim_grant(sim, &grant);
    return true;
}

const struct statement setting_statements[] = {
    {"zone", "zone Europe/Paris", false, play_zone},
    {"travel", "travel America/New_York", true, play_zone},
    {"day", "day starts 04:00", false, play_day},
    {"interval", "interval 5s, from a second to an hour", false, play_interval},
    {"commit", "commit each 1m", false, play_commit},
    {"allowance", "allowance [saturday|2026-12-25] 2h30m|none", false, play_allowance},
    {"grant", "grant 30m, or grant -30m, then [2026-12-25]; without a date behind the first run",
     true, play_grant},
    {0},
};
