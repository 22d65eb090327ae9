/* SPDX-License-Identifier: MIT */
#include "agent.h"

#include "clockblock_paths.h"
#include "controls.h"
#include "log.h"
#include "metrics.h"
#include "parts.h"
#include "platform/process.h"
#include "platform/service.h"
#include "record/credit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The server's side ---- */

static char *serve_status(void *context)
{
    return status_json(context);
}

static bool serve_health(void *context, char **json)
{
    return status_health(context, json);
}

static char *serve_metrics(void *context)
{
    return metrics_text(context);
}

static char *serve_states(void *context)
{
    return status_states(context);
}

static void tell_sinks(void *context)
{
    const struct status_source *source = context;
    deliver_network_changed(source->generation->deliver);
}

/* A socket that somebody deleted comes back at the next reload. */
static void open_control(struct agent *agent)
{
    struct error error = {0};
    const struct config *config = agent->generation->plan.config;
    if (control_is_there(agent->control))
        return;
    control_close(agent->control);
    agent->control = NULL;
    if (control_open(&agent->control, config->db_path, controls, &agent->status, &error) != 0)
        log_warning("control", "%s; `clockblock status` will not reach this agent", error.text);
}

static int start_server(struct agent *agent, struct error *error)
{
    const struct config *config = agent->generation->plan.config;
    agent->status.generation = agent->generation;
    struct api_options options = {
        .host = config->api_host,
        .port = config->api_port,
        .token = agent->generation->api_token,
        .allowed_origins = config->api_allowed_origins,
        .source = {.device_id = store_origin(agent->store)->device_id,
                   .household = agent->generation->household,
                   .clock = &agent->clock,
                   .reader = agent->server_reader,
                   .status = serve_status,
                   .health = serve_health,
                   .metrics = serve_metrics,
                   .states = serve_states,
                   .context = &agent->status},
    };
    const struct server_events events = {.network_changed = tell_sinks, .context = &agent->status};
    if (agent->api == NULL)
        agent->api = api_create(&options);
    else
        api_configure(agent->api, &options);
    agent->status.api = agent->api;
    open_control(agent);
    return server_start(&agent->server, agent->api, agent->control, &events, &agent->clock,
                        &agent->server_bell, &agent->watch.pulses[WATCH_API], error);
}

/* ---- Start and stop ---- */

static int start(struct agent *agent, struct plan *plan, struct error *error)
{
    int result = parts_open_store(agent, plan->config, error);
    if (result != 0)
        return result;
    agent->sampler = sampler_create(&agent->clock, agent->store, agent->sampler_reader);
    agent->status = (struct status_source){.clock = &agent->clock,
                                           .store = agent->store,
                                           .reader = agent->server_reader,
                                           .sampler = agent->sampler,
                                           .started_ms = agent->clock.monotonic_ms(&agent->clock)};
    result = parts_make_generation(agent, plan, &agent->generation, error);
    if (result != 0)
        return result;
    parts_configure_sampler(agent);
    if (wakeup_init(&agent->server_bell) != 0)
        return error_set(error, EXIT_CODE_SOFTWARE, "no descriptor left");
    store_watch(agent->store, &agent->server_bell);
    result = store_start(agent->store, error);
    if (result == 0)
        result = start_server(agent, error);
    if (result == 0)
        result = generation_start(agent->generation, error);
    if (result == 0)
        result = watch_start(&agent->watch, error);
    return result;
}

/* ---- Reload ---- */

static void issue_bulletin(struct agent *agent)
{
    const struct bulletin_source source = {.clock = &agent->clock,
                                           .store = agent->store,
                                           .reader = agent->sampler_reader,
                                           .sampler = agent->sampler,
                                           .generation = agent->generation,
                                           .server = agent->server};
    bulletin_issue(&agent->bulletin, &source);
}

static bool needs_restart(const struct config *old, const struct config *new)
{
    return strcmp(old->db_path, new->db_path) != 0 || strcmp(old->device_id, new->device_id) != 0 ||
           old->commit_interval_sec != new->commit_interval_sec;
}

static int swap_generation(struct agent *agent, struct generation *next, struct error *error)
{
    server_stop(agent->server);
    agent->server = NULL;
    int64_t until_ms = agent->clock.monotonic_ms(&agent->clock) + PARTS_STOP_MS;
    if (generation_stop(agent->generation, until_ms))
        generation_destroy(agent->generation);
    else
        agent->left_behind = true;
    agent->generation = next;
    parts_configure_sampler(agent);
    store_set_retention(agent->store, next->plan.config->retention_days,
                        next->plan.config->store_max_mb * INT64_C(1000000));
    int result = start_server(agent, error);
    if (result == 0)
        result = generation_start(next, error);
    if (result == 0)
        parts_wait_for_first_words(agent); /* a detector that has not looked yet sees nobody play */
    return result;
}

