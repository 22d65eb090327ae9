/* SPDX-License-Identifier: MIT */
/* Which configuration is in force, why that one, and what is wrong with it. */
#include "examine.h"

#include "platform/paths.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char subject[] = "configuration";
static const char prefix[] = "CLOCKBLOCK_";
static const char names_file[] = "CLOCKBLOCK_CONFIG=";

/* ---- Which file ---- */

static bool is_named_by_environment(const struct config_options *options)
{
    size_t length = sizeof(names_file) - 1;
    for (char *const *variable = options->environment; *variable != NULL; variable++)
        if (strncmp(*variable, names_file, length) == 0 && (*variable)[length] != '\0')
            return true;
    return false;
}

static const char *reason(const struct config_options *options)
{
    char path[PATH_CAPACITY];
    if (options->file != NULL)
        return "named by --config";
    if (is_named_by_environment(options))
        return "named by CLOCKBLOCK_CONFIG";
    if (paths_config_candidate(0, path) && file_exists(path))
        return "the file of this user";
    return paths_config_candidate(1, path) && file_exists(path)
               ? "the file of this machine"
               : "no clockblock.conf was found, so the built-in one counts";
}

/* A file that somebody may be editing without any effect. */
static void tell_shadowed(struct doctor *doctor, const char *in_force)
{
    char path[PATH_CAPACITY];
    struct file_identity used;
    struct file_identity other;
    (void)file_identify(in_force, &used);
    for (int i = 0; paths_config_candidate(i, path); i++) {
        if (!file_identify(path, &other) || file_is_same(&used, &other))
            continue;
        doctor_note(doctor, subject, "%s is there too, and is not read: the other one goes first",
                    path);
        doctor_advise(doctor, "change what you want changed in %s, or move that away", in_force);
    }
}

/* Names only: a value may be a secret. */
static void tell_overrides(struct doctor *doctor)
{
    char names[1024] = "";
    size_t used = 0;
    const struct config_options *options = doctor->options;
    for (char *const *variable = options->environment; *variable != NULL; variable++) {
        bool is_ours = strncmp(*variable, prefix, sizeof(prefix) - 1) == 0 &&
                       strncmp(*variable, names_file, sizeof(names_file) - 1) != 0;
        if (is_ours && used < sizeof(names))
            used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.*s",
                                     used > 0 ? ", " : "", (int)strcspn(*variable, "="), *variable);
    }
    for (int i = 0; options->sets != NULL && options->sets[i] != NULL && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s--set %.*s",
                                 used > 0 ? ", " : "", (int)strcspn(options->sets[i], "="),
                                 options->sets[i]);
    if (used > 0)
        doctor_note(doctor, subject, "not all of it comes from the file: %s", names);
}

/* ---- What is wrong with it ---- */

/* The plugin that a sentence says cannot be used; NULL: it is about something else. */
static const char *unusable_plugin(const struct doctor *doctor, enum instance_kind kind,
                                   const struct config_instance *instances, int count,
                                   const char *sentence)
{
    for (int i = 0; i < count; i++) {
        bool in_quarantine = false;
        struct error error = {0};
        if (!instances[i].enabled || instances[i].plugin == NULL ||
            plan_plugin(&doctor->plan, kind, &instances[i], &in_quarantine, &error) != NULL)
            continue;
        if (strstr(sentence, error.text) != NULL)
            return instances[i].plugin;
    }
    return NULL;
}

static void tell_problem(struct doctor *doctor, const char *sentence)
{
    const struct config *config = doctor->plan.config;
    const char *plugin = NULL;
    doctor_problem(doctor, EXIT_CODE_CONFIG, subject, "%s", sentence);
    if (config != NULL)
        plugin = unusable_plugin(doctor, INSTANCE_DETECTOR, config->detectors,
                                 config->detectors_count, sentence);
    if (config != NULL && plugin == NULL)
        plugin =
            unusable_plugin(doctor, INSTANCE_SINK, config->sinks, config->sinks_count, sentence);
    if (plugin != NULL && strstr(sentence, "there is no file") != NULL)
        doctor_advise(doctor,
                      "install it: some plugins are packages of their own, see apt search "
                      "clockblock-plugin. See what is there with clockblock plugins list. Or set "
                      "enabled = false");
    else if (plugin != NULL)
        doctor_advise(doctor, "install %s anew, or set enabled = false where it is named", plugin);
    else
        doctor_advise(doctor, "correct that, and look at it again with clockblock check");
}

/* What is left of it where not all can be used: an agent would run without a plugin that is
 * missing. */
static void plan_anyway(struct doctor *doctor)
{
    struct config_problems ignored = {0};
    (void)plan_load(&doctor->plan, doctor->options, PLAN_TRIAL, &ignored);
    config_problems_finish(&ignored);
}

static void find_database(struct doctor *doctor)
{
    struct config *config = NULL;
    struct config_problems ignored = {0};
    char folder[PATH_CAPACITY];
    paths_state_folder(folder);
    (void)config_load(&config, doctor->options, &ignored);
    if (config != NULL && config->db_path[0] != '\0')
        memcpy(doctor->db_path, config->db_path, sizeof(doctor->db_path));
    else
        (void)paths_join(doctor->db_path, folder, "clockblock.db");
    config_problems_finish(&ignored);
    config_unload(config);
}

void examine_configuration(struct doctor *doctor)
{
    struct config_problems problems = {0};
    find_database(doctor);
    int result = plan_load(&doctor->plan, doctor->options, PLAN_ALL, &problems);
    if (result != 0)
        plan_anyway(doctor);
    const struct config *config = doctor->plan.config;
    assert(config != NULL || result != 0);
    if (result == 0)
        doctor_ok(doctor, subject, "%s (%s): all of it can be used", config->file,
                  reason(doctor->options));
    for (int i = 0; i < problems.count; i++)
        tell_problem(doctor, problems.sentences[i]);
    for (int i = 0; i < problems.warnings_count; i++)
        doctor_note(doctor, subject, "%s", problems.warnings[i]);
    if (config != NULL)
        tell_shadowed(doctor, config->file);
    else
        doctor_note(doctor, subject,
                    "no agent can start with it (%s); one that runs goes on with the old one. What "
                    "depends on it is not looked at",
                    reason(doctor->options));
    tell_overrides(doctor);
    config_problems_finish(&problems);
}
