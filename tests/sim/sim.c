/* SPDX-License-Identifier: MIT */
#include "sim.h"

#include "record/credit.h"
#include "stand_ins.h"
#include "store/store_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "sim: %s\n", what);
    exit(1);
}

static void must(int result, const struct error *error)
{
    if (result != 0)
        give_up(error->text);
}

/* ---- The clocks ---- */

static struct sim *sim_of(struct clock *clock)
{
    return (struct sim *)(void *)clock;
}

static int64_t get_monotonic_ms(struct clock *clock)
{
    return sim_of(clock)->monotonic_ms;
}

static int64_t get_boottime_ms(struct clock *clock)
{
    return sim_of(clock)->boottime_ms;
}

static int64_t get_wall_ms(struct clock *clock)
{
    return sim_of(clock)->wall_ms;
}

static bool wait_never(struct clock *clock, struct wakeup *wakeup, int64_t until_ms)
{
    (void)clock;
    (void)wakeup;
    (void)until_ms;
    give_up("somebody waits, and nobody lets the time pass");
}

static void pass(struct sim *sim, int64_t ms)
{
    assert(ms >= 0);
    sim->monotonic_ms += ms;
    sim->boottime_ms += ms;
    sim->wall_ms += ms;
    sim->awake_ms += ms;
}

static void boot(struct sim *sim, int64_t up_ms)
{
    sim->boots++;
    snprintf(sim->clock.boot_id, sizeof(sim->clock.boot_id), "boot-%d", sim->boots);
    sim->monotonic_ms = 0;
    sim->boottime_ms = 0;
    pass(sim, up_ms);
}

/* ---- The agent ---- */

/* What a start and a reload have in common. */
static void configure(struct sim *sim)
{
    struct error error = {0};
    struct household *household = NULL;
    must(household_create(&household, &sim->config, &error), &error);
    sampler_configure(sim->sampler, stand_ins_detect(sim), stand_ins_rule(), household,
                      sim->config.poll_interval_sec);
    household_destroy(sim->household);
    sim->household = household;
    sim->has_news = false;
    sim->has_ticked = false;
}

static void start_agent(struct sim *sim)
{
    struct error error = {0};
    struct store_options options = {.path = sim->path,
                                    .device_id = sim->config.device_id,
                                    .clock = &sim->clock,
                                    .commit_interval_ms = sim->commit_interval_ms,
                                    .retention_days = sim->config.retention_days};
    assert(sim->store == NULL);
    must(store_open(&sim->store, &options, &error), &error);
    /* An agent may crash here, but the disk below it does not: it need not be waited for. */
    must(database_exec(sim->store->db, "PRAGMA synchronous = OFF", &error), &error);
    must(store_reader_open(&sim->reader, sim->path, &error), &error);
    sim->sampler = sampler_create(&sim->clock, sim->store, sim->reader);
    configure(sim);
    sim->due_ms = sim->monotonic_ms;
    sim->commit_ms = sim->monotonic_ms;
    sim->delay_ms = 0;
    sim->oracle.is_first = true;
}

static void stop_agent(struct sim *sim)
{
    struct error error = {0};
    sampler_destroy(sim->sampler);
    store_reader_close(sim->reader);
    must(store_close(sim->store, &error), &error);
    household_destroy(sim->household);
    sim->sampler = NULL;
    sim->reader = NULL;
    sim->store = NULL;
    sim->household = NULL;
}

/* What waits for its commit is lost, and the wal stays as it is for the next one. */
static void kill_agent(struct sim *sim)
{
    oracle_forget(&sim->oracle, sim->store->ring.count);
    ring_drop(&sim->store->ring, sim->store->ring.count);
    sqlite3_db_config(sim->store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    stop_agent(sim);
}

void sim_settle(struct sim *sim)
{
    struct error error = {0};
    must(store_settle(sim->store, &error), &error);
}

/* As main and the writer do it. */
static void tick(struct sim *sim)
{
    int64_t interval_ms = (int64_t)sim->config.poll_interval_sec * 1000;
    sampler_tick(sim->sampler, NULL);
    oracle_tick(&sim->oracle, sim->boots, sim->awake_ms, interval_ms, sim->is_playing);
    sim->has_ticked = true;
    sim->delay_ms = 0;
    sim->due_ms = credit_next_due_ms(sim->due_ms, interval_ms, sim->monotonic_ms);
    if (sim->monotonic_ms < sim->commit_ms)
        return;
    sim->commit_ms = sim->monotonic_ms + sim->commit_interval_ms;
    sim_settle(sim);
    upkeep_if_due(sim->store);
}

/* ---- What happens ---- */

void sim_init(struct sim *sim, const char *path)
{
    *sim = (struct sim){.path = path,
                        .config = {.device_id = "pc-01",
                                   .poll_interval_sec = 5,
                                   .retention_days = 36500,
                                   .timezone = sim->zone,
                                   .allowance_dates = sim->dates}};
    snprintf(sim->zone, sizeof(sim->zone), "UTC");
    for (int i = 0; i < CONFIG_WEEKDAYS; i++)
        sim->config.allowance_min[i] = CONFIG_UNLIMITED;
    sim->clock.monotonic_ms = get_monotonic_ms;
    sim->clock.boottime_ms = get_boottime_ms;
    sim->clock.wall_ms = get_wall_ms;
    sim->clock.wait = wait_never;
    log_init(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, &sim->clock);
    stand_ins_begin();
}

void sim_finish(struct sim *sim)
{
    if (sim->store != NULL)
        stop_agent(sim);
}

void sim_start(struct sim *sim, int64_t wall_ms)
{
    assert(sim->boots == 0);
    sim->wall_ms = wall_ms - SIM_BOOT_MS;
    boot(sim, SIM_BOOT_MS);
    start_agent(sim);
}

void sim_run(struct sim *sim, int64_t ms)
{
    int64_t until_ms = sim->monotonic_ms + ms;
    if (sim->has_news)
        configure(sim);
    for (;;) {
        int64_t next_ms = sim->due_ms + sim->delay_ms;
        if (next_ms > until_ms)
            break;
        if (next_ms > sim->monotonic_ms)
            pass(sim, next_ms - sim->monotonic_ms);
        tick(sim);
    }
    pass(sim, until_ms - sim->monotonic_ms);
}

void sim_sleep(struct sim *sim, int64_t ms)
{
    assert(ms >= 0);
    sim->boottime_ms += ms;
    sim->wall_ms += ms;
}

void sim_off(struct sim *sim, int64_t ms)
{
    stop_agent(sim);
    pass(sim, ms);
    start_agent(sim);
}

void sim_crash(struct sim *sim)
{
    kill_agent(sim);
    start_agent(sim);
}

void sim_reboot(struct sim *sim, int64_t ms, int64_t up_ms, bool notice)
{
    assert(ms >= up_ms);
    if (notice)
        stop_agent(sim);
    else
        kill_agent(sim);
    sim->wall_ms += ms - up_ms;
    boot(sim, up_ms);
    start_agent(sim);
}

void sim_step_clock(struct sim *sim, int64_t ms)
{
    sim->wall_ms += ms;
}

void sim_grant(struct sim *sim, struct store_grant *grant)
{
    struct error error = {0};
    must(store_grant_add(sim->store, grant, &error), &error);
    sampler_granted(sim->sampler, grant->date, grant->granted_ms);
}
