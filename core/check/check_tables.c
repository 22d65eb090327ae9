/* SPDX-License-Identifier: MIT */
/* What a plugin says about itself: ids, texts and the table of its settings. */
#include "given.h"
#include "host.h"
#include "platform/dl.h"

#include <stdio.h>
#include <string.h>

enum {
    ID_MAX_BYTES = 31,
    VERSION_MAX_BYTES = 63,
    DESCRIPTION_MAX_BYTES = 255,
    HELP_MAX_BYTES = 400,
    DEPTH_MAX = 4,
    QUICK_MS = 1000
};

/* ---- ids ---- */

static const void *ask(const struct subject *subject, const char *id)
{
    watch_enter(&watch_of_plugin, "get_interface", QUICK_MS);
    const void *table = subject->plugin.descriptor.get_interface(id);
    watch_leave(&watch_of_plugin);
    return table;
}

static void check_unknown_ids(const struct subject *subject)
{
    static const char *const unknown[] = {"",
                                          "clockblock",
                                          "clockblock.",
                                          "clockblock.unheard_of/1",
                                          "clockblock.detector",
                                          "clockblock.detector/",
                                          "clockblock.detector/0",
                                          "clockblock.detector/10",
                                          "clockblock.detector/1 ",
                                          " clockblock.detector/1",
                                          "Clockblock.Detector/1",
                                          "clockblock.detecto",
                                          "clockblock.sink",
                                          "clockblock.sink/",
                                          "clockblock.sink/0",
                                          "clockblock.sink/10",
                                          "clockblock.sink/1.0",
                                          "CLOCKBLOCK.SINK/1",
                                          "clockblock.log/1",
                                          "%s%n",
                                          "\xFF\xFE",
                                          NULL};
    char text[5000];
    for (int i = 0; unknown[i] != NULL; i++)
        if (ask(subject, unknown[i]) != NULL)
            check_fail("get_interface answers \"%s\", which nobody defined", unknown[i]);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    if (ask(subject, text) != NULL)
        check_fail("get_interface answers an id of 5,000 letters");
}

static bool is_key(const char *text)
{
    if (text[0] < 'a' || text[0] > 'z')
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if ((*c < 'a' || *c > 'z') && (*c < '0' || *c > '9') && *c != '_')
            return false;
    return true;
}

static void check_name(const struct subject *subject)
{
    const char *id = subject->plugin.descriptor.id;
    const char *slash = strrchr(subject->file, '/');
    const char *name = slash != NULL ? slash + 1 : subject->file;
    size_t length = strlen(name);
    size_t suffix = strlen(dl_suffix);
    host_check_line("the id", id, ID_MAX_BYTES);
    if (!is_key(id))
        check_fail("the id \"%s\" is not made of a to z, 0 to 9 and _, beginning with a letter",
                   id);
    if (length <= suffix || strcmp(name + length - suffix, dl_suffix) != 0)
        check_fail("the name of the file does not end with %s", dl_suffix);
    if (strlen(id) != length - suffix || strncmp(id, name, length - suffix) != 0)
        check_fail("the id is \"%s\", and the file is %s: users will look for %s%s", id, name, id,
                   dl_suffix);
}

void check_ids(struct subject *subject)
{
    const struct plugin *plugin = &subject->plugin;
    check_name(subject);
    check_unknown_ids(subject);
    if (ask(subject, CLB_DETECTOR) != plugin->detector || ask(subject, CLB_SINK) != plugin->sink)
        check_fail("get_interface does not give the same answer each time");
    if (plugin->detector != NULL && plugin->detector->reserved != 0)
        check_fail("clb_detector.reserved is not 0");
    if (plugin->sink != NULL &&
        (plugin->sink->reserved != 0 || (plugin->sink->flags & ~(uint32_t)CLB_SINK_NETWORK) != 0))
        check_fail("clb_sink has flags that there are not, or its reserved member is not 0");
}

/* ---- strings ---- */

