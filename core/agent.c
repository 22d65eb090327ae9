/* SPDX-License-Identifier: MIT */
#include "agent.h"

#include "clockblock_paths.h"
#include "generation.h"
#include "log.h"
#include "platform/lock_file.h"
#include "platform/paths.h"
#include "platform/process.h"
#include "server.h"
#include "status.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long a stop waits for workers; the whole stop is to take under 2 s. */
enum { STOP_MS = 1500 };
/* The first heartbeat waits for the detectors' first words, but not for ever. */
enum { FIRST_WORDS_MS = 5000 };

struct agent {
    struct config_options options;
    struct clock clock;
    struct wakeup wakeup; /* main sleeps by it */
    struct lock_file lock;
    struct store *store;
    struct store_reader *sampler_reader;
    struct store_reader *server_reader;
    struct sampler *sampler;
    struct generation *generation;
    struct server *server;
    struct status_source status;
    bool left_behind; /* a worker did not come back: end with process_exit_now() */
};

static void log_problems(const struct config_problems *problems)
{
    for (int i = 0; i < problems->warnings_count; i++)
        log_warning("config", "%s", problems->warnings[i]);
    for (int i = 0; i < problems->count; i++)
        log_error("config", "%s", problems->sentences[i]);
}

static int load_plan(struct agent *agent, struct plan *plan)
{
    struct config_problems problems = {0};
    int result = plan_load(plan, &agent->options, &problems);
    if (result == 0)
        log_set(plan->config->log_level, plan->config->log_format);
    log_problems(&problems);
    config_problems_finish(&problems);
    return result;
}

/* ---- Parts, in the order in which they are built ---- */

static int open_store(struct agent *agent, const struct config *config, struct error *error)
{
    char path[PATH_CAPACITY];
    char folder[PATH_CAPACITY];
    paths_parent(folder, config->db_path);
    int result = file_make_folder(folder, error);
    if (result != 0)
        return result;
    if (snprintf(path, sizeof(path), "%s.lock", config->db_path) >= (int)sizeof(path))
        return error_set(error, EXIT_CODE_CONFIG, "db_path is too long");
    result = lock_file_take(&agent->lock, path, error);
    if (result != 0)
        return result;

    struct store_options options = {
        .path = config->db_path,
        .device_id = config->device_id,
        .clock = &agent->clock,
        .commit_interval_ms = (int64_t)config->commit_interval_sec * 1000,
        .retention_days = config->retention_days,
    };
    result = store_open(&agent->store, &options, error);
    if (result == 0)
        result = store_reader_open(&agent->sampler_reader, config->db_path, error);
    if (result == 0)
        result = store_reader_open(&agent->server_reader, config->db_path, error);
    return result;
}

static int make_generation(struct agent *agent, struct plan *plan, struct generation **generation,
                           struct error *error)
{
    struct generation_base base = {.clock = &agent->clock,
                                   .wakeup = &agent->wakeup,
                                   .store = agent->store,
                                   .sampler = agent->sampler};
    return generation_create(generation, plan, &base, error);
}

static void configure_sampler(struct agent *agent)
{
    struct generation *generation = agent->generation;
    sampler_configure(agent->sampler, generation->detect, &generation->rule, generation->household,
                      generation->plan.config->poll_interval_sec);
}

/* ---- The server's side ---- */

static char *serve_status(void *context)
{
    return status_json(context);
}

static bool serve_health(void *context, char **json)
{
    return status_health(context, json);
}

static const struct control_command control_commands[] = {{"status", serve_status}, {NULL, NULL}};

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
                   .reader = agent->server_reader,
                   .status = serve_status,
                   .health = serve_health,
                   .context = &agent->status},
    };
    struct control *control = NULL;
    struct error reason = {0};
    if (control_open(&control, config->db_path, control_commands, &agent->status, &reason) != 0)
        log_warning("control", "%s; `clockblock status` will not reach this agent", reason.text);
    return server_start(&agent->server, api_create(&options), control, &agent->clock, error);
}

/* ---- Start and stop ---- */

