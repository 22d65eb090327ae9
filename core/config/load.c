/* SPDX-License-Identifier: MIT */
/* From a file, the environment and the command line to a struct config. */
#include "builtin.h"
#include "node.h"
#include "platform/paths.h"
#include "record/text.h"
#include "schema.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1024 * 1024 };

struct loader {
    struct config *config;
    struct config_problems *problems;
};

static char *copy(const char *text)
{
    char *copied = text != NULL ? strdup(text) : NULL;
    assert(copied != NULL || text == NULL);
    return copied;
}

static char **copy_list(const clb_setting *setting)
{
    char **list = calloc((size_t)setting->count + 1, sizeof(list[0]));
    assert(list != NULL);
    for (uint32_t i = 0; i < setting->count; i++)
        list[i] = copy(setting->items[i]);
    return list;
}

/* ---- Parts ---- */

/* The checked settings of a group, or NULL when something is wrong with it. */
static clb_settings *check(const struct loader *loader, const char *name,
                           const clb_option *const *options, const char *const *others)
{
    const struct config_node *root = loader->config->root;
    return settings_build(loader->config->folder, name[0] != '\0' ? node_find(root, name) : root,
                          name, options, others, false, loader->problems);
}

static int32_t integer_of(const clb_settings *settings, const char *key)
{
    return (int32_t)clb_setting_integer(settings, key);
}

static void load_device_id(const struct loader *loader, const clb_settings *settings)
{
    struct config *config = loader->config;
    const char *given = clb_setting_text(settings, "device_id");
    if (given == NULL) {
        paths_host_name(config->device_id, sizeof(config->device_id));
        return;
    }
    text_copy(config->device_id, sizeof(config->device_id), given);
    if (given[0] == '\0' || strcmp(config->device_id, given) != 0)
        config_problem(loader->problems, node_find(config->root, "device_id"),
                       "device_id: it needs 1 to %d bytes, without control characters",
                       DEVICE_CAPACITY - 1);
}

static void load_db_path(const struct loader *loader)
{
    /* Unlike other paths: relative to the state folder, not to the configuration. */
    char folder[PATH_CAPACITY];
    const struct config_node *node = node_find(loader->config->root, "db_path");
    const char *given = node != NULL && node->text != NULL ? node->text : "clockblock.db";
    paths_state_folder(folder);
    if (given[0] == '\0')
        config_problem(loader->problems, node, "db_path: it is empty");
    else if (!paths_join(loader->config->db_path, folder, given))
        config_problem(loader->problems, node, "db_path: it is too long");
}

/* By itself, so that it is checked also when another setting beside it is wrong. */
static void load_playing_when(const struct loader *loader)
{
    const struct config_node *node = node_find(loader->config->root, "playing_when");
    loader->config->playing_when_node = node;
    loader->config->playing_when = node != NULL ? copy(node->text) : NULL;
}

/* By itself too: else a plugin that is there would be missing for a mistake elsewhere. */
static void load_plugin_dirs(const struct loader *loader)
{
    struct config *config = loader->config;
    clb_settings *settings = settings_build(config->folder, config->root, "", schema_plugin_dirs,
                                            NULL, true, loader->problems);
    if (settings == NULL)
        return;
    config->plugin_dirs = copy_list(clb_setting_find(settings, "plugin_dirs"));
    for (char **folder = config->plugin_dirs; *folder != NULL; folder++) {
        char joined[PATH_CAPACITY];
        if (paths_join(joined, config->folder, *folder)) {
            free(*folder);
            *folder = copy(joined);
        } else {
            config_problem(loader->problems, node_find(config->root, "plugin_dirs"),
                           "plugin_dirs: a path in it is too long");
        }
    }
    config_settings_destroy(settings);
}

static void load_root(const struct loader *loader)
{
    struct config *config = loader->config;
    clb_settings *settings = check(loader, "", schema_root, schema_groups);
    load_db_path(loader);
    load_playing_when(loader);
    load_plugin_dirs(loader);
    if (settings == NULL)
        return;
    load_device_id(loader, settings);
    config->poll_interval_sec = integer_of(settings, "poll_interval_sec");
    config->retention_days = integer_of(settings, "retention_days");
    config_settings_destroy(settings);
}

/* "HH:MM", nothing before it and nothing behind. */
static bool parse_quarter_hour(const char *text, int32_t *seconds)
{
    static const char pattern[] = "dd:dd";
    for (size_t i = 0; i < sizeof(pattern); i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == 'd' ? !is_digit : text[i] != pattern[i])
            return false;
    }
    int32_t hours = (text[0] - '0') * 10 + text[1] - '0';
    int32_t minutes = (text[3] - '0') * 10 + text[4] - '0';
    *seconds = hours * 3600 + minutes * 60;
    return hours < 24 && minutes < 60 && minutes % 15 == 0;
}

