/* SPDX-License-Identifier: MIT */
/* `clockblock plugins describe NAME|FILE`: what a plugin does, and each of its settings. */
#include "commands.h"
#include "json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* How the types are called, for programs and in a sentence. */
struct type {
    const char *name;
    const char *words;
    bool is_quoted; /* in the configuration file */
};
static const struct type types[] = {
    [CLB_OPTION_STRING] = {"string", "a text", true},
    [CLB_OPTION_INT] = {"int", "a whole number", false},
    [CLB_OPTION_NUMBER] = {"number", "a number", false},
    [CLB_OPTION_BOOL] = {"bool", "true or false", false},
    [CLB_OPTION_DURATION] = {"duration", "seconds", false},
    [CLB_OPTION_PATH] = {"path", "a path", true},
    [CLB_OPTION_ENUM] = {"enum", "one of", true},
    [CLB_OPTION_LIST] = {"list", "a list of texts", false},
    [CLB_OPTION_GROUPS] = {"groups", "a list of groups, each with", false},
};

static bool has_range(const clb_option *option)
{
    return option->minimum != 0 || option->maximum != 0;
}

static bool has(const clb_option *option, enum clb_option_flag flag)
{
    return (option->flags & (uint32_t)flag) != 0;
}

static const char *role_of(const struct plugin *plugin)
{
    if (plugin->detector == NULL)
        return "";
    return plugin->detector->role == CLB_ROLE_EVIDENCE
               ? ", gives evidence: it may decide that someone plays"
               : ", gives context: it only qualifies what others see";
}

/* ---- For people ---- */

static void print_values(const clb_option *option)
{
    printf("%s", types[option->type].words);
    if (option->type == CLB_OPTION_ENUM)
        for (int i = 0; option->choices[i] != NULL; i++)
            printf("%s \"%s\"", i > 0 ? "," : "", option->choices[i]);
    if (has_range(option))
        printf(" from %g to %g", option->minimum, option->maximum);
}

static void print_default(const clb_option *option)
{
    const char *quote = types[option->type].is_quoted ? "\"" : "";
    if (has(option, CLB_OPTION_REQUIRED))
        printf("; required");
    else if (option->default_text != NULL)
        printf("; default %s%s%s", quote, option->default_text, quote);
    else
        printf("; unset by default");
    if (has(option, CLB_OPTION_SECRET))
        printf("; secret, shown nowhere");
}

static void print_options(const clb_option *const *options, int indent)
{
    for (; options != NULL && *options != NULL; options++) {
        clb_option option;
        if (!config_option_read(*options, &option))
            continue;
        printf("%*s%s\n%*s", indent, "", option.key, indent + 4, "");
        print_values(&option);
        print_default(&option);
        printf("\n");
        if (option.help != NULL)
            printf("%*s%s\n", indent + 4, "", option.help);
        if (option.type == CLB_OPTION_GROUPS)
            print_options(option.fields, indent + 4);
    }
}

static void print_text(const struct plugin *plugin)
{
    const clb_plugin *descriptor = &plugin->descriptor;
    printf("%s %s: %s\n", descriptor->id, descriptor->version, descriptor->description);
    printf("%s%s; ABI %u.%u; %s\n", plugin_kind(plugin), role_of(plugin),
           descriptor->prefix.abi_major, descriptor->prefix.abi_minor, plugin->path);
    bool has_options = descriptor->options != NULL && descriptor->options[0] != NULL;
    printf("\nSettings%s\n", has_options ? "" : ": none of its own");
    print_options(descriptor->options, 2);
    if (plugin->detector != NULL) {
        printf("\nSettings of every detector\n");
        print_options(config_detector_options, 2);
    }
    if (plugin->sink != NULL) {
        printf("\nSettings of every sink\n");
        print_options(config_sink_options, 2);
    }
}

/* ---- For programs ---- */

static void add(struct json_object *json, const char *key, struct json_object *value)
{
    json_object_object_add(json, key, value);
}

static struct json_object *options_json(const clb_option *const *options);

static struct json_object *option_json(const clb_option *option)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    add(json, "key", json_object_new_string(option->key));
    add(json, "type", json_object_new_string(types[option->type].name));
    add(json, "required", json_object_new_boolean(has(option, CLB_OPTION_REQUIRED)));
    add(json, "secret", json_object_new_boolean(has(option, CLB_OPTION_SECRET)));
    add(json, "default",
        option->default_text != NULL ? json_object_new_string(option->default_text) : NULL);
    add(json, "help", json_text(option->help));
    if (has_range(option)) {
        add(json, "minimum", json_object_new_double(option->minimum));
        add(json, "maximum", json_object_new_double(option->maximum));
    }
    if (option->type == CLB_OPTION_ENUM) {
        struct json_object *choices = json_object_new_array();
        for (int i = 0; option->choices[i] != NULL; i++)
            json_object_array_add(choices, json_object_new_string(option->choices[i]));
        add(json, "choices", choices);
    }
    if (option->type == CLB_OPTION_GROUPS)
        add(json, "fields", options_json(option->fields));
    return json;
}

static struct json_object *options_json(const clb_option *const *options)
{
    struct json_object *array = json_object_new_array();
    assert(array != NULL);
    for (; options != NULL && *options != NULL; options++) {
        clb_option option;
        if (config_option_read(*options, &option))
            json_object_array_add(array, option_json(&option));
    }
    return array;
}

static void print_json(const struct plugin *plugin)
{
    const clb_plugin *descriptor = &plugin->descriptor;
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    add(json, "name", json_object_new_string(descriptor->id));
    add(json, "version", json_object_new_string(descriptor->version));
    add(json, "description", json_object_new_string(descriptor->description));
    add(json, "kind", json_object_new_string(plugin_kind(plugin)));
    if (plugin->detector != NULL)
        add(json, "role",
            json_object_new_string(plugin->detector->role == CLB_ROLE_EVIDENCE ? "evidence"
                                                                               : "context"));
    add(json, "abi_major", json_object_new_int(descriptor->prefix.abi_major));
    add(json, "abi_minor", json_object_new_int(descriptor->prefix.abi_minor));
    add(json, "path", json_object_new_string(plugin->path));
    add(json, "options", options_json(descriptor->options));
    if (plugin->detector != NULL)
        add(json, "detector_options", options_json(config_detector_options));
    if (plugin->sink != NULL)
        add(json, "sink_options", options_json(config_sink_options));
    json_show(json);
    json_object_put(json);
}

int plugins_describe(struct plugin_registry *registry, const char *name, bool as_json)
{
    static struct plugin opened; /* a file is never closed */
    struct error error = {0};
    const struct plugin *plugin = &opened;
    if (strchr(name, '/') == NULL)
        plugin = plugin_find(registry, name, &error);
    else if (plugin_open(name, &opened, &error) != 0)
        plugin = NULL;
    if (plugin == NULL)
        return command_fail(&error);
    if (as_json)
        print_json(plugin);
    else
        print_text(plugin);
    return 0;
}
