/* SPDX-License-Identifier: MIT */
/* Files and folders that settings name: secrets, what a sink writes, and where plugins are. */
#include "examine.h"

#include "platform/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 1 << 20 };

static const char subject[] = "files";

clb_settings *examine_settings_of(struct doctor *doctor, enum instance_kind kind,
                                  const struct config_instance *instance,
                                  const struct plugin **plugin)
{
    bool in_quarantine = false;
    struct error ignored;
    struct config_problems problems = {0};
    *plugin = NULL;
    if (instance->plugin != NULL)
        *plugin = plan_plugin(&doctor->plan, kind, instance, &in_quarantine, &ignored);
    if (*plugin == NULL)
        return NULL;
    clb_settings *settings = config_settings(
        doctor->plan.config, instance->node, instance->name, (*plugin)->descriptor.options,
        kind == INSTANCE_DETECTOR ? config_detector_keys : config_sink_keys, &problems);
    config_problems_finish(&problems);
    return settings;
}

/* ---- Secrets ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool names_secret(const char *key)
{
    return ends_with(key, "token_file") || ends_with(key, "password_file") ||
           ends_with(key, "key_file");
}

/* Can the agent read it, whoever asks here? */
static bool agent_can_read(const struct doctor *doctor, const struct permission *file)
{
    if (doctor->runner == 0 || doctor->runner == file->owner)
        return true;
    return doctor->runner == permission_user() ? file->can_read : file->group_may_read;
}

static void look_at_secret(struct doctor *doctor, const char *where, const char *path)
{
    char name[PERMISSION_USER_CAPACITY];
    struct permission file;
    permission_look(path, &file);
    permission_user_name(doctor->runner, name);
    if (!file.is_there) {
        doctor_problem(doctor, EXIT_CODE_CONFIG, subject, "%s: there is no file %s", where, path);
        doctor_advise(doctor,
                      "put the secret into that file: install -m 600 /dev/stdin '%s', the "
                      "secret, Enter, Ctrl-D",
                      path);
    } else if (file.others_may_read || file.others_may_write) {
        doctor_problem(doctor, EXIT_CODE_CONFIG, subject, "%s: everybody may read the secret in %s",
                       where, path);
        doctor_advise(doctor, "run chmod 600 '%s'", path);
    } else if (!agent_can_read(doctor, &file)) {
        doctor_problem(doctor, EXIT_CODE_CONFIG, subject,
                       "%s: %s cannot be read by %s, who runs "
                       "the agent",
                       where, path, name);
        doctor_advise(doctor, "run sudo chown %s '%s'", name, path);
    }
}

/* A secret that stands in the configuration itself. */
static void look_at_inline(struct doctor *doctor, const char *where, const char *secret)
{
    const char *path = doctor->plan.config->file;
    struct permission file;
    char *text = NULL;
    size_t length = 0;
    permission_look(path, &file);
    if (!file.is_there || !file.others_may_read ||
        file_read(path, CONFIG_BYTES_MAX, &text, &length, NULL) != 0)
        return;
    if (strstr(text, secret) != NULL) {
        doctor_note(doctor, subject, "%s: everybody on this machine may read this secret in %s",
                    where, path);
        doctor_advise(doctor, "put it into a file of its own, or run chmod 600 '%s'", path);
    }
    free(text);
}

/* ---- What a sink writes ---- */

static void look_at_target(struct doctor *doctor, const char *where, const char *path)
{
    char folder[PATH_CAPACITY];
    struct permission found;
    struct permission file;
    paths_parent(folder, path);
    permission_look(folder, &found);
    permission_look(path, &file);
    if (doctor->runner != permission_user())
        return; /* whether another user can write it shows in the state of the sink */
    if (found.is_folder && found.can_write && (!file.is_there || file.can_write))
        return;
    doctor_problem(doctor, EXIT_CODE_DISK, subject, "%s: %s cannot be written", where, path);
    doctor_advise(doctor, "%s '%s', or set another %s",
                  found.is_there ? "see to it that this user may write" : "make the folder", folder,
                  where);
}

/* ---- All settings of an instance ---- */

static void look_at_setting(struct doctor *doctor, const char *where, const clb_setting *setting,
                            const clb_option *option)
{
    const char *text = setting->text;
    if (text == NULL || text[0] == '\0')
        return;
    if (setting->type == CLB_OPTION_PATH && names_secret(setting->key))
        look_at_secret(doctor, where, text);
    else if (setting->type == CLB_OPTION_PATH && strcmp(setting->key, "path") == 0)
        look_at_target(doctor, where, text);
    else if ((option->flags & CLB_OPTION_SECRET) != 0)
        look_at_inline(doctor, where, text);
}

static void look_at_instance(struct doctor *doctor, enum instance_kind kind,
                             const struct config_instance *instance)
{
    const struct plugin *plugin = NULL;
    if (!instance->enabled)
        return;
    clb_settings *settings = examine_settings_of(doctor, kind, instance, &plugin);
    for (uint32_t i = 0; settings != NULL && i < settings->count; i++) {
        char where[2 * INSTANCE_CAPACITY + 64];
        clb_option option;
        const clb_setting *setting = settings->settings[i];
        for (const clb_option *const *one = plugin->descriptor.options; *one != NULL; one++) {
            if (!config_option_read(*one, &option) || strcmp(option.key, setting->key) != 0)
                continue;
            snprintf(where, sizeof(where), "%ss.%s.%s", instance_kind_name(kind), instance->name,
                     setting->key);
            look_at_setting(doctor, where, setting, &option);
        }
    }
    config_settings_destroy(settings);
}

/* ---- Where plugins are ---- */

/* Who may write there may run what he likes as the user of the agent. */
static void look_at_plugin_folder(struct doctor *doctor, const char *path)
{
    struct permission folder;
    char name[PERMISSION_USER_CAPACITY];
    permission_look(path, &folder);
    permission_user_name(folder.owner, name);
    if (!folder.is_there) {
        doctor_note(doctor, subject, "there is no folder %s for plugins", path);
    } else if (folder.others_may_write) {
        doctor_problem(doctor, EXIT_CODE_CONFIG, subject,
                       "everybody may put plugins into %s, and the agent would run them", path);
        doctor_advise(doctor, "run chmod go-w '%s'", path);
    } else if (folder.owner != 0 && folder.owner != doctor->runner) {
        doctor_problem(doctor, EXIT_CODE_CONFIG, subject,
                       "the folder of plugins %s belongs to %s, who does not run the agent", path,
                       name);
        doctor_advise(doctor, "run sudo chown root: '%s'", path);
    }
}

void examine_settings(struct doctor *doctor)
{
    char folder[PATH_CAPACITY];
    const struct config *config = doctor->plan.config;
    if (config == NULL)
        return;
    if (config->api_token_file != NULL)
        look_at_secret(doctor, "api.token_file", config->api_token_file);
    for (int i = 0; i < config->detectors_count; i++)
        look_at_instance(doctor, INSTANCE_DETECTOR, &config->detectors[i]);
    for (int i = 0; i < config->sinks_count; i++)
        look_at_instance(doctor, INSTANCE_SINK, &config->sinks[i]);
    for (char **one = config->plugin_dirs; *one != NULL; one++)
        look_at_plugin_folder(doctor, *one);
    paths_plugin_folder(folder);
    look_at_plugin_folder(doctor, folder);
}