/* Tells whether the configuration that was read is in force by now; a failure is the agent's. */
static int try_reload(struct agent *agent, bool *is_in_force)
{
    struct plan plan;
    struct error error = {0};
    struct generation *next = NULL;
    *is_in_force = false;
    if (parts_load_plan(agent, &plan, PLAN_ENABLED) != 0) {
        log_error("agent", "the configuration is not valid: the old one goes on");
        return 0;
    }
    if (needs_restart(agent->generation->plan.config, plan.config)) {
        log_error("agent", "db_path, device_id and store.commit_interval_sec change at a restart "
                           "only: the old configuration goes on");
        plan_finish(&plan);
        return 0;
    }
    /* The log first: a generation that is made changes which sinks the store waits for. */
    if (parts_direct_log(agent, plan.config->log_file, &error) != 0 ||
        parts_make_generation(agent, &plan, &next, &error) != 0) {
        struct error ignored = {0};
        (void)parts_direct_log(agent, agent->generation->plan.config->log_file, &ignored);
        log_error("agent", "%s; the old configuration goes on", error.text);
        plan_finish(&plan);
        return 0;
    }
    *is_in_force = true;
    int result = swap_generation(agent, next, &error);
    if (result != 0)
        log_error("agent", "%s", error.text);
    else
        log_info("agent", "the new configuration is in force");
    return result;
}

static int reload(struct agent *agent)
{
    bool is_in_force;
    bulletin_begin_reload(&agent->bulletin);
    parts_reopen_log(agent);
    log_info("agent", "reloading the configuration");
    int result = try_reload(agent, &is_in_force);
    agent->bulletin.has_old_plan = !is_in_force;
    if (result == 0)
        issue_bulletin(agent);
    return result;
}

/* ---- Running ---- */

static bool has_failed_for_good(struct agent *agent)
{
    struct store_health health;
    store_get_health(agent->store, &health);
    return health.failed_for_good;
}

/* Who travels sets the machine to another zone; a government changes the rules of one. */
static void follow_zone(struct agent *agent)
{
    if (!parts_zone_changed(agent))
        return;
    log_info("agent", "the time zone of this machine, or its rules, changed");
    process_give_back_events(PROCESS_EVENT_RELOAD);
}

static int run(struct agent *agent)
{
    struct clock *clock = &agent->clock;
    parts_wait_for_first_words(agent);
    int64_t due_ms = clock->monotonic_ms(clock);
    for (;;) {
        pulse_beat();
        unsigned events = process_take_events();
        if ((events & PROCESS_EVENT_STOP) != 0)
            return 0;
        if ((events & PROCESS_EVENT_RELOAD) != 0) {
            int result = reload(agent);
            if (result != 0)
                return result;
        }
        if (has_failed_for_good(agent))
            return EXIT_CODE_DISK;
        if (clock->monotonic_ms(clock) >= due_ms) {
            sampler_tick(agent->sampler, NULL);
            issue_bulletin(agent);
            leaks_look();
            follow_zone(agent);
            int64_t interval_ms = (int64_t)agent->generation->plan.config->poll_interval_sec * 1000;
            due_ms = credit_next_due_ms(due_ms, interval_ms, clock->monotonic_ms(clock));
        } else if (bulletin_is_owed(&agent->bulletin)) {
            issue_bulletin(agent);
        }
        int64_t retry_ms = bulletin_is_owed(&agent->bulletin)
                               ? clock->monotonic_ms(clock) + BULLETIN_RETRY_MS
                               : INT64_MAX;
        clock->wait(clock, &agent->wakeup, due_ms < retry_ms ? due_ms : retry_ms);
    }
}

static int start_and_run(struct agent *agent, struct plan *plan)
{
    struct error error = {0};
    (void)service_tell("STATUS=Starting");
    watch_ask_for_time();
    int result = start(agent, plan, &error);
    watch_need_no_time();
    plan_finish(plan); /* empty when it was taken over */
    if (result != 0) {
        log_error("agent", "%s", error.text);
        return result;
    }
    const struct config *config = agent->generation->plan.config;
    log_info("agent", "ClockBlock %s is up: %s, database %s, http://%s:%d/status",
             CLOCKBLOCK_VERSION, config->file, config->db_path, config->api_host,
             (int)config->api_port);
    result = run(agent);
    log_info("agent", "stopping");
    return result;
}

int agent_run(const struct config_options *options)
{
    struct agent agent;
    struct plan plan;
    struct error error = {0};
    service_open();
    int result = parts_init(&agent, options);
    if (result == 0)
        result = parts_load_plan(&agent, &plan, PLAN_ENABLED);
    if (result != 0)
        return result;
    result = parts_direct_log(&agent, plan.config->log_file, &error);
    if (result != 0) {
        log_error("agent", "%s", error.text);
        plan_finish(&plan);
        return result;
    }

    pulse_take(&agent.watch.pulses[WATCH_SAMPLER]);
    result = start_and_run(&agent, &plan);
    bulletin_end();
    watch_ask_for_time();
    result = parts_stop(&agent, result);
    pulse_leave();
    return result;
}
