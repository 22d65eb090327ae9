/* SPDX-License-Identifier: MIT */
/* When there was input last under GNOME, by its compositor, exact to the millisecond: Mutter has no
 * Wayland protocol for it. It is only ever asked. */
#include "../desktop/bus.h"
#include "../desktop/bus_address.h"
#include "input.h"

#include <stdio.h>
#include <stdlib.h>

static const struct bus_object monitor = {"org.gnome.Mutter.IdleMonitor",
                                          "/org/gnome/Mutter/IdleMonitor/Core",
                                          "org.gnome.Mutter.IdleMonitor"};

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
    return self->bus != NULL;
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct gnome *self = data;
    uint64_t idle_ms = 0;
    (void)now_ms;
    bus_process(self->bus);
    enum bus_result result =
        bus_call_number(self->bus, &monitor, "GetIdletime", BUS_UINT64, &idle_ms, error);
    *is_lost = result == BUS_LOST;
    if (result != BUS_OK)
        return false;
    *(struct input *)seen =
        (struct input){.knowledge = INPUT_EXACTLY,
                       .idle_ms = idle_ms < INT64_MAX ? (int64_t)idle_ms : INT64_MAX - 1};
    return true;
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

const struct desktop_source input_gnome = {.name = "gnome",
                                           .create = create,
                                           .destroy = destroy,
                                           .open = open_bus,
                                           .close = close_bus,
                                           .look = look,
                                           .descriptor = descriptor,
                                           .dispatch = dispatch};
