/* SPDX-License-Identifier: MIT */
/* The file, its symbols and the handshake. */
#include "list.h"
#include "platform/dl.h"
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUICK_MS = 1000, LOAD_MS = 100 };

void check_file(struct subject *subject)
{
    char path[PATH_CAPACITY];
    struct error error;
    void *handle = NULL;
    if (file_resolve(subject->file, path, &error) != 0 || file_check_trusted(path, &error) != 0)
        check_fail("%s", error.text);
    watch_enter(&watch_of_plugin, "loading", QUICK_MS);
    if (dl_open(path, &handle, &error) != 0)
        check_fail("%s", error.text);
    watch_leave(&watch_of_plugin);
    if (dl_symbol(handle, CLB_ENTRY_SYMBOL) == NULL)
        check_fail("is not a ClockBlock plugin: it does not export %s", CLB_ENTRY_SYMBOL);
}

/* ---- Symbols ---- */

struct exports {
    int count;
    char first_other[128];
};

/* What compilers and linkers add by themselves. */
static bool is_of_the_tools(const char *name)
{
    static const char *const prefixes[] = {"__asan",      "__ubsan", "__tsan", "__lsan",
                                           "__msan",      "__odr",   "__gcov", "__llvm",
                                           "__sanitizer", "__start", "__stop", NULL};
    static const char *const names[] = {"_init", "_fini", "_edata", "_end", "__bss_start", NULL};
    for (size_t i = 0; prefixes[i] != NULL; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void visit_export(const char *name, void *context)
{
    struct exports *exports = context;
    if (strcmp(name, CLB_ENTRY_SYMBOL) == 0 || is_of_the_tools(name))
        return;
    if (exports->count++ == 0)
        snprintf(exports->first_other, sizeof(exports->first_other), "%s", name);
}

void check_exports(struct subject *subject)
{
    struct exports exports = {0};
    if (!dl_exports(subject->file, visit_export, &exports))
        check_skip("the symbols of this file cannot be read here");
    if (exports.count > 0)
        check_fail("exports %s%s beside its entry: build it with hidden visibility and "
                   "-Wl,--exclude-libs,ALL, in C++ also with a version script",
                   exports.first_other, exports.count > 1 ? " and more" : "");
}

/* ---- The handshake ---- */

static void tell_facts(const struct plugin *plugin)
{
    char abi[32];
    const clb_prefix *prefix = &plugin->descriptor.prefix;
    snprintf(abi, sizeof(abi), "%u.%u", prefix->abi_major, prefix->abi_minor);
    check_fact("id", plugin->descriptor.id);
    check_fact("version", plugin->descriptor.version);
    check_fact("kind", plugin_kind(plugin));
    check_fact("abi", abi);
}

static clb_entry_function find_entry(const char *path)
{
    struct error error;
    void *handle = NULL;
    clb_entry_function entry;
    if (dl_open(path, &handle, &error) != 0)
        check_fail("%s", error.text);
    dl_function symbol = dl_symbol(handle, CLB_ENTRY_SYMBOL);
    memcpy(&entry, &symbol, sizeof(entry));
    return entry;
}

/* Asks as another host would. The probe lies in memory of its own: a sanitizer notices who reads
 * behind it. */
static const clb_plugin *ask(clb_entry_function entry, uint16_t major, uint16_t minor,
                             uint32_t size)
{
    unsigned char *memory = malloc(size);
    const clb_probe probe = {size, major, minor};
    if (memory == NULL)
        check_skip("no memory");
    memset(memory, 0xA5, size);
    memcpy(memory, &probe, size < sizeof(probe) ? size : sizeof(probe));
    watch_enter(&watch_of_plugin, CLB_ENTRY_SYMBOL, QUICK_MS);
    const clb_plugin *plugin = entry((const clb_probe *)(const void *)memory);
    watch_leave(&watch_of_plugin);
    free(memory);
    return plugin;
}

static void expect_prefix(const clb_plugin *plugin, const char *host)
{
    if (plugin != NULL && plugin->prefix.magic != CLB_MAGIC)
        check_fail("asked by %s, the entry returns something without CLB_MAGIC", host);
    if (plugin != NULL && plugin->prefix.flags != 0)
        check_fail("the flags of its prefix are %u and not 0", (unsigned)plugin->prefix.flags);
}

void check_prefix(struct subject *subject)
{
    struct error error;
    struct plugin *plugin = &subject->plugin;
    watch_enter(&watch_of_plugin, CLB_ENTRY_SYMBOL, QUICK_MS);
    if (plugin_open(subject->file, plugin, &error) != 0) {
        /* The report names the file already. */
        size_t length = strlen(plugin->path);
        bool names_it = strncmp(error.text, plugin->path, length) == 0 &&
                        strncmp(error.text + length, ": ", 2) == 0;
        check_fail("%s", names_it ? error.text + length + 2 : error.text);
    }
    watch_leave(&watch_of_plugin);
    tell_facts(plugin);

    clb_entry_function entry = find_entry(plugin->path);
    uint32_t size = sizeof(clb_probe);
    const clb_plugin *ours = ask(entry, CLB_ABI_MAJOR, CLB_ABI_MINOR, size);
    expect_prefix(ours, "this host");
    if (ours == NULL || ours != ask(entry, CLB_ABI_MAJOR, CLB_ABI_MINOR, size))
        check_fail("the entry does not return the same descriptor each time");
    expect_prefix(ask(entry, CLB_ABI_MAJOR, UINT16_MAX, size), "a host of a later minor version");
    expect_prefix(ask(entry, CLB_ABI_MAJOR + 1, 0, size), "a host of the next major version");
    expect_prefix(ask(entry, 0, 0, size), "a host of an older major version");
    expect_prefix(ask(entry, CLB_ABI_MAJOR, CLB_ABI_MINOR, size + 64),
                  "a host with a longer probe");
    if (ours != ask(entry, CLB_ABI_MAJOR, CLB_ABI_MINOR, size))
        check_fail("after other hosts asked, the entry does not return the same descriptor");
}

/* On a machine that is busy, waiting for a CPU is not the plugin's doing. */
static int64_t now_without_queues_ms(void)
{
    return check_now_ms() - resources_queued_ms();
}

void check_load_time(struct subject *subject)
{
    struct error error;
    int64_t begin_ms = now_without_queues_ms();
    watch_enter(&watch_of_plugin, "loading", QUICK_MS);
    int result = plugin_open(subject->file, &subject->plugin, &error);
    watch_leave(&watch_of_plugin);
    int64_t took_ms = now_without_queues_ms() - begin_ms;
    if (result != 0)
        check_skip("the plugin cannot be used, see the check prefix");
    if (took_ms >= LOAD_MS)
        check_fail("loading it takes %lld ms, and may take %d", (long long)took_ms, LOAD_MS);
}
