/* SPDX-License-Identifier: MIT */
/* The statements that tell what happens to the machine and the agent. */
#include "statements.h"

#include "words.h"

#include <stdio.h>
#include <string.h>

static bool is_word(const struct scenario *scenario, int index, const char *word)
{
    return strcmp(scenario->words[index], word) == 0;
}

static bool play_start(struct scenario *scenario)
{
    int64_t wall_ms;
    struct sim *sim = scenario->sim;
    if (sim->store != NULL || scenario->count != 2 ||
        !words_moment(scenario->words[1], sim->zone, &wall_ms))
        return false;
    sim_start(sim, wall_ms);
    return true;
}

static bool play_play(struct scenario *scenario)
{
    struct sim *sim = scenario->sim;
    sim->is_playing = true;
    snprintf(sim->activity, sizeof(sim->activity), "%s", scenario->words[1]);
    return scenario->count <= 2;
}

static bool play_idle(struct scenario *scenario)
{
    scenario->sim->is_playing = false;
    scenario->sim->activity[0] = '\0';
    return scenario->count == 1;
}

static bool play_run(struct scenario *scenario)
{
    int64_t ms;
    struct sim *sim = scenario->sim;
    if (scenario->count == 3 && is_word(scenario, 1, "until")) {
        if (!words_moment(scenario->words[2], sim->zone, &ms) || ms < sim->wall_ms)
            return false;
        ms -= sim->wall_ms;
    } else if (scenario->count != 2 || !words_duration(scenario->words[1], &ms)) {
        return false;
    }
    sim_run(sim, ms);
    return true;
}

static bool play_sleep(struct scenario *scenario)
{
    int64_t ms;
    if (scenario->count != 2 || !words_duration(scenario->words[1], &ms))
        return false;
    sim_sleep(scenario->sim, ms);
    return true;
}

static bool play_off(struct scenario *scenario)
{
    int64_t ms;
    if (scenario->count != 2 || !words_duration(scenario->words[1], &ms))
        return false;
    sim_off(scenario->sim, ms);
    return true;
}

static bool play_crash(struct scenario *scenario)
{
    sim_crash(scenario->sim);
    return scenario->count == 1;
}

/* reboot after 8h [up 2m]; power cut 8h [up 2m] */
static bool play_reboot(struct scenario *scenario)
{
    int64_t off_ms;
    int64_t up_ms = SIM_BOOT_MS;
    bool notice = is_word(scenario, 0, "reboot");
    bool has_up = scenario->count == 5 && is_word(scenario, 3, "up");
    if ((scenario->count != 3 && !has_up) || !is_word(scenario, 1, notice ? "after" : "cut") ||
        !words_duration(scenario->words[2], &off_ms) ||
        (has_up && !words_duration(scenario->words[4], &up_ms)) || up_ms > off_ms)
        return false;
    sim_reboot(scenario->sim, off_ms, up_ms, notice);
    return true;
}

static bool play_clock(struct scenario *scenario)
{
    int64_t ms;
    struct sim *sim = scenario->sim;
    const char *step = scenario->words[1];
    if (scenario->count == 3 && is_word(scenario, 1, "to") &&
        words_moment(scenario->words[2], sim->zone, &ms)) {
        sim_step_clock(sim, ms - sim->wall_ms);
        return true;
    }
    if (scenario->count != 2 || (step[0] != '+' && step[0] != '-') ||
        !words_duration(step + 1, &ms))
        return false;
    sim_step_clock(sim, step[0] == '+' ? ms : -ms);
    return true;
}

static bool play_late(struct scenario *scenario)
{
    struct sim *sim = scenario->sim;
    int64_t interval_ms = (int64_t)sim->config.poll_interval_sec * 1000;
    return scenario->count == 2 && words_share(scenario->words[1], interval_ms, &sim->delay_ms);
}

const struct statement machine_statements[] = {
    {"start", "start 2026-01-31T08:00, once", false, play_start},
    {"play", "play [NAME]", false, play_play},
    {"idle", "idle", false, play_idle},
    {"run", "run 2h30m, or run until 2026-01-31T08:00, which is still to come", true, play_run},
    {"sleep", "sleep 9h", true, play_sleep},
    {"off", "off 10m", true, play_off},
    {"crash", "crash", true, play_crash},
    {"reboot", "reboot after 8h [up 20s], and the second is part of the first", true, play_reboot},
    {"power", "power cut 8h [up 20s], and the second is part of the first", true, play_reboot},
    {"clock", "clock +1h, clock -1d, or clock to 1970-01-01T00:00Z", true, play_clock},
    {"late", "late 1.9, in intervals", true, play_late},
    {0},
};
