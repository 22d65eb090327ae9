/* SPDX-License-Identifier: MIT */
/* `clockblock plugins`, and its list: what is installed, and what of it can be used. */
#include "commands.h"
#include "json.h"
#include "platform/child.h"
#include "plugin/crashes.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void print_plugin(const char *name, const struct plugin *plugin, const struct error *error)
{
    if (plugin == NULL)
        printf("%-16s %-17s %s\n", name, "UNUSABLE", error->text);
    else
        printf("%-16s %-17s %s (%s, ABI %u.%u)\n", name, plugin_kind(plugin),
               plugin->descriptor.description, plugin->descriptor.version,
               plugin->descriptor.prefix.abi_major, plugin->descriptor.prefix.abi_minor);
}

static struct json_object *plugin_json(const char *name, const struct plugin *plugin,
                                       const struct error *error)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "name", json_object_new_string(name));
    json_object_object_add(json, "usable", json_object_new_boolean(plugin != NULL));
    if (plugin == NULL) {
        json_object_object_add(json, "reason", json_object_new_string(error->text));
    } else {
        const clb_plugin *descriptor = &plugin->descriptor;
        json_object_object_add(json, "kind", json_object_new_string(plugin_kind(plugin)));
        json_object_object_add(json, "version", json_object_new_string(descriptor->version));
        json_object_object_add(json, "description",
                               json_object_new_string(descriptor->description));
        json_object_object_add(json, "path", json_object_new_string(plugin->path));
    }
    return json;
}

/* Opens it in a process of its own first: one that crashes or hangs is not to end the list. */
static int try_to_load(const char *path, struct error *error)
{
    enum { LIMIT_MS = 10000 };
    static struct child_result ended;
    const char *arguments[] = {"plugins", "describe", path, NULL};
    int result = child_run(arguments, LIMIT_MS, &ended, NULL, NULL, error);
    if (result != 0)
        return result;
    if (ended.timed_out)
        return error_set(error, EXIT_CODE_UNAVAILABLE, "hangs when it is loaded");
    if (ended.signal_name != NULL)
        return error_set(error, EXIT_CODE_UNAVAILABLE, "crashes when it is loaded (%s)",
                         ended.signal_name);
    if (ended.exit_code != 0 && ended.exit_code != EXIT_CODE_CONFIG)
        return error_set(error, EXIT_CODE_UNAVAILABLE,
                         "ends the process when it is loaded (code %d)", ended.exit_code);
    return 0;
}

struct list {
    struct plugin_registry *registry;
    struct json_object *array; /* NULL: for people */
    int count;
};

static void add_to_list(const char *name, const char *path, void *context)
{
    struct list *list = context;
    struct error error = {0};
    const struct plugin *plugin = NULL;
    list->count++;
    if (try_to_load(path, &error) == 0)
        plugin = plugin_find(list->registry, name, &error);
    if (list->array == NULL)
        print_plugin(name, plugin, &error);
    else
        json_object_array_add(list->array, plugin_json(name, plugin, &error));
}

static int use_list(const struct command_line *line, struct plugin_registry *registry)
{
    struct list list = {.registry = registry, .array = line->json ? json_object_new_array() : NULL};
    plugin_each(registry, add_to_list, &list);
    if (line->json)
        json_show(list.array);
    else if (list.count == 0)
        printf("no plugins are installed\n");
    json_object_put(list.array);
    return 0;
}

/* Calls use() with the plugins that the configuration can name, whatever is wrong with the rest of
 * it. */
static int with_registry(const struct command_line *line,
                         int (*use)(const struct command_line *line,
                                    struct plugin_registry *registry))
{
    struct config_options options = command_config(line);
    struct config_problems problems = {0};
    struct config *config = NULL;
    (void)config_load(&config, &options, &problems);
    config_problems_finish(&problems);
    crashes_watch("");
    struct plugin_registry *registry =
        plugin_registry_create(config != NULL ? config->plugin_dirs : NULL);
    int result = use(line, registry);
    plugin_registry_destroy(registry);
    config_unload(config);
    return result;
}

static int use_describe(const struct command_line *line, struct plugin_registry *registry)
{
    return plugins_describe(registry, line->arguments[1], line->json);
}

static int need_name(const char *word, const char *what)
{
    fprintf(stderr, "clockblock plugins %s: say which: clockblock plugins %s %s\n", word, word,
            what);
    return EXIT_CODE_USAGE;
}

int command_plugins(const struct command_line *line)
{
    const char *word = line->arguments_count > 0 ? line->arguments[0] : "list";
    bool has_name = line->arguments_count > 1;
    if (strcmp(word, "list") == 0 && !has_name)
        return with_registry(line, use_list);
    if (strcmp(word, "describe") == 0)
        return has_name ? with_registry(line, use_describe) : need_name(word, "NAME or FILE");
    if (strcmp(word, "check") == 0)
        return command_plugins_check(line);
    if (strcmp(word, "release") == 0)
        return has_name ? plugins_release(line, line->arguments[1]) : need_name(word, "NAME");
    fprintf(
        stderr,
        "clockblock plugins: there is no \"%s\"; try list, describe NAME, check FILE or release "
        "NAME\n",
        line->arguments[strcmp(word, "list") == 0 ? 1 : 0]);
    return EXIT_CODE_USAGE;
}
