/* SPDX-License-Identifier: MIT */
#include "parts.h"

#include "log.h"
#include "platform/paths.h"
#include "platform/process.h"
#include "platform/standard_error.h"
#include "platform/tzdata.h"

#include <stdio.h>
#include <string.h>

/* The first heartbeat waits for the detectors' first words, but not for ever. */
enum { FIRST_WORDS_MS = 5000 };

int parts_init(struct agent *agent, const struct config_options *options)
{
    *agent =
        (struct agent){.options = *options, .lock = {.handle = -1}, .server_bell = {.handle = -1}};
    process_limit_memory();
    static struct clock log_clock; /* lines are written when the agent is gone, too */
    clock_init_system(&log_clock);
    clock_init_system(&agent->clock);
    log_init(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, &log_clock);
    if (wakeup_init(&agent->wakeup) != 0) {
        log_error("agent", "no descriptor left");
        return EXIT_CODE_SOFTWARE;
    }
    process_watch_signals(&agent->wakeup);
    watch_init(&agent->watch, &agent->clock, &agent->wakeup, &agent->server_bell);
    return 0;
}

static void log_problems(const struct config_problems *problems)
{
    for (int i = 0; i < problems->warnings_count; i++)
        log_warning("config", "%s", problems->warnings[i]);
    for (int i = 0; i < problems->count; i++)
        log_error("config", "%s", problems->sentences[i]);
}

int parts_load_plan(struct agent *agent, struct plan *plan, enum plan_scope scope)
{
    struct config_problems problems = {0};
    int result = plan_load(plan, &agent->options, scope, &problems);
    if (result == 0)
        log_set(plan->config->log_level, plan->config->log_format);
    log_problems(&problems);
    config_problems_finish(&problems);
    return result;
}

static int use_log(const char *path, struct error *error)
{
    int result = standard_error_use_file(path, error);
    log_find_journal();
    if (result == 0)
        return 0;
    char reason[sizeof(error->text)];
    snprintf(reason, sizeof(reason), "%s", error->text);
    return error_set(error, result, "log.file: %s", reason);
}

int parts_direct_log(struct agent *agent, const char *path, struct error *error)
{
    const char *now = path != NULL ? path : "";
    if (strcmp(now, agent->log_file) == 0)
        return 0;
    if (path != NULL && standard_error_check_file(path, error) == 0)
        log_info("agent", "the log goes on in %s", path);
    int result = use_log(path, error);
    if (result != 0 && result != EXIT_CODE_DISK)
        return result;
    if (result != 0)
        log_error("agent", "%s", error->text);
    snprintf(agent->log_file, sizeof(agent->log_file), "%s", now);
    return 0;
}

void parts_reopen_log(struct agent *agent)
{
    struct error error = {0};
    if (agent->log_file[0] != '\0' && use_log(agent->log_file, &error) != 0)
        log_error("agent", "%s; it goes on where it was", error.text);
}

int parts_open_store(struct agent *agent, const struct config *config, struct error *error)
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
    if (crashes_path(path, config->db_path))
        crashes_tidy(path, agent->clock.wall_ms(&agent->clock) / 1000);

    struct store_options options = {
        .path = config->db_path,
        .device_id = config->device_id,
        .clock = &agent->clock,
        .commit_interval_ms = (int64_t)config->commit_interval_sec * 1000,
        .retention_days = config->retention_days,
        .max_bytes = config->store_max_mb * INT64_C(1000000),
        .pulse = &agent->watch.pulses[WATCH_STORE],
    };
    result = store_open(&agent->store, &options, error);
    if (result == 0)
        result = store_reader_open(&agent->sampler_reader, config->db_path, error);
    if (result == 0)
        result = store_reader_open(&agent->server_reader, config->db_path, error);
    return result;
}

int parts_make_generation(struct agent *agent, struct plan *plan, struct generation **generation,
                          struct error *error)
{
    struct generation_base base = {.clock = &agent->clock,
                                   .wakeup = &agent->wakeup,
                                   .store = agent->store,
                                   .sampler = agent->sampler};
    return generation_create(generation, plan, &base, error);
}

void parts_configure_sampler(struct agent *agent)
{
    struct generation *generation = agent->generation;
    (void)parts_zone_changed(agent);
    sampler_configure(agent->sampler, generation->detect, &generation->rule, generation->household,
                      generation->plan.config->poll_interval_sec);
}

bool parts_zone_changed(struct agent *agent)
{
    struct file_identity now = {0};
    /* While it is being replaced there may be none. */
    if (!tzdata_identify(agent->generation->plan.config->timezone, &now) ||
        file_is_same(&now, &agent->zone_file))
        return false;
    agent->zone_file = now;
    return true;
}

void parts_wait_for_first_words(struct agent *agent)
{
    struct clock *clock = &agent->clock;
    int64_t until_ms = clock->monotonic_ms(clock) + FIRST_WORDS_MS;
    unsigned events = 0;
    while (!detect_is_ready(agent->generation->detect) && events == 0 &&
           clock->monotonic_ms(clock) < until_ms) {
        pulse_beat();
        clock->wait(clock, &agent->wakeup, until_ms);
        events = process_take_events();
    }
    if (events != 0)
        process_give_back_events(events);
}

int parts_stop(struct agent *agent, int code)
{
    struct error error = {0};
    int64_t until_ms = agent->clock.monotonic_ms(&agent->clock) + PARTS_STOP_MS;
    watch_stop(&agent->watch);
    bool stopped = agent->generation == NULL || generation_stop(agent->generation, until_ms);
    server_stop(agent->server);
    api_destroy(agent->api);
    control_close(agent->control);
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
        (void)fflush(stdout); /* which exit() would have done */
        process_exit_now(code);
    }
    wakeup_finish(&agent->server_bell);
    wakeup_finish(&agent->wakeup);
    return code;
}