static int start(struct agent *agent, struct plan *plan, struct error *error)
{
    int result = open_store(agent, plan->config, error);
    if (result != 0)
        return result;
    agent->sampler = sampler_create(&agent->clock, agent->store, agent->sampler_reader);
    agent->status = (struct status_source){.clock = &agent->clock,
                                           .store = agent->store,
                                           .reader = agent->server_reader,
                                           .sampler = agent->sampler,
                                           .started_ms = agent->clock.monotonic_ms(&agent->clock)};
    result = make_generation(agent, plan, &agent->generation, error);
    if (result != 0)
        return result;
    configure_sampler(agent);
    result = store_start(agent->store, error);
    if (result == 0)
        result = start_server(agent, error);
    if (result == 0)
        result = generation_start(agent->generation, error);
    return result;
}

/* The mirror of start(). Returns `code`, or a worse one. */
static int stop(struct agent *agent, int code)
{
    struct error error = {0};
    int64_t until_ms = agent->clock.monotonic_ms(&agent->clock) + STOP_MS;
    bool stopped = agent->generation == NULL || generation_stop(agent->generation, until_ms);
    server_stop(agent->server);
    if (!stopped || agent->left_behind)
        agent->left_behind = true; /* a thread may still use what it was given */
    else
        generation_destroy(agent->generation);
    if (!agent->left_behind)
        sampler_destroy(agent->sampler);

    store_reader_close(agent->server_reader);
    store_reader_close(agent->sampler_reader);
    if (store_close(agent->store, &error) != 0) {
        log_error("store", "%s", error.text);
        code = code != 0 ? code : EXIT_CODE_DISK;
    }
    lock_file_release(&agent->lock);
    if (agent->left_behind) {
        log_warning("agent", "ends without the workers that did not come back");
        process_exit_now(code);
    }
    wakeup_finish(&agent->wakeup);
    return code;
}

/* ---- Reload ---- */

static bool needs_restart(const struct config *old, const struct config *new)
{
    return strcmp(old->db_path, new->db_path) != 0 || strcmp(old->device_id, new->device_id) != 0 ||
           old->commit_interval_sec != new->commit_interval_sec;
}

static int swap_generation(struct agent *agent, struct generation *next, struct error *error)
{
    server_stop(agent->server);
    agent->server = NULL;
    int64_t until_ms = agent->clock.monotonic_ms(&agent->clock) + STOP_MS;
    if (generation_stop(agent->generation, until_ms))
        generation_destroy(agent->generation);
    else
        agent->left_behind = true;
    agent->generation = next;
    configure_sampler(agent);
    store_set_retention(agent->store, next->plan.config->retention_days);
    int result = start_server(agent, error);
    return result == 0 ? generation_start(next, error) : result;
}

static int reload(struct agent *agent)
{
    struct plan plan;
    struct error error = {0};
    struct generation *next = NULL;
    log_info("agent", "reloading the configuration");
    if (load_plan(agent, &plan) != 0) {
        log_error("agent", "the configuration is not valid: the old one goes on");
        return 0;
    }
    if (needs_restart(agent->generation->plan.config, plan.config)) {
        log_error("agent", "db_path, device_id and store.commit_interval_sec change at a restart "
                           "only: the old configuration goes on");
        plan_finish(&plan);
        return 0;
    }
    if (make_generation(agent, &plan, &next, &error) != 0) {
        log_error("agent", "%s; the old configuration goes on", error.text);
        plan_finish(&plan);
        return 0;
    }
    int result = swap_generation(agent, next, &error);
    if (result != 0)
        log_error("agent", "%s", error.text);
    else
        log_info("agent", "the new configuration is in force");
    return result;
}

/* ---- Running ---- */

static void wait_for_first_words(struct agent *agent)
{
    struct clock *clock = &agent->clock;
    int64_t until_ms = clock->monotonic_ms(clock) + FIRST_WORDS_MS;
    unsigned events = 0;
    while (!detect_is_ready(agent->generation->detect) && events == 0 &&
           clock->monotonic_ms(clock) < until_ms) {
        clock->wait(clock, &agent->wakeup, until_ms);
        events = process_take_events();
    }
    if (events != 0)
        process_give_back_events(events);
}

/* Ticks are due from the previous due time; those that were missed are skipped. */
static int64_t next_due(int64_t due_ms, int64_t interval_ms, int64_t now_ms)
{
    due_ms += interval_ms;
    if (due_ms <= now_ms)
        due_ms += (now_ms - due_ms) / interval_ms * interval_ms + interval_ms;
    return due_ms;
}

static bool has_failed_for_good(struct agent *agent)
{
    struct store_health health;
    store_get_health(agent->store, &health);
    return health.failed_for_good;
}

