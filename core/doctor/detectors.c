/* SPDX-License-Identifier: MIT */
/* Each detector that is switched on: does it work? The running agent says, or it is asked here. */
#include "examine.h"

#include "agent.h"
#include "json.h"
#include "status.h"

#include <stdio.h>
#include <string.h>

/* ---- What to do ---- */

/* What usually helps, by a word in the reason. Plugins give reasons, and no advice. */
static const struct {
    const char *word;
    const char *advice;
} cures[] = {
    {"NVML", "install the driver's library for measuring (libnvidia-ml.so.1), or let sources name "
             "what this machine has"},
    {"other users", "run the agent as the user who plays, or as root"},
    {"GPU", "look whether the driver is loaded (ls /dev/dri), or set enabled = false: this machine "
            "may have no GPU that can be measured"},
    {"Wayland", "run the agent in the session of who plays (systemctl --user enable --now "
                "clockblock); a compositor that does not tell its windows needs another detector"},
    {"display", "run the agent in the session of who plays: systemctl --user enable --now "
                "clockblock. Without a screen set enabled = false"},
    {"session", "run the agent in the session of who plays: systemctl --user enable --now "
                "clockblock. Without a screen set enabled = false"},
    {"X server", "run the agent in the session of who plays: systemctl --user enable --now "
                 "clockblock. Without a screen set enabled = false"},
    {"ermission denied", "run the agent as a user who may read that"},
};

static void advise(struct doctor *doctor, const char *name, const char *reason)
{
    for (size_t i = 0; i < sizeof(cures) / sizeof(cures[0]); i++) {
        if (strstr(reason, cures[i].word) == NULL)
            continue;
        doctor_advise(doctor, "%s", cures[i].advice);
        return;
    }
    doctor_advise(doctor,
                  "see what changes with clockblock detect %s --watch, or set "
                  "detectors.%s.enabled = false",
                  name, name);
}

/* ---- Each of them ---- */

static void tell_out_of_order(struct doctor *doctor, const char *subject,
                              struct json_object *detector)
{
    const char *name = json_get_text(detector, "name");
    const char *state = json_get_text(detector, "state");
    const char *reason = json_get_text(detector, "reason");
    doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject, "%s: %s", state,
                   reason[0] != '\0' ? reason : "it gives no reason");
    if (strcmp(state, "quarantined") == 0)
        doctor_advise(doctor,
                      "its plugin has a bug: install another version, and run clockblock "
                      "plugins release %s",
                      name);
    else if (strcmp(state, "wedged") == 0)
        doctor_advise(doctor, "its plugin hangs: restart the agent, and tell its author");
    else if (strcmp(state, "refused") == 0)
        doctor_advise(doctor, "see above: configuration");
    else
        advise(doctor, name, reason);
}

/* Whose programs it looks at, where only some are: games of others are not seen. */
static void find_limit(struct doctor *doctor, const char *name, char text[320])
{
    char user[PERMISSION_USER_CAPACITY];
    const struct config *config = doctor->plan.config;
    text[0] = '\0';
    permission_user_name(doctor->runner, user);
    for (int i = 0; config != NULL && i < config->detectors_count; i++) {
        const struct plugin *plugin = NULL;
        if (strcmp(config->detectors[i].name, name) != 0)
            continue;
        clb_settings *settings =
            examine_settings_of(doctor, INSTANCE_DETECTOR, &config->detectors[i], &plugin);
        const clb_setting *users = settings != NULL ? clb_setting_find(settings, "users") : NULL;
        if (users != NULL && users->count == 0 && permission_is_person(doctor->runner))
            snprintf(text, 320, " (of %s alone: the setting users names others)", user);
        config_settings_destroy(settings);
    }
}

static void look_at(struct doctor *doctor, struct json_object *detector)
{
    char limit[320];
    char subject[INSTANCE_CAPACITY + 16];
    const char *state = json_get_text(detector, "state");
    const char *activity = json_get_text(detector, "activity");
    bool is_active = json_object_get_boolean(json_get(detector, "active"));
    snprintf(subject, sizeof(subject), "detector %.63s", json_get_text(detector, "name"));
    find_limit(doctor, json_get_text(detector, "name"), limit);
    if (strcmp(state, "starting") == 0)
        doctor_note(doctor, subject, "it has not looked yet");
    else if (strcmp(state, "ok") != 0)
        tell_out_of_order(doctor, subject, detector);
    else
        doctor_ok(doctor, subject, "works, and sees %s%s%s%s",
                  is_active ? "somebody" : "nobody play",
                  is_active ? (activity[0] != '\0' ? " play " : " there") : "",
                  is_active ? activity : "", limit);
    const char *rule = json_get_text(json_get(detector, "plugin_stats"), "broken_rule");
    if (rule[0] != '\0')
        doctor_note(doctor, subject, "its plugin breaks a rule of the contract: %s", rule);
}

/* ---- Without an agent ---- */

static void take(const struct agent_sight *sight, void *context)
{
    struct json_object *detectors = context;
    for (int i = 0; i < sight->count; i++)
        json_object_array_add(detectors, status_detector(&sight->views[i], 0));
}

/* NULL: they cannot be made. */
static struct json_object *ask_here(struct doctor *doctor)
{
    struct json_object *detectors = json_object_new_array();
    struct error error = {0};
    if (agent_detect(doctor->options, NULL, false, take, detectors, &error) == 0)
        return detectors;
    doctor_problem(doctor, EXIT_CODE_CONFIG, "detectors", "no agent can start: %s", error.text);
    doctor_advise(doctor, "correct that in the configuration");
    json_object_put(detectors);
    return NULL;
}

void examine_detectors(struct doctor *doctor)
{
    struct json_object *asked = NULL;
    if (doctor->status == NULL && doctor->plan.config != NULL)
        asked = ask_here(doctor);
    struct json_object *detectors =
        doctor->status != NULL ? json_get(doctor->status, "detectors") : asked;
    if (detectors == NULL)
        return;
    size_t count = json_object_array_length(detectors);
    for (size_t i = 0; i < count; i++)
        look_at(doctor, json_object_array_get_idx(detectors, i));
    examine_rule(doctor, detectors);
    if (count == 0) {
        doctor_problem(doctor, EXIT_CODE_CONFIG, "detectors",
                       "none is switched on: nothing will be noticed");
        doctor_advise(doctor, "set enabled = true in one of the detectors of the configuration");
    }
    json_object_put(asked);
}
