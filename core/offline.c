/* SPDX-License-Identifier: MIT */
/* A command that the agent would serve, while none runs. */
#include "agent.h"
#include "controls.h"
#include "log.h"
#include "parts.h"

#include <assert.h>

static int serve(struct agent *agent, struct plan *plan, const char *command,
                 const char *const *arguments, char **answer, struct error *error)
{
    int result = parts_open_store(agent, plan->config, error);
    if (result != 0)
        return result;
    agent->sampler = sampler_create(&agent->clock, agent->store, agent->sampler_reader);
    result = parts_make_generation(agent, plan, &agent->generation, error);
    if (result == 0)
        result = store_start(agent->store, error);
    if (result != 0)
        return result;
    agent->status = (struct status_source){.clock = &agent->clock,
                                           .store = agent->store,
                                           .reader = agent->server_reader,
                                           .sampler = agent->sampler,
                                           .generation = agent->generation,
                                           .is_offline = true};
    *answer = controls_serve(&agent->status, command, arguments);
    assert(*answer != NULL);
    return 0;
}

/* Looking takes no lock: an agent that starts at this moment is not kept from it. */
static int look(struct agent *agent, const struct plan *plan, const char *command,
                const char *const *arguments, char **answer, struct error *error)
{
    struct generation generation = {.plan = *plan};
    struct store_reader *reader = NULL;
    int result = store_reader_open(&reader, plan->config->db_path, error);
    if (result != 0)
        return result;
    struct status_source source = {
        .clock = &agent->clock, .reader = reader, .generation = &generation, .is_offline = true};
    *answer = controls_serve(&source, command, arguments);
    store_reader_close(reader);
    assert(*answer != NULL);
    return 0;
}

int agent_serve(const struct config_options *options, const char *command,
                const char *const *arguments, char **answer, struct error *error)
{
    struct agent agent;
    struct plan plan;
    int result = parts_init(&agent, options);
    if (result == 0)
        result = parts_load_plan(&agent, &plan, PLAN_ENABLED);
    if (result != 0)
        return error_set(error, result, "the configuration cannot be used");
    result = controls_only_look(command) ? look(&agent, &plan, command, arguments, answer, error)
                                         : serve(&agent, &plan, command, arguments, answer, error);
    plan_finish(&plan);
    return parts_stop(&agent, result);
}
