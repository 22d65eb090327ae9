/* SPDX-License-Identifier: MIT */
/* Game pads: no desktop takes them for input, and whoever plays with one touches nothing else. They
 * are read when the detector looks: a stick that trembles would wake it all the time. */
#include "input.h"
#include "pad.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PADS_MAX = 8, SCAN_MS = 10 * 1000, NAME = 32, CAPABILITIES = 512, PATH = 512 };
/* As many as a pad may send within a poll. */
enum { EVENTS_AT_ONCE = 64, READS_AT_ONCE = 32 };

struct slot {
    int descriptor;  /* -1: free */
    char name[NAME]; /* "event5" */
    struct pad pad;
};

struct gamepads {
    const struct desktop_settings *settings; /* borrowed */
    struct slot slots[PADS_MAX];
    int64_t scan_ms;  /* when to look for pads next */
    int64_t input_ms; /* when there was input last; INT64_MIN: never */
    int refused;      /* the errno of a pad that could not be opened; 0: none */
};

static void *create(const struct desktop_settings *settings)
{
    struct gamepads *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->settings = settings;
    for (int i = 0; i < PADS_MAX; i++)
        self->slots[i].descriptor = -1;
    return self;
}

static void close_slot(struct slot *slot)
{
    if (slot->descriptor >= 0)
        close(slot->descriptor);
    slot->descriptor = -1;
}

static void close_all(void *data)
{
    struct gamepads *self = data;
    for (int i = 0; i < PADS_MAX; i++)
        close_slot(&self->slots[i]);
}

static void destroy(void *data)
{
    if (data != NULL)
        close_all(data);
    free(data);
}

static bool open_all(void *data, int64_t now_ms, clb_error *error)
{
    struct gamepads *self = data;
    (void)error;
    self->scan_ms = now_ms;
    self->input_ms = INT64_MIN;
    return true;
}

/* ---- Finding them ---- */

static bool read_capability(const char *sys_root, const char *name, const char *which, char *text)
{
    char path[PATH];
    snprintf(path, sizeof(path), "%s/class/input/%s/device/capabilities/%s", sys_root, name, which);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return false;
    ssize_t length = read(descriptor, text, CAPABILITIES - 1);
    close(descriptor);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static bool is_pad(const char *sys_root, const char *name)
{
    char keys[CAPABILITIES];
    char axes[CAPABILITIES];
    return strncmp(name, "event", 5) == 0 && strlen(name) < NAME &&
           read_capability(sys_root, name, "key", keys) &&
           read_capability(sys_root, name, "abs", axes) && pad_is_one(keys, axes);
}

static void read_axes(struct slot *slot)
{
    slot->pad = (struct pad){0};
    for (unsigned i = 0; i < PAD_AXES; i++) {
        struct input_absinfo info = {0};
        if (ioctl(slot->descriptor, EVIOCGABS(i), &info) >= 0)
            pad_set_axis(&slot->pad, i, info.minimum, info.maximum, info.value);
    }
}

static struct slot *free_slot(struct gamepads *self, const char *name)
{
    struct slot *found = NULL;
    for (int i = 0; i < PADS_MAX; i++) {
        if (self->slots[i].descriptor < 0)
            found = &self->slots[i];
        else if (strcmp(self->slots[i].name, name) == 0)
            return NULL; /* it is open */
    }
    return found;
}

static void open_pad(struct gamepads *self, const char *name)
{
    char path[PATH];
    struct slot *slot = free_slot(self, name);
    if (slot == NULL)
        return;
    snprintf(path, sizeof(path), "%s/input/%s", self->settings->dev_root, name);
    slot->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (slot->descriptor < 0) {
        self->refused = errno;
        return;
    }
    snprintf(slot->name, sizeof(slot->name), "%s", name);
    read_axes(slot);
}

static void scan(struct gamepads *self)
{
    char path[PATH];
    snprintf(path, sizeof(path), "%s/class/input", self->settings->sys_root);
    self->refused = 0;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (is_pad(self->settings->sys_root, entry->d_name))
            open_pad(self, entry->d_name);
    closedir(folder);
}

/* ---- Reading them ---- */

static bool read_slot(struct slot *slot)
{
    struct input_event events[EVENTS_AT_ONCE];
    bool is_input = false;
    for (int i = 0; i < READS_AT_ONCE; i++) {
        ssize_t length = read(slot->descriptor, events, sizeof(events));
        if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR))
            close_slot(slot); /* it was unplugged */
        if (length <= 0)
            break;
        for (size_t at = 0; at < (size_t)length / sizeof(events[0]); at++)
            is_input |= pad_event(&slot->pad, events[at].type, events[at].code, events[at].value);
    }
    return is_input;
}

static int read_all(struct gamepads *self, int64_t now_ms)
{
    int count = 0;
    for (int i = 0; i < PADS_MAX; i++) {
        struct slot *slot = &self->slots[i];
        if (slot->descriptor >= 0 && read_slot(slot))
            self->input_ms = now_ms;
        count += slot->descriptor >= 0;
    }
    return count;
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct gamepads *self = data;
    struct input *input = seen;
    *is_lost = false;
    if (now_ms >= self->scan_ms) {
        scan(self);
        self->scan_ms = now_ms + SCAN_MS;
    }
    int count = read_all(self, now_ms);
    if (count == 0 && self->input_ms == INT64_MIN) {
        snprintf(error->text, sizeof(error->text), "%s%s",
                 self->refused != 0 ? "a game pad cannot be read: " : "there is none",
                 self->refused != 0 ? strerror(self->refused) : "");
        return false;
    }
    *input = (struct input){.knowledge = INPUT_UNKNOWN, .idle_ms = INT64_MAX};
    if (self->input_ms != INT64_MIN)
        input->idle_ms = now_ms - self->input_ms;
    return true;
}

static int descriptor(void *data)
{
    (void)data;
    return -1;
}

static bool dispatch(void *data, int64_t now_ms)
{
    (void)data;
    (void)now_ms;
    return false;
}

const struct desktop_source input_gamepads = {.name = "gamepads",
                                              .create = create,
                                              .destroy = destroy,
                                              .open = open_all,
                                              .close = close_all,
                                              .look = look,
                                              .descriptor = descriptor,
                                              .dispatch = dispatch};
