/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include "fdinfo.h"
#include "files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UEVENT_CAPACITY = 1024, WORD_CAPACITY = 32, PATH_CAPACITY = 128 };

bool devices_init(struct devices *devices, const char *root)
{
    *devices = (struct devices){.folder = -1, .root = strdup(root)};
    return devices->root != NULL;
}

void devices_close(struct devices *devices)
{
    files_close(devices->folder);
    devices->folder = -1;
    devices->was_listed = false;
}

void devices_finish(struct devices *devices)
{
    if (devices->root == NULL)
        return;
    devices_close(devices);
    free(devices->root);
    devices->root = NULL;
}

/* ---- What there is ---- */

/* "KEY=value" lines; names longer than there is room for keep their end. */
static bool find_value(const char *text, const char *key, char value[DEVICE_NAME_CAPACITY])
{
    size_t key_length = strlen(key);
    for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n') {
        if (strncmp(text, key, key_length) != 0 || text[key_length] != '=')
            continue;
        const char *at = text + key_length + 1;
        size_t length = strcspn(at, "\n");
        if (length >= DEVICE_NAME_CAPACITY) {
            at += length - (DEVICE_NAME_CAPACITY - 1);
            length = DEVICE_NAME_CAPACITY - 1;
        }
        for (size_t i = 0; i < length; i++)
            value[i] = (char)(at[i] > ' ' && at[i] <= '~' ? at[i] : '?');
        value[length] = '\0';
        return length > 0;
    }
    return false;
}

/* The number of the device with that name, a new one if need be; -1: there is none. */
static int place_of(struct devices *devices, const struct device *found, bool is_new_allowed)
{
    int at = 0;
    while (at < devices->count && strcmp(devices->all[at].name, found->name) != 0)
        at++;
    if (at == DEVICES_MAX || (at == devices->count && !is_new_allowed))
        return -1;
    if (at == devices->count)
        devices->count++;
    if (!devices->all[at].is_there)
        devices->all[at] = *found;
    return at;
}

static struct device read_device(const struct devices *devices, const char *folder,
                                 const char *otherwise)
{
    char text[UEVENT_CAPACITY];
    char name[PATH_CAPACITY];
    struct device device = {.is_there = true};
    snprintf(device.folder, sizeof(device.folder), "%s", folder);
    snprintf(name, sizeof(name), "%s/uevent", folder);
    files_read(devices->folder, name, text, sizeof(text));
    find_value(text, "DRIVER", device.driver);
    if (!find_value(text, "PCI_SLOT_NAME", device.name) &&
        !find_value(text, "OF_FULLNAME", device.name))
        snprintf(device.name, sizeof(device.name), "%s", otherwise);
    return device;
}

static bool is_node(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && name[length] != '\0' && strlen(name) < 16 &&
           strspn(name + length, "0123456789") == strlen(name + length);
}

static void add_node(struct devices *devices, const char *name, bool is_new_allowed)
{
    char folder[DEVICE_FOLDER_CAPACITY];
    if (devices->node_count == DEVICES_NODES_MAX)
        return;
    snprintf(folder, sizeof(folder), "class/drm/%.15s/device", name);
    struct device found = read_device(devices, folder, name);
    int at = place_of(devices, &found, is_new_allowed);
    if (at < 0)
        return;
    devices->nodes[devices->node_count].device = at;
    snprintf(devices->nodes[devices->node_count++].name, 16, "%.15s", name);
}

static void see_render_node(const char *name, void *context)
{
    if (is_node(name, "renderD"))
        add_node(context, name, true);
}

/* One without a render node shows pictures, and draws none. */
static void see_card(const char *name, void *context)
{
    if (is_node(name, "card"))
        add_node(context, name, false);
}

static void see_nvidia(const char *name, void *context)
{
    char folder[DEVICE_FOLDER_CAPACITY];
    if (strlen(name) >= DEVICE_NAME_CAPACITY || strspn(name, "0123456789abcdef:.") != strlen(name))
        return;
    snprintf(folder, sizeof(folder), "bus/pci/drivers/nvidia/%.31s", name);
    struct device found = {.is_there = true, .driver = "nvidia"};
    snprintf(found.name, sizeof(found.name), "%s", name);
    snprintf(found.folder, sizeof(found.folder), "%s", folder);
    place_of(context, &found, true);
}

static void list(struct devices *devices)
{
    devices->node_count = 0;
    for (int i = 0; i < devices->count; i++)
        devices->all[i].is_there = false;
    files_each(devices->folder, "class/drm", see_render_node, devices);
    files_each(devices->folder, "class/drm", see_card, devices);
    files_each(devices->folder, "bus/pci/drivers/nvidia", see_nvidia, devices);
}

/* ---- What each is doing ---- */

static void read_word(const struct devices *devices, const struct device *device, const char *file,
                      char word[WORD_CAPACITY])
{
    char name[PATH_CAPACITY];
    snprintf(name, sizeof(name), "%s/%s", device->folder, file);
    if (files_read(devices->folder, name, word, WORD_CAPACITY) < 0)
        snprintf(word, WORD_CAPACITY, "unknown");
    word[strcspn(word, "\n")] = '\0';
}

/* "unsupported": it never sleeps. */
static void read_power(const struct devices *devices, struct device *device)
{
    char word[WORD_CAPACITY];
    read_word(devices, device, "power/runtime_status", word);
    device->is_awake = strcmp(word, "active") == 0 || strcmp(word, "unsupported") == 0;
    device->is_asleep = strcmp(word, "suspended") == 0 || strcmp(word, "suspending") == 0 ||
                        strcmp(word, "resuming") == 0;
    read_word(devices, device, "power/control", word);
    device->sleeps_idle = strcmp(word, "auto") == 0;
}

void devices_look(struct devices *devices, int64_t now_ms)
{
    int64_t elapsed_ms = now_ms - devices->listed_ms;
    if (!devices->was_listed || elapsed_ms < 0 || elapsed_ms >= DEVICES_LIST_MS) {
        if (devices->folder < 0)
            devices->folder = files_open_folder(devices->root);
        list(devices);
        devices->listed_ms = now_ms;
        devices->was_listed = true;
    }
    for (int i = 0; i < devices->count; i++)
        if (devices->all[i].is_there)
            read_power(devices, &devices->all[i]);
}

int devices_of_node(const struct devices *devices, const char *node)
{
    for (int i = 0; i < devices->node_count; i++)
        if (strcmp(devices->nodes[i].name, node) == 0)
            return devices->nodes[i].device;
    return -1;
}

bool devices_is_nvidia(const struct device *device)
{
    return strcmp(device->driver, "nvidia") == 0;
}

bool devices_busy(const struct devices *devices, int device, double *percent)
{
    char text[WORD_CAPACITY];
    uint64_t number;
    const struct device *it = &devices->all[device];
    if (!it->is_there || !it->is_awake)
        return false;
    read_word(devices, it, "gpu_busy_percent", text);
    if (!fdinfo_parse_number(text, strlen(text), NULL, &number) || number > 100)
        return false;
    *percent = (double)number;
    return true;
}
