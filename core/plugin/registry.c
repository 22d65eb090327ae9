/* SPDX-License-Identifier: MIT */
/* Finds plugins by name in the folders of the configuration and the built-in one. */
#include "plugin.h"

#include "platform/dl.h"
#include "platform/paths.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDERS_MAX = 16 };

/* A plugin that was asked for: what became of it is remembered, for better or worse. */
struct entry {
    struct entry *next;
    char name[INSTANCE_CAPACITY];
    struct error error; /* code 0: it is open */
    struct plugin plugin;
};

struct plugin_registry {
    char folders[FOLDERS_MAX][PATH_CAPACITY];
    int folders_count;
    struct entry *entries; /* owned */
};

struct plugin_registry *plugin_registry_create(char *const *folders)
{
    struct plugin_registry *registry = calloc(1, sizeof(*registry));
    assert(registry != NULL);
    for (int i = 0; folders != NULL && folders[i] != NULL && i < FOLDERS_MAX - 1; i++)
        snprintf(registry->folders[registry->folders_count++], PATH_CAPACITY, "%s", folders[i]);
    paths_plugin_folder(registry->folders[registry->folders_count++]);
    return registry;
}

void plugin_registry_destroy(struct plugin_registry *registry)
{
    if (registry == NULL)
        return;
    while (registry->entries != NULL) {
        struct entry *next = registry->entries->next;
        free(registry->entries);
        registry->entries = next;
    }
    free(registry);
}

static bool file_of(const char *folder, const char *name, char path[PATH_CAPACITY])
{
    char file[INSTANCE_CAPACITY + 8];
    snprintf(file, sizeof(file), "%s%s", name, dl_suffix);
    return paths_join(path, folder, file) && file_exists(path);
}

static int not_found(const struct plugin_registry *registry, const char *name, struct error *error)
{
    char places[512] = "";
    for (int i = 0; i < registry->folders_count; i++) {
        size_t used = strlen(places);
        snprintf(places + used, sizeof(places) - used, "%s%s", i > 0 ? ", " : "",
                 registry->folders[i]);
    }
    return error_set(error, EXIT_CODE_CONFIG, "there is no file %s%s in %s", name, dl_suffix,
                     places);
}

static int open_entry(const struct plugin_registry *registry, struct entry *entry,
                      struct error *error)
{
    char path[PATH_CAPACITY];
    for (int i = 0; i < registry->folders_count; i++)
        if (file_of(registry->folders[i], entry->name, path))
            return plugin_open(path, &entry->plugin, error);
    return not_found(registry, entry->name, error);
}

static const struct plugin *result_of(const struct entry *entry, struct error *error)
{
    if (entry->error.code == 0)
        return &entry->plugin;
    error_set(error, entry->error.code, "%s", entry->error.text);
    return NULL;
}

const struct plugin *plugin_find(struct plugin_registry *registry, const char *name,
                                 struct error *error)
{
    for (const struct entry *entry = registry->entries; entry != NULL; entry = entry->next)
        if (strcmp(entry->name, name) == 0)
            return result_of(entry, error);

    /* The name becomes part of a path. */
    if (strlen(name) >= INSTANCE_CAPACITY || strpbrk(name, "/\\") != NULL || name[0] == '.') {
        error_set(error, EXIT_CODE_CONFIG, "\"%s\" cannot be the name of a plugin", name);
        return NULL;
    }
    struct entry *entry = calloc(1, sizeof(*entry));
    assert(entry != NULL);
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->error.code = open_entry(registry, entry, &entry->error);
    entry->next = registry->entries;
    registry->entries = entry;
    return result_of(entry, error);
}

struct visitor {
    const char *folder;
    void (*visit)(const char *name, const char *path, void *context);
    void *context;
};

static bool visit_file(const char *file, void *context)
{
    const struct visitor *visitor = context;
    size_t length = strlen(file);
    size_t suffix = strlen(dl_suffix);
    if (length <= suffix || length - suffix >= INSTANCE_CAPACITY ||
        strcmp(file + length - suffix, dl_suffix) != 0)
        return true;

    char name[INSTANCE_CAPACITY];
    char path[PATH_CAPACITY];
    plugin_file_name(name, file);
    if (paths_join(path, visitor->folder, file))
        visitor->visit(name, path, visitor->context);
    return true;
}

void plugin_each(const struct plugin_registry *registry,
                 void (*visit)(const char *name, const char *path, void *context), void *context)
{
    for (int i = 0; i < registry->folders_count; i++) {
        struct visitor visitor = {registry->folders[i], visit, context};
        file_list(registry->folders[i], visit_file, &visitor);
    }
}
