/* SPDX-License-Identifier: MIT */
/* Checks a configuration as far as it can be checked without making anything of it. */
#include "generation.h"

#include "nearest_zone.h"
#include "platform/paths.h"
#include "platform/standard_error.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    struct plan *plan;
    enum plan_scope scope;
    struct config_problems *problems;
};

const struct plugin *plan_plugin(const struct plan *plan, enum instance_kind kind,
                                 const struct config_instance *instance, bool *in_quarantine,
                                 struct error *error)
{
    struct crashes_view view;
    crashes_get(plan->crashes, kind, instance->name, instance->plugin, &view);
    *in_quarantine = view.is_barred;
    if (view.is_barred) {
        error_set(error, EXIT_CODE_UNAVAILABLE,
                  "it %s: in quarantine until `clockblock plugins release %s`", view.text,
                  view.name);
        return NULL;
    }
    return plugin_find(plan->registry, instance->plugin, error);
}

/* It is left out: a problem for whoever checks, a warning for an agent that starts. */
static void leave_out(const struct check *check, const struct config_instance *instance,
                      const char *where, bool in_quarantine, const struct error *reason)
{
    if (check->scope == PLAN_ALL && !in_quarantine)
        config_problem(check->problems, instance->node, "%s: plugin \"%s\": %s", where,
                       instance->plugin, reason->text);
    else
        config_warning(check->problems, instance->node, "%s: plugin \"%s\": %s; %s", where,
                       instance->plugin, reason->text,
                       check->scope == PLAN_ALL ? "its settings are not checked"
                                                : "the agent runs without it");
}

static void check_instance(const struct check *check, enum instance_kind kind,
                           const struct config_instance *instance)
{
    char where[INSTANCE_CAPACITY + 16];
    snprintf(where, sizeof(where), "%ss.%s", instance_kind_name(kind), instance->name);
    struct error error = {0};
    if (instance->plugin == NULL)
        return; /* that is a problem of its own already */
    /* To check its settings a plugin has to be loaded, with all its libraries: not for nothing. */
    if (!instance->enabled && check->scope != PLAN_ALL)
        return;
    bool in_quarantine;
    const struct plugin *plugin = plan_plugin(check->plan, kind, instance, &in_quarantine, &error);
    if (plugin == NULL) {
        /* What is switched off may not be installed. */
        if (instance->enabled)
            leave_out(check, instance, where, in_quarantine, &error);
        return;
    }
    bool offers = kind == INSTANCE_DETECTOR ? plugin->detector != NULL : plugin->sink != NULL;
    if (!offers) {
        config_problem(check->problems, instance->node, "%s: the plugin \"%s\" is no %s", where,
                       instance->plugin, instance_kind_name(kind));
        return;
    }
    config_settings_destroy(config_settings(
        check->plan->config, instance->node, where, plugin->descriptor.options,
        kind == INSTANCE_DETECTOR ? config_detector_keys : config_sink_keys, check->problems));
}

/* One that has to be left out counts as evidence that is missing. */
static bool is_evidence(struct plan *plan, const struct config_instance *instance)
{
    struct error ignored;
    bool in_quarantine;
    if (instance->plugin == NULL)
        return false;
    const struct plugin *plugin =
        plan_plugin(plan, INSTANCE_DETECTOR, instance, &in_quarantine, &ignored);
    return plugin == NULL ||
           (plugin->detector != NULL && plugin->detector->role == CLB_ROLE_EVIDENCE);
}

int plan_rule(struct plan *plan, struct fuse_rule *rule, struct error *error)
{
    const struct config *config = plan->config;
    struct detect_name *names = calloc((size_t)config->detectors_count + 1, sizeof(names[0]));
    assert(names != NULL);
    int count = 0;
    for (int i = 0; i < config->detectors_count; i++)
        if (config->detectors[i].enabled)
            names[count++] = (struct detect_name){config->detectors[i].name,
                                                  is_evidence(plan, &config->detectors[i])};
    int result = playing_when_parse(config->playing_when, names, count, rule, error);
    free(names);
    return result;
}

