/* SPDX-License-Identifier: MIT */
/* GNOME tells no program which window has the focus, unless the user has installed the extension
 * "Focused Window D-Bus". It signals when another program gets the focus; a new title has no
 * signal. */
#include "../desktop/bus.h"
#include "../desktop/bus_address.h"
#include "gnome_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bus_object extension = {"org.gnome.Shell",
                                            "/org/gnome/shell/extensions/FocusedWindow",
                                            "org.gnome.shell.extensions.FocusedWindow"};
static const struct bus_object screen_saver = {"org.gnome.ScreenSaver", "/org/gnome/ScreenSaver",
                                               "org.gnome.ScreenSaver"};

struct gnome {
    const struct desktop_settings *settings; /* borrowed */
    struct bus *bus;                         /* owned; NULL: closed */
};

static void *create(const struct desktop_settings *settings)
{
    struct gnome *self = calloc(1, sizeof(*self));
    if (self != NULL)
        self->settings = settings;
    return self;
}

static void close_bus(void *data)
{
    struct gnome *self = data;
    bus_close(self->bus);
    self->bus = NULL;
}

static void destroy(void *data)
{
    if (data != NULL)
        close_bus(data);
    free(data);
}

static bool open_bus(void *data, int64_t now_ms, clb_error *error)
{
    struct gnome *self = data;
    char address[BUS_ADDRESS];
    (void)now_ms;
    if (!bus_address_session(self->settings, address)) {
        snprintf(error->text, sizeof(error->text), "there is no bus of a session");
        return false;
    }
    self->bus = bus_open(address, error);
    if (self->bus == NULL)
        return false;
    if (bus_listen(self->bus, &extension, "FocusChanged"))
        return true;
    snprintf(error->text, sizeof(error->text), "no memory");
    close_bus(self);
    return false;
}

/* GNOME switches extensions off while the screen is locked. */
static bool is_locked(struct gnome *self)
{
    uint64_t is_active = 0;
    clb_error ignored = {.size = sizeof(ignored)};
    return bus_call_number(self->bus, &screen_saver, "GetActive", BUS_BOOL, &is_active, &ignored) ==
               BUS_OK &&
           is_active != 0;
}

/* What was answered is no window: an older extension says so with an error when none has the
 * focus. */
static bool is_no_window(struct gnome *self, clb_error *error)
{
    if (bus_refusal_has(self->bus, "No window in focus"))
        return true;
    if (!bus_refusal_has(self->bus, "org.freedesktop.DBus.Error.Unknown"))
        return false;
    snprintf(error->text, sizeof(error->text),
             "GNOME has no extension \"Focused Window D-Bus\", or it is off");
    return is_locked(self);
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct gnome *self = data;
    struct window *window = seen;
    char *text = NULL;
    (void)now_ms;
    *window = (struct window){0};
    bus_process(self->bus); /* what came until now is part of what is asked for */
    enum bus_result result = bus_call_text(self->bus, &extension, "Get", &text, error);
    *is_lost = result == BUS_LOST;
    if (result == BUS_REFUSED)
        return is_no_window(self, error);
    if (result != BUS_OK)
        return false;
    bool is_read = gnome_json_read(text, strlen(text), window);
    free(text);
    if (!is_read)
        snprintf(error->text, sizeof(error->text), "the extension answered with something else");
    return is_read;
}

static int descriptor(void *data)
{
    struct gnome *self = data;
    return bus_descriptor(self->bus);
}

static bool dispatch(void *data, int64_t now_ms)
{
    struct gnome *self = data;
    (void)now_ms;
    return bus_process(self->bus);
}

const struct desktop_source window_gnome = {.name = "gnome",
                                            .create = create,
                                            .destroy = destroy,
                                            .open = open_bus,
                                            .close = close_bus,
                                            .look = look,
                                            .descriptor = descriptor,
                                            .dispatch = dispatch};
