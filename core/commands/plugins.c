/* SPDX-License-Identifier: MIT */
/* `clockblock plugins list`: what is installed, and what of it can be used. */
#include "commands.h"
#include "json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *kind_of(const struct plugin *plugin)
{
    if (plugin->detector != NULL && plugin->sink != NULL)
        return "detector and sink";
    return plugin->detector != NULL ? "detector" : "sink";
}

static void print_plugin(const char *name, const struct plugin *plugin, const struct error *error,
                         void *context)
{
    int *count = context;
    (*count)++;
    if (plugin == NULL)
        printf("%-16s %-10s %s\n", name, "UNUSABLE", error->text);
    else
        printf("%-16s %-10s %s (%s, ABI %u.%u)\n", name, kind_of(plugin),
               plugin->descriptor.description, plugin->descriptor.version,
               plugin->descriptor.prefix.abi_major, plugin->descriptor.prefix.abi_minor);
}

static void add_plugin(const char *name, const struct plugin *plugin, const struct error *error,
                       void *context)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "name", json_object_new_string(name));
    json_object_object_add(json, "usable", json_object_new_boolean(plugin != NULL));
    if (plugin == NULL) {
        json_object_object_add(json, "reason", json_object_new_string(error->text));
    } else {
        const clb_plugin *descriptor = &plugin->descriptor;
        json_object_object_add(json, "kind", json_object_new_string(kind_of(plugin)));
        json_object_object_add(json, "version", json_object_new_string(descriptor->version));
        json_object_object_add(json, "description",
                               json_object_new_string(descriptor->description));
        json_object_object_add(json, "path", json_object_new_string(plugin->path));
    }
    json_object_array_add(context, json);
}

static void list(struct plugin_registry *registry, bool as_json)
{
    if (as_json) {
        struct json_object *plugins = json_object_new_array();
        plugin_each(registry, add_plugin, plugins);
        printf("%s\n", json_object_to_json_string_ext(plugins, JSON_C_TO_STRING_PRETTY |
                                                                   JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(plugins);
        return;
    }
    int count = 0;
    plugin_each(registry, print_plugin, &count);
    if (count == 0)
        printf("no plugins are installed\n");
}

int command_plugins(const struct command_line *line)
{
    if (line->arguments_count == 1 && strcmp(line->arguments[0], "list") != 0) {
        fprintf(stderr, "clockblock plugins: there is no \"%s\"; try clockblock plugins list\n",
                line->arguments[0]);
        return EXIT_CODE_USAGE;
    }
    struct config_options options = command_config(line);
    struct config_problems problems = {0};
    struct config *config = NULL;
    (void)config_load(&config, &options, &problems);
    /* Plugins are listed whatever is wrong with the rest of the configuration. */
    config_problems_finish(&problems);
    struct plugin_registry *registry =
        plugin_registry_create(config != NULL ? config->plugin_dirs : NULL);
    list(registry, line->json);
    plugin_registry_destroy(registry);
    config_unload(config);
    return 0;
}