static void load_day(const struct loader *loader)
{
    struct config *config = loader->config;
    clb_settings *settings = check(loader, "day", schema_day, NULL);
    if (settings == NULL)
        return;
    const struct config_node *group = node_find(config->root, "day");
    const char *starts_at = clb_setting_text(settings, "starts_at");
    config->timezone = copy(clb_setting_text(settings, "timezone"));
    config->timezone_node = node_find(group, "timezone");
    if (!parse_quarter_hour(starts_at, &config->day_starts_at_sec))
        config_problem(loader->problems, node_find(group, "starts_at"),
                       "day.starts_at: \"%s\" is no quarter hour of a day: write it as \"04:00\"",
                       starts_at);
    config_settings_destroy(settings);
}

static int by_date(const void *a, const void *b)
{
    const struct config_allowance_date *left = a;
    const struct config_allowance_date *right = b;
    return (left->date > right->date) - (left->date < right->date);
}

/* Both places, so that nobody has to search for the other one. */
static void reject_twice(const struct loader *loader, uint32_t index, const char *date,
                         const struct config_node *node, const struct config_node *first)
{
    char where[PATH_CAPACITY] = "";
    assert(node != NULL && first != NULL); /* dates are written somewhere: there is no default */
    if (first->line != NODE_LINE_NOWHERE && strcmp(first->source, node->source) == 0)
        snprintf(where, sizeof(where), ", first in line %d", first->line);
    else if (first->line != NODE_LINE_NOWHERE)
        snprintf(where, sizeof(where), ", first in %s:%d", first->source, first->line);
    config_problem(loader->problems, node, "allowance.dates[%u]: %s is there twice%s", index, date,
                   where);
}

/* `nodes` are where the dates so far stand; `node` is where this one does. */
static void load_date(const struct loader *loader, const clb_settings *group, uint32_t index,
                      const struct config_node *node, const struct config_node **nodes)
{
    struct config *config = loader->config;
    struct config_allowance_date made = {.minutes = integer_of(group, "minutes")};
    const char *text = clb_setting_text(group, "date");
    if (!civil_parse_date(text, &made.date)) {
        config_problem(loader->problems, node,
                       "allowance.dates[%u].date: \"%s\" is no date: write it as 2026-12-25", index,
                       text);
        return;
    }
    for (int i = 0; i < config->allowance_dates_count; i++)
        if (config->allowance_dates[i].date == made.date) {
            reject_twice(loader, index, text, node, nodes[i]);
            return;
        }
    nodes[config->allowance_dates_count] = node;
    config->allowance_dates[config->allowance_dates_count++] = made;
}

static void load_dates(const struct loader *loader, const clb_setting *dates,
                       const struct config_node *list)
{
    struct config *config = loader->config;
    const struct config_node *entry = list != NULL ? list->children : NULL;
    const struct config_node **nodes = calloc((size_t)dates->count + 1, sizeof(nodes[0]));
    config->allowance_dates = calloc((size_t)dates->count + 1, sizeof(config->allowance_dates[0]));
    assert(nodes != NULL && config->allowance_dates != NULL);
    for (uint32_t i = 0; i < dates->count; i++) {
        /* Those from the environment or the command line have no line of their own. */
        load_date(loader, dates->groups[i], i, entry != NULL ? entry : list, nodes);
        entry = entry != NULL ? entry->next : NULL;
    }
    free(nodes);
    if (config->allowance_dates_count > 0)
        qsort(config->allowance_dates, (size_t)config->allowance_dates_count,
              sizeof(config->allowance_dates[0]), by_date);
}

