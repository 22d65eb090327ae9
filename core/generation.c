/* SPDX-License-Identifier: MIT */
#include "generation.h"

#include "log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_FILE_MAX = 4096 };

static int make_instance(struct plan *plan, const struct plugin *plugin, enum instance_kind kind,
                         const struct config_instance *config, struct clock *clock,
                         struct instance **instance, struct error *error)
{
    struct config_problems problems = {0};
    clb_settings *settings = config_settings(
        plan->config, config->node, config->name, plugin->descriptor.options,
        kind == INSTANCE_DETECTOR ? config_detector_keys : config_sink_keys, &problems);
    config_problems_finish(&problems);
    if (settings == NULL)
        return error_set(error, EXIT_CODE_CONFIG, "%s: its settings are not valid", config->name);

    int result = instance_create(instance, plugin, kind, config->name, settings, clock, error);
    config_settings_destroy(settings);
    if (result != 0)
        error_set(error, result, "%s %s: %s", instance_kind_name(kind), config->name, error->text);
    return result;
}

static int make_detector(struct generation *made, const struct generation_base *base,
                         const struct config_instance *config, struct detect_spec *spec,
                         struct error *error)
{
    struct error reason = {0};
    bool in_quarantine;
    *spec = (struct detect_spec){
        .name = config->name, .plugin = config->plugin, .interval_ms = config->interval_ms};
    const struct plugin *plugin =
        plan_plugin(&made->plan, INSTANCE_DETECTOR, config, &in_quarantine, &reason);
    if (plugin != NULL)
        return make_instance(&made->plan, plugin, INSTANCE_DETECTOR, config, base->clock,
                             &spec->instance, error);
    spec->absence = in_quarantine ? DETECT_QUARANTINED : DETECT_REFUSED;
    snprintf(spec->reason, sizeof(spec->reason), "%.511s", reason.text);
    return 0;
}

static int make_detect(struct generation *made, const struct generation_base *base,
                       struct error *error)
{
    struct config *config = made->plan.config;
    struct detect_spec *specs = calloc((size_t)config->detectors_count + 1, sizeof(specs[0]));
    assert(specs != NULL);
    int count = 0;
    int result = 0;
    for (int i = 0; i < config->detectors_count && result == 0; i++) {
        if (!config->detectors[i].enabled)
            continue;
        result = make_detector(made, base, &config->detectors[i], &specs[count], error);
        if (result == 0)
            count++;
    }
    if (result == 0)
        made->detect = detect_create(specs, count, base->clock, base->wakeup);
    for (int i = 0; i < count && result != 0; i++)
        instance_destroy(specs[i].instance);
    free(specs);
    return result;
}

static void get_today(void *context, clb_today *today)
{
    struct sampler_view view;
    sampler_get(context, &view);
    int64_t left_ms = allowance_left_ms(&view.today);
    today->used_ms = view.today.used_ms;
    today->overdraft_ms = view.today.overdraft_ms;
    today->has_allowance = left_ms != ALLOWANCE_UNLIMITED;
    today->left_ms = today->has_allowance ? left_ms : 0;
}

static int make_sink(struct generation *made, const struct generation_base *base,
                     const struct config_instance *config, struct deliver_spec *spec,
                     struct error *error)
{
    struct error reason = {0};
    bool in_quarantine;
    *spec = (struct deliver_spec){.config = config};
    const struct plugin *plugin =
        plan_plugin(&made->plan, INSTANCE_SINK, config, &in_quarantine, &reason);
    if (plugin != NULL)
        return make_instance(&made->plan, plugin, INSTANCE_SINK, config, base->clock,
                             &spec->instance, error);
    spec->absence = in_quarantine ? DELIVER_QUARANTINED : DELIVER_REFUSED;
    snprintf(spec->reason, sizeof(spec->reason), "%.511s", reason.text);
    return 0;
}

