/* SPDX-License-Identifier: MIT */
/* One heartbeat from the command line. */
#include "agent.h"
#include "log.h"
#include "parts.h"

#include <stdio.h>

/* On standard error: what is printed is the heartbeat, for programs too. */
static void print_why(struct sampler *sampler)
{
    char why[DETECT_WHY_CAPACITY];
    sampler_why(sampler, why);
    if (why[0] != '\0')
        fprintf(stderr, "why: %s\n", why);
}

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
    parts_wait_for_first_words(agent);
    sampler_tick(agent->sampler, &heartbeat);
    int result = store_settle(agent->store, error);
    if (result != 0)
        return result;
    struct store_health health;
    store_get_health(agent->store, &health);
    heartbeat.seq = health.durable_seq;
    print_heartbeat(&heartbeat, store_origin(agent->store));
    print_why(agent->sampler);
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
    int result = parts_make_generation(agent, plan, &agent->generation, error);
    if (result != 0)
        return result;
    parts_configure_sampler(agent);
    result = generation_start(agent->generation, error);
    if (result != 0)
        return result;
    parts_wait_for_first_words(agent);
    sampler_tick(agent->sampler, &heartbeat);
    print_heartbeat(&heartbeat, &origin);
    print_why(agent->sampler);
    return 0;
}

static int store_once(struct agent *agent, struct plan *plan, struct error *error)
{
    int result = parts_open_store(agent, plan->config, error);
    if (result != 0)
        return result;
    agent->sampler = sampler_create(&agent->clock, agent->store, agent->sampler_reader);
    result = parts_make_generation(agent, plan, &agent->generation, error);
    if (result != 0)
        return result;
    parts_configure_sampler(agent);
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
    int result = parts_init(&agent, options);
    if (result == 0)
        result = parts_load_plan(&agent, &plan, is_dry_run ? PLAN_TRIAL : PLAN_ENABLED);
    if (result != 0)
        return result;
    result = is_dry_run ? dry_run(&agent, &plan, &error) : store_once(&agent, &plan, &error);
    plan_finish(&plan);
    if (result != 0)
        log_error("agent", "%s", error.text);
    return parts_stop(&agent, result);
}