static void load_allowance(const struct loader *loader)
{
    static const char *const keys[CONFIG_WEEKDAYS] = {
        "monday_min", "tuesday_min",  "wednesday_min", "thursday_min",
        "friday_min", "saturday_min", "sunday_min"};
    clb_settings *settings = check(loader, "allowance", schema_allowance, NULL);
    if (settings == NULL)
        return;
    const clb_setting *otherwise = clb_setting_find(settings, "default_min");
    for (int i = 0; i < CONFIG_WEEKDAYS; i++) {
        const clb_setting *own = clb_setting_find(settings, keys[i]);
        const clb_setting *chosen = own->is_set ? own : otherwise;
        loader->config->allowance_min[i] =
            chosen->is_set ? (int32_t)chosen->integer : CONFIG_UNLIMITED;
    }
    load_dates(loader, clb_setting_find(settings, "dates"),
               node_find(node_find(loader->config->root, "allowance"), "dates"));
    config_settings_destroy(settings);
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static void load_api(const struct loader *loader)
{
    struct config *config = loader->config;
    clb_settings *settings = check(loader, "api", schema_api, NULL);
    if (settings == NULL)
        return;
    config->api_host = copy(clb_setting_text(settings, "host"));
    config->api_port = integer_of(settings, "port");
    config->api_token_file = copy(clb_setting_text(settings, "token_file"));
    config->api_allowed_origins = copy_list(clb_setting_find(settings, "allowed_origins"));
    if (!is_loopback(config->api_host) && config->api_token_file == NULL)
        config_problem(loader->problems, node_find(node_find(config->root, "api"), "host"),
                       "api.host: \"%s\" can be reached by other machines: set api.token_file too",
                       config->api_host);
    config_settings_destroy(settings);
}

/* Relative to the state folder, as what else is written: the configuration's may be read-only. */
static void load_log_file(const struct loader *loader, const char *given)
{
    struct config *config = loader->config;
    char folder[PATH_CAPACITY];
    char joined[PATH_CAPACITY];
    config->log_file_node = node_find(node_find(config->root, "log"), "file");
    if (given == NULL || given[0] == '\0')
        return;
    paths_state_folder(folder);
    if (paths_join(joined, folder, given))
        config->log_file = copy(joined);
    else
        config_problem(loader->problems, config->log_file_node, "log.file: it is too long");
}

static void load_rest(const struct loader *loader)
{
    struct config *config = loader->config;
    clb_settings *store = check(loader, "store", schema_store, NULL);
    clb_settings *log = check(loader, "log", schema_log, NULL);
    if (store != NULL) {
        config->commit_interval_sec = integer_of(store, "commit_interval_sec");
        config->store_max_mb = integer_of(store, "max_mb");
    }
    if (log != NULL) {
        const char *level = clb_setting_text(log, "level");
        config->log_format = strcmp(clb_setting_text(log, "format"), "json") == 0 ? LOG_FORMAT_JSON
                                                                                  : LOG_FORMAT_TEXT;
        config->log_level = level[0] == 'e'   ? LOG_LEVEL_ERROR
                            : level[0] == 'w' ? LOG_LEVEL_WARNING
                            : level[0] == 'i' ? LOG_LEVEL_INFO
                                              : LOG_LEVEL_DEBUG;
        load_log_file(loader, clb_setting_text(log, "file"));
    }
    config_settings_destroy(store);
    config_settings_destroy(log);
}

/* ---- Detectors and sinks ---- */

static bool is_good_name(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name) &&
           strlen(name) < INSTANCE_CAPACITY && strcmp(name, "and") != 0 &&
           strcmp(name, "or") != 0 && strcmp(name, "not") != 0;
}

/* What every instance has. By itself: a mistake in another setting must neither hide those in the
 * plugin's own, nor make the instance unknown to playing_when. */
static void load_plugin(const struct loader *loader, const struct config_node *node,
                        const char *where, struct config_instance *instance)
{
    clb_settings *settings = settings_build(loader->config->folder, node, where, schema_instance,
                                            NULL, true, loader->problems);
    instance->enabled = settings == NULL || clb_setting_integer(settings, "enabled") != 0;
    if (settings != NULL)
        instance->plugin = copy(clb_setting_text(settings, "plugin"));
    config_settings_destroy(settings);
}

static void load_instance(const struct loader *loader, const char *kind,
                          const struct config_node *node, const clb_option *const *options,
                          struct config_instance *instance)
{
    char where[INSTANCE_CAPACITY + 32];
    snprintf(where, sizeof(where), "%s.%.63s", kind, node->name);
    if (!is_good_name(node->name))
        config_problem(loader->problems, node,
                       "%s: a name is made of a to z, 0 to 9 and _, begins with a letter, and is "
                       "not and, or, not",
                       where);
    snprintf(instance->name, sizeof(instance->name), "%.63s", node->name);
    instance->node = node;
    load_plugin(loader, node, where, instance);
    clb_settings *settings = NULL;
    if (node->kind == NODE_GROUP) /* else that is said */
        settings = settings_build(loader->config->folder, node, where, options, NULL, true,
                                  loader->problems);
    if (settings == NULL)
        return;
    int64_t own_ms = clb_setting_integer(settings, "interval_sec");
    instance->interval_ms =
        own_ms != 0 ? own_ms : (int64_t)loader->config->poll_interval_sec * 1000;
    const char *start = clb_setting_text(settings, "start");
    instance->start_now = start != NULL && strcmp(start, "now") == 0;
    instance->sync_interval_ms = clb_setting_integer(settings, "sync_interval_sec");
    instance->timeout_ms = clb_setting_integer(settings, "timeout_sec");
    instance->batch_limit = integer_of(settings, "batch_limit");
    config_settings_destroy(settings);
}

