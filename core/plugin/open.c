/* SPDX-License-Identifier: MIT */
/* Opens one file and finds out whether it is a plugin that this agent can work with. */
#include "plugin.h"

#include "crossing.h"
#include "platform/dl.h"
#include "pulse.h"
#include "record/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { VERSION_MAX = 63, DESCRIPTION_MAX = 255 };

static int check_prefix(const char *path, const clb_prefix *prefix, struct error *error)
{
    if (prefix->magic != CLB_MAGIC)
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: is not a ClockBlock plugin (its descriptor begins with %08X)", path,
                         (unsigned)prefix->magic);
    if (prefix->abi_major != CLB_ABI_MAJOR || prefix->abi_minor > CLB_ABI_MINOR)
        return error_set(
            error, EXIT_CODE_CONFIG,
            "%s: needs plugin ABI %u.%u, and this agent has %u.%u; install a version of "
            "the plugin that was built for it%s",
            path, prefix->abi_major, prefix->abi_minor, CLB_ABI_MAJOR, CLB_ABI_MINOR,
            prefix->abi_major >= CLB_ABI_MAJOR ? ", or a newer ClockBlock" : "");
    if (prefix->size < offsetof(clb_plugin, reserved))
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: its descriptor is cut short: %u bytes of at least %zu", path,
                         (unsigned)prefix->size, offsetof(clb_plugin, reserved));
    return 0;
}

static int missing(const char *path, const char *member, struct error *error)
{
    return error_set(error, EXIT_CODE_CONFIG,
                     "%s: the plugin leaves %s unset, which the ABI does not allow", path, member);
}

/* [a-z][a-z0-9_]*, as users write it in clockblock.conf. */
static bool is_id(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t length = strnlen(text, INSTANCE_CAPACITY);
    return length > 0 && length < INSTANCE_CAPACITY && strchr(letters, text[0]) != NULL &&
           strspn(text, others) == length;
}

/* One line of UTF-8 of at most `limit` bytes. */
static bool is_line(const char *text, size_t limit)
{
    return text[0] != '\0' && strnlen(text, limit + 1) <= limit && text_is_valid(text) &&
           strpbrk(text, "\r\n") == NULL;
}

static int check_texts(const char *path, const clb_plugin *plugin, struct error *error)
{
    char name[INSTANCE_CAPACITY];
    if (!is_id(plugin->id))
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: clb_plugin.id has to be [a-z][a-z0-9_]* of at most %d bytes", path,
                         INSTANCE_CAPACITY - 1);
    plugin_file_name(name, path);
    if (strcmp(plugin->id, name) != 0)
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: the plugin calls itself \"%s\": its file has to be named %s%s", path,
                         plugin->id, plugin->id, dl_suffix);
    if (!is_line(plugin->version, VERSION_MAX))
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: clb_plugin.version is not one line of UTF-8 of at most %d bytes",
                         path, VERSION_MAX);
    if (!is_line(plugin->description, DESCRIPTION_MAX))
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: clb_plugin.description is not one line of UTF-8 of at most %d bytes",
                         path, DESCRIPTION_MAX);
    return 0;
}

static int check_descriptor(const char *path, const clb_plugin *plugin, struct error *error)
{
    if (plugin->id == NULL)
        return missing(path, "clb_plugin.id", error);
    if (plugin->version == NULL)
        return missing(path, "clb_plugin.version", error);
    if (plugin->description == NULL)
        return missing(path, "clb_plugin.description", error);
    if (plugin->get_interface == NULL)
        return missing(path, "clb_plugin.get_interface", error);
    return check_texts(path, plugin, error);
}

static int check_detector(const char *path, const clb_detector *detector, struct error *error)
{
    if (detector->role != CLB_ROLE_EVIDENCE && detector->role != CLB_ROLE_CONTEXT)
        return missing(path, "clb_detector.role", error);
    if (detector->create == NULL)
        return missing(path, "clb_detector.create", error);
    if (detector->start == NULL)
        return missing(path, "clb_detector.start", error);
    if (detector->poll == NULL)
        return missing(path, "clb_detector.poll", error);
    if (detector->wait == NULL)
        return missing(path, "clb_detector.wait", error);
    if (detector->stop == NULL)
        return missing(path, "clb_detector.stop", error);
    if (detector->destroy == NULL)
        return missing(path, "clb_detector.destroy", error);
    return 0;
}