/* An agent that sees nothing is not worth starting, unless what it lacks is in quarantine. */
static void check_sight(const struct check *check)
{
    const struct config *config = check->plan->config;
    int enabled = 0;
    int left = 0;
    for (int i = 0; i < config->detectors_count; i++) {
        const struct config_instance *detector = &config->detectors[i];
        struct error ignored;
        bool in_quarantine = false;
        if (!detector->enabled || detector->plugin == NULL)
            continue;
        enabled++;
        if (plan_plugin(check->plan, INSTANCE_DETECTOR, detector, &in_quarantine, &ignored) ||
            in_quarantine)
            left++;
    }
    if (enabled > 0 && left == 0 && check->scope != PLAN_ALL)
        config_problem(check->problems, NULL,
                       "detectors: none of them can be used, for the reasons above");
}

static void check_rule(const struct check *check)
{
    struct fuse_rule rule;
    struct error error = {0};
    if (plan_rule(check->plan, &rule, &error) != 0)
        config_problem(check->problems, check->plan->config->playing_when_node, "playing_when: %s",
                       error.text);
}

static void check_household(const struct check *check)
{
    const struct config *config = check->plan->config;
    struct household *household = NULL;
    struct error error = {0};
    char near[NEAREST_ZONE_CAPACITY];
    if (config->timezone == NULL)
        return; /* the group day is a problem already */
    if (household_create(&household, config, &error) != 0) {
        nearest_zone(config->timezone, near);
        if (near[0] != '\0' && strcmp(near, config->timezone) != 0 &&
            strcmp(config->timezone, "local") != 0)
            error_set(&error, error.code, "there is no time zone \"%s\" (did you mean \"%s\"?)",
                      config->timezone, near);
        config_problem(check->problems, config->timezone_node, "day.timezone: %s", error.text);
    }
    household_destroy(household);
}

/* An agent that starts opens it. Others need not be able to write there. */
static void check_log(const struct check *check)
{
    const struct config *config = check->plan->config;
    struct error error = {0};
    if (config->log_file != NULL && check->scope == PLAN_ALL &&
        standard_error_check_file(config->log_file, &error) != 0)
        config_problem(check->problems, config->log_file_node, "log.file: %s", error.text);
}

/* An agent that starts leaves word of what its plugins do to it, from the first that it opens. */
static void look_at_crashes(const struct check *check)
{
    char path[PATH_CAPACITY];
    char folder[PATH_CAPACITY];
    if (!crashes_path(path, check->plan->config->db_path))
        return;
    check->plan->crashes = crashes_read(path);
    if (check->scope != PLAN_ENABLED)
        return;
    paths_parent(folder, path);
    (void)file_make_folder(folder, NULL); /* the database says so when that does not work */
    crashes_watch(path);
}

int plan_load(struct plan *plan, const struct config_options *options, enum plan_scope scope,
              struct config_problems *problems)
{
    *plan = (struct plan){0};
    (void)config_load(&plan->config, options, problems);
    if (plan->config != NULL) {
        struct check check = {plan, scope, problems};
        plan->registry = plugin_registry_create(plan->config->plugin_dirs);
        look_at_crashes(&check);
        for (int i = 0; i < plan->config->detectors_count; i++)
            check_instance(&check, INSTANCE_DETECTOR, &plan->config->detectors[i]);
        for (int i = 0; i < plan->config->sinks_count; i++)
            check_instance(&check, INSTANCE_SINK, &plan->config->sinks[i]);
        check_sight(&check);
        check_rule(&check);
        check_household(&check);
        check_log(&check);
    }
    if (problems->count == 0 && plan->config != NULL)
        return 0;
    plan_finish(plan);
    return EXIT_CODE_CONFIG;
}

void plan_finish(struct plan *plan)
{
    config_unload(plan->config);
    plugin_registry_destroy(plan->registry);
    crashes_destroy(plan->crashes);
    *plan = (struct plan){0};
}