static int run(struct agent *agent)
{
    struct clock *clock = &agent->clock;
    wait_for_first_words(agent);
    int64_t due_ms = clock->monotonic_ms(clock);
    for (;;) {
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
            int64_t interval_ms = (int64_t)agent->generation->plan.config->poll_interval_sec * 1000;
            due_ms = next_due(due_ms, interval_ms, clock->monotonic_ms(clock));
        }
        clock->wait(clock, &agent->wakeup, due_ms);
    }
}

static int init(struct agent *agent, const struct config_options *options)
{
    *agent = (struct agent){.options = *options, .lock = {.handle = -1}};
    process_limit_memory();
    clock_init_system(&agent->clock);
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, &agent->clock);
    if (wakeup_init(&agent->wakeup) != 0) {
        log_error("agent", "no descriptor left");
        return EXIT_CODE_SOFTWARE;
    }
    process_watch_signals(&agent->wakeup);
    return 0;
}

int agent_run(const struct config_options *options)
{
    struct agent agent;
    struct plan plan;
    struct error error = {0};
    int result = init(&agent, options);
    if (result == 0)
        result = load_plan(&agent, &plan);
    if (result != 0)
        return result;

    result = start(&agent, &plan, &error);
    plan_finish(&plan); /* empty when it was taken over */
    if (result != 0) {
        log_error("agent", "%s", error.text);
        return stop(&agent, result);
    }
    const struct config *config = agent.generation->plan.config;
    log_info("agent", "ClockBlock %s is up: %s, database %s, http://%s:%d/status",
             CLOCKBLOCK_VERSION, config->file, config->db_path, config->api_host,
             (int)config->api_port);
    result = run(&agent);
    log_info("agent", "stopping");
    return stop(&agent, result);
}

/* ---- Once ---- */

static void print_heartbeat(const struct heartbeat *heartbeat,
                            const struct heartbeat_origin *origin)
{
    char json[HEARTBEAT_JSON_CAPACITY];
    heartbeat_to_json(heartbeat, origin, json);
    printf("%s\n", json);
}

static int once(struct agent *agent, struct error *error)
{
    struct heartbeat heartbeat;
    wait_for_first_words(agent);
    sampler_tick(agent->sampler, &heartbeat);
    int result = store_settle(agent->store, error);
    if (result != 0)
        return result;
    struct store_health health;
    store_get_health(agent->store, &health);
    heartbeat.seq = health.durable_seq;
    print_heartbeat(&heartbeat, store_origin(agent->store));
    if (deliver_once(agent->generation->deliver) > 0)
        return error_set(error, EXIT_CODE_UNAVAILABLE,
                         "not everything was delivered; what is left is kept for the next time");
    return 0;
}

static int dry_run(struct agent *agent, struct plan *plan, struct error *error)
{
    struct heartbeat heartbeat;
    struct heartbeat_origin origin = {0};
    snprintf(origin.device_id, sizeof(origin.device_id), "%s", plan->config->device_id);
    agent->sampler = sampler_create(&agent->clock, NULL, NULL);
    int result = make_generation(agent, plan, &agent->generation, error);
    if (result != 0)
        return result;
    configure_sampler(agent);
    result = generation_start(agent->generation, error);
    if (result != 0)
        return result;
    wait_for_first_words(agent);
    sampler_tick(agent->sampler, &heartbeat);
    print_heartbeat(&heartbeat, &origin);
    return 0;
}

static int store_once(struct agent *agent, struct plan *plan, struct error *error)
{
    int result = open_store(agent, plan->config, error);
    if (result != 0)
        return result;
    agent->sampler = sampler_create(&agent->clock, agent->store, agent->sampler_reader);
    result = make_generation(agent, plan, &agent->generation, error);
    if (result != 0)
        return result;
    configure_sampler(agent);
    result = store_start(agent->store, error);
    if (result == 0)
        result = detect_start(agent->generation->detect, error);
    return result == 0 ? once(agent, error) : result;
}

int agent_once(const struct config_options *options, bool is_dry_run)
{
    struct agent agent;
    struct plan plan;
    struct error error = {0};
    int result = init(&agent, options);
    if (result == 0)
        result = load_plan(&agent, &plan);
    if (result != 0)
        return result;
    result = is_dry_run ? dry_run(&agent, &plan, &error) : store_once(&agent, &plan, &error);
    plan_finish(&plan);
    if (result != 0)
        log_error("agent", "%s", error.text);
    return stop(&agent, result);
}