static int check_sink(const char *path, const clb_sink *sink, struct error *error)
{
    if (sink->create == NULL)
        return missing(path, "clb_sink.create", error);
    if (sink->start == NULL)
        return missing(path, "clb_sink.start", error);
    if (sink->deliver == NULL)
        return missing(path, "clb_sink.deliver", error);
    if (sink->wait == NULL)
        return missing(path, "clb_sink.wait", error);
    if (sink->stop == NULL)
        return missing(path, "clb_sink.stop", error);
    if (sink->destroy == NULL)
        return missing(path, "clb_sink.destroy", error);
    return 0;
}

static int check_interfaces(struct plugin *plugin, struct error *error)
{
    plugin->detector = plugin->descriptor.get_interface(CLB_DETECTOR);
    plugin->sink = plugin->descriptor.get_interface(CLB_SINK);
    if (plugin->detector == NULL && plugin->sink == NULL)
        return error_set(error, EXIT_CODE_CONFIG, "%s: offers neither %s nor %s", plugin->path,
                         CLB_DETECTOR, CLB_SINK);

    int result = 0;
    if (plugin->detector != NULL)
        result = check_detector(plugin->path, plugin->detector, error);
    if (result == 0 && plugin->sink != NULL)
        result = check_sink(plugin->path, plugin->sink, error);
    return result;
}

static int check_options(struct plugin *plugin, struct error *error)
{
    struct error reason;
    const char *const *keys = plugin->detector != NULL ? config_detector_keys : config_sink_keys;
    if (!config_options_broken(plugin->descriptor.options, keys, &reason))
        return 0;
    return error_set(error, EXIT_CODE_CONFIG, "%s: its table of settings is broken: %s",
                     plugin->path, reason.text);
}

static int handshake(void *handle, struct plugin *plugin, struct error *error)
{
    clb_entry_function entry = NULL;
    dl_function symbol = dl_symbol(handle, CLB_ENTRY_SYMBOL);
    static_assert(sizeof(entry) == sizeof(symbol), "function pointers differ");
    memcpy(&entry, &symbol, sizeof(entry));
    if (entry == NULL)
        return error_set(error, EXIT_CODE_CONFIG,
                         "%s: is not a ClockBlock plugin: it does not export %s", plugin->path,
                         CLB_ENTRY_SYMBOL);

    const clb_probe probe = {sizeof(probe), CLB_ABI_MAJOR, CLB_ABI_MINOR};
    const clb_plugin *descriptor = entry(&probe);
    if (descriptor == NULL)
        return error_set(error, EXIT_CODE_CONFIG, "%s: the plugin refuses this agent's ABI %u.%u",
                         plugin->path, CLB_ABI_MAJOR, CLB_ABI_MINOR);
    int result = check_prefix(plugin->path, &descriptor->prefix, error);
    if (result != 0)
        return result;

    size_t size = descriptor->prefix.size;
    memset(&plugin->descriptor, 0, sizeof(plugin->descriptor));
    memcpy(&plugin->descriptor, descriptor,
           size < sizeof(plugin->descriptor) ? size : sizeof(plugin->descriptor));
    return check_descriptor(plugin->path, &plugin->descriptor, error);
}

/* What runs code of the plugin. */
static int load(struct plugin *plugin, struct error *error)
{
    void *handle = NULL;
    int result = dl_open(plugin->path, &handle, error);
    if (result == 0)
        result = handshake(handle, plugin, error);
    if (result == 0)
        result = check_interfaces(plugin, error);
    if (result == 0)
        result = check_options(plugin, error);
    return result;
}

int plugin_open(const char *path, struct plugin *plugin, struct error *error)
{
    char name[INSTANCE_CAPACITY];
    int result = file_resolve(path, plugin->path, error);
    if (result == 0)
        result = file_check_trusted(plugin->path, error);
    if (result != 0)
        return result;
    plugin_file_name(name, plugin->path);
    pulse_beat();
    crossing_enter_load(name);
    result = load(plugin, error);
    crossing_leave_load();
    return result;
}

const char *plugin_kind(const struct plugin *plugin)
{
    if (plugin->detector != NULL && plugin->sink != NULL)
        return "detector and sink";
    return plugin->detector != NULL ? "detector" : "sink";
}

void plugin_file_name(char name[INSTANCE_CAPACITY], const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    size_t length = strlen(file);
    size_t suffix = strlen(dl_suffix);
    if (length > suffix && strcmp(file + length - suffix, dl_suffix) == 0)
        length -= suffix;
    snprintf(name, INSTANCE_CAPACITY, "%.*s", (int)length, file);
}