static int make_deliver(struct generation *made, const struct generation_base *base,
                        struct error *error)
{
    struct config *config = made->plan.config;
    struct deliver_spec *specs = calloc((size_t)config->sinks_count + 1, sizeof(specs[0]));
    assert(specs != NULL);
    int count = 0;
    int result = 0;
    for (int i = 0; i < config->sinks_count && result == 0; i++) {
        const struct config_instance *sink = &config->sinks[i];
        if (!sink->enabled)
            continue;
        result = make_sink(made, base, sink, &specs[count], error);
        if (result == 0)
            count++;
        if (result == 0)
            result = store_sink_enable(base->store, sink->name, sink->start_now, error);
    }
    if (result == 0)
        result = deliver_create(&made->deliver, specs, count, base->store, config->db_path,
                                base->clock, get_today, base->sampler, error);
    for (int i = 0; i < count && result != 0; i++)
        instance_destroy(specs[i].instance);
    free(specs);
    return result;
}

/* Sinks that are gone from the configuration keep their cursors, but no longer pin retention. */
static int keep_only_ours(const struct generation *made, struct store *store, struct error *error)
{
    const struct config *config = made->plan.config;
    const char **names = calloc((size_t)config->sinks_count + 1, sizeof(names[0]));
    assert(names != NULL);
    int count = 0;
    for (int i = 0; i < config->sinks_count; i++)
        if (config->sinks[i].enabled)
            names[count++] = config->sinks[i].name;
    int result = store_sinks_keep_only(store, names, count, error);
    free(names);
    return result;
}

static int read_api_token(struct generation *made, struct error *error)
{
    const char *path = made->plan.config->api_token_file;
    size_t length = 0;
    if (path == NULL)
        return 0;
    int result = file_check_private(path, error);
    if (result == 0)
        result = file_read(path, TOKEN_FILE_MAX, &made->api_token, &length, error);
    if (result != 0)
        return error_set(error, result, "api.token_file: %s", error->text);
    made->api_token[strcspn(made->api_token, "\r\n")] = '\0';
    if (made->api_token[0] == '\0')
        return error_set(error, EXIT_CODE_CONFIG, "api.token_file: %s holds no token", path);
    return 0;
}

int generation_create(struct generation **generation, struct plan *plan,
                      const struct generation_base *base, struct error *error)
{
    struct generation *made = calloc(1, sizeof(*made));
    assert(made != NULL && plan->config != NULL);
    made->plan = *plan;
    int result = household_create(&made->household, plan->config, error);
    if (result == 0)
        result = plan_rule(plan, &made->rule, error);
    if (result == 0)
        result = read_api_token(made, error);
    if (result == 0)
        result = make_detect(made, base, error);
    if (result == 0 && base->store != NULL)
        result = make_deliver(made, base, error);
    if (result == 0 && base->store != NULL)
        result = keep_only_ours(made, base->store, error);

    if (result != 0) {
        made->plan = (struct plan){0}; /* stays the caller's */
        generation_destroy(made);
        return result;
    }
    *plan = (struct plan){0};
    *generation = made;
    return 0;
}

int generation_start(struct generation *generation, struct error *error)
{
    int result = detect_start(generation->detect, error);
    if (result == 0 && generation->deliver != NULL)
        result = deliver_start(generation->deliver, error);
    return result;
}

bool generation_stop(struct generation *generation, int64_t until_ms)
{
    bool all = true;
    /* All are asked before any is waited for: one that hangs takes no time from the others. */
    detect_cancel(generation->detect);
    if (generation->deliver != NULL)
        all = deliver_stop(generation->deliver, until_ms);
    return detect_stop(generation->detect, until_ms) && all;
}

void generation_destroy(struct generation *generation)
{
    if (generation == NULL)
        return;
    deliver_destroy(generation->deliver);
    detect_destroy(generation->detect);
    household_destroy(generation->household);
    free(generation->api_token);
    plan_finish(&generation->plan);
    free(generation);
}