static struct config_instance *load_instances(const struct loader *loader, const char *kind,
                                              const clb_option *const *options, int *count)
{
    const struct config_node *group = node_find(loader->config->root, kind);
    struct config_instance *instances;
    int found = 0;
    *count = 0;
    if (group != NULL && group->kind != NODE_GROUP) {
        config_problem(loader->problems, group, "%s: expected a group { ... }, found %s", kind,
                       node_kind_name(group));
        return NULL;
    }
    for (const struct config_node *node = group != NULL ? group->children : NULL; node != NULL;
         node = node->next)
        found++;
    instances = calloc((size_t)found + 1, sizeof(instances[0]));
    assert(instances != NULL);
    for (const struct config_node *node = group != NULL ? group->children : NULL; node != NULL;
         node = node->next)
        load_instance(loader, kind, node, options, &instances[(*count)++]);
    return instances;
}

/* ---- The file ---- */

static const char *from_environment(const struct config_options *options, const char *name)
{
    size_t length = strlen(name);
    for (char *const *variable = options->environment; variable != NULL && *variable != NULL;
         variable++)
        if (strncmp(*variable, name, length) == 0 && (*variable)[length] == '=' &&
            (*variable)[length + 1] != '\0')
            return *variable + length + 1;
    return NULL;
}

/* The file to read, as its user would name it; "" for the built-in one. */
static void choose_file(const struct config_options *options, char path[PATH_CAPACITY])
{
    const char *given = options->file;
    if (given == NULL)
        given = from_environment(options, "CLOCKBLOCK_CONFIG");
    if (given != NULL) {
        snprintf(path, PATH_CAPACITY, "%s", given);
        return;
    }
    for (int i = 0; paths_config_candidate(i, path); i++)
        if (file_exists(path))
            return;
    path[0] = '\0';
}

static bool read_file(struct loader *loader, const char *path)
{
    struct error error = {0};
    char resolved[PATH_CAPACITY];
    char folder[PATH_CAPACITY];
    char *text = NULL;
    size_t length = 0;
    if (file_resolve(path, resolved, &error) != 0 ||
        file_read(path, FILE_MAX, &text, &length, &error) != 0) {
        config_problem(loader->problems, NULL, "%s", error.text);
        return false;
    }
    paths_parent(folder, resolved);
    loader->config->file = copy(resolved);
    loader->config->folder = copy(folder);
    loader->config->root = tree_parse(text, length, path, folder, loader->problems);
    free(text);
    return loader->config->root != NULL;
}

static bool read_builtin(struct loader *loader)
{
    char folder[PATH_CAPACITY];
    paths_state_folder(folder);
    loader->config->file = copy("built-in clockblock.conf");
    loader->config->folder = copy(folder);
    loader->config->root = tree_parse(config_builtin, strlen(config_builtin),
                                      "built-in clockblock.conf", folder, loader->problems);
    return loader->config->root != NULL;
}

int config_load(struct config **config, const struct config_options *options,
                struct config_problems *problems)
{
    char path[PATH_CAPACITY];
    struct loader loader = {calloc(1, sizeof(**config)), problems};
    assert(loader.config != NULL);
    *config = NULL;
    choose_file(options, path);
    if (!(path[0] != '\0' ? read_file(&loader, path) : read_builtin(&loader))) {
        config_unload(loader.config);
        return EXIT_CODE_CONFIG;
    }

    overlay_apply(loader.config->root, options, problems);
    load_root(&loader);
    load_day(&loader);
    load_allowance(&loader);
    load_api(&loader);
    load_rest(&loader);
    struct config *made = loader.config;
    made->detectors = load_instances(&loader, "detectors", schema_detector, &made->detectors_count);
    made->sinks = load_instances(&loader, "sinks", schema_sink, &made->sinks_count);
    if (made->detectors_count == 0)
        config_warning(problems, NULL, "%s: there are no detectors: nothing will be noticed", path);
    *config = made;
    return problems->count == 0 ? 0 : EXIT_CODE_CONFIG;
}

static void free_list(char **list)
{
    for (char **item = list; item != NULL && *item != NULL; item++)
        free(*item);
    free(list);
}

static void free_instances(struct config_instance *instances, int count)
{
    for (int i = 0; i < count; i++)
        free(instances[i].plugin);
    free(instances);
}

void config_unload(struct config *config)
{
    if (config == NULL)
        return;
    free_instances(config->detectors, config->detectors_count);
    free_instances(config->sinks, config->sinks_count);
    free_list(config->plugin_dirs);
    free_list(config->api_allowed_origins);
    free(config->api_host);
    free(config->api_token_file);
    free(config->allowance_dates);
    free(config->log_file);
    free(config->timezone);
    free(config->playing_when);
    free(config->folder);
    free(config->file);
    node_destroy(config->root);
    free(config);
}