static void check_help(const clb_option *const *options, int depth)
{
    for (; options != NULL && *options != NULL; options++) {
        clb_option option = given_option(*options);
        char what[128];
        snprintf(what, sizeof(what), "the help of the setting %.64s", option.key);
        host_check_line(what, option.help, HELP_MAX_BYTES);
        if (option.type == CLB_OPTION_GROUPS && depth < DEPTH_MAX)
            check_help(option.fields, depth + 1);
    }
}

void check_strings(struct subject *subject)
{
    const clb_plugin *descriptor = &subject->plugin.descriptor;
    host_check_line("the id", descriptor->id, ID_MAX_BYTES);
    host_check_line("the version", descriptor->version, VERSION_MAX_BYTES);
    host_check_line("the description", descriptor->description, DESCRIPTION_MAX_BYTES);
    check_help(descriptor->options, 0);
}

/* ---- options ---- */

static void check_choices(const clb_option *option)
{
    const char *const *choices = option->choices;
    if (option->type != CLB_OPTION_ENUM) {
        if (choices != NULL)
            check_fail("the setting %s has choices, and is no CLB_OPTION_ENUM", option->key);
        return;
    }
    if (choices[0] == NULL)
        check_fail("the setting %s has no choices", option->key);
    for (size_t i = 0; choices[i] != NULL; i++) {
        host_check_line("a choice", choices[i], VERSION_MAX_BYTES);
        for (size_t j = 0; j < i; j++)
            if (strcmp(choices[i], choices[j]) == 0)
                check_fail("the setting %s has the choice \"%s\" twice", option->key, choices[i]);
    }
}

static void check_range(const clb_option *option)
{
    bool is_number = option->type == CLB_OPTION_INT || option->type == CLB_OPTION_NUMBER ||
                     option->type == CLB_OPTION_DURATION;
    bool has_range = option->minimum != 0 || option->maximum != 0;
    if (has_range && !is_number)
        check_fail("the setting %s has a range, and is no number", option->key);
    if (!(option->minimum <= option->maximum))
        check_fail("the range of the setting %s goes from %g to %g", option->key, option->minimum,
                   option->maximum);
}

static void check_option(const clb_option *given, int depth);

static void check_table(const clb_option *const *options, int depth)
{
    for (; options != NULL && *options != NULL; options++)
        check_option(*options, depth);
}

static void check_option(const clb_option *given, int depth)
{
    const uint32_t flags = CLB_OPTION_REQUIRED | CLB_OPTION_SECRET;
    clb_option option = given_option(given);
    if (given->size < sizeof(option))
        check_fail("an option of %u bytes is shorter than clb_option ever was",
                   (unsigned)given->size);
    host_check_line("the key of a setting", option.key, VERSION_MAX_BYTES);
    if (!is_key(option.key))
        check_fail("the key \"%s\" is not made of a to z, 0 to 9 and _, beginning with a letter",
                   option.key);
    if (option.type < CLB_OPTION_STRING || option.type > CLB_OPTION_GROUPS)
        check_fail("the setting %s has the type %d, which there is not", option.key, option.type);
    if ((option.flags & ~flags) != 0 || option.reserved != 0 || option.reserved_pointer != NULL)
        check_fail("the setting %s has unknown flags, or a reserved member that is set",
                   option.key);
    if ((option.flags & CLB_OPTION_REQUIRED) != 0 && option.default_text != NULL)
        check_fail("the setting %s is required, and has a default", option.key);
    check_choices(&option);
    check_range(&option);
    if (option.fields != NULL && option.type != CLB_OPTION_GROUPS)
        check_fail("the setting %s has fields, and is no CLB_OPTION_GROUPS", option.key);
    if (option.fields != NULL && depth < DEPTH_MAX)
        check_table(option.fields, depth + 1);
}

/* Keys given twice and defaults that do not parse are for the host to notice, which would not have
 * opened the plugin; but the keys of the host depend on the interface. */
void check_options_table(struct subject *subject)
{
    struct error problem;
    const struct plugin *plugin = &subject->plugin;
    check_table(plugin->descriptor.options, 0);
    if (plugin->sink != NULL &&
        config_options_broken(plugin->descriptor.options, config_sink_keys, &problem))
        check_fail("%s", problem.text);
}
