/* SPDX-License-Identifier: MIT */
/* When there was input last under GNOME, by its compositor, exact to the millisecond: Mutter has no
 * Wayland protocol for it. It is only ever asked. */
#include "../desktop/session_bus.h"
#include "input.h"

static const struct bus_object monitor = {"org.gnome.Mutter.IdleMonitor",
                                          "/org/gnome/Mutter/IdleMonitor/Core",
                                          "org.gnome.Mutter.IdleMonitor"};

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct session_bus *session = data;
    uint64_t idle_ms = 0;
    (void)now_ms;
    bus_process(session->bus); /* what came until now is part of what is asked for */
    enum bus_result result =
        bus_call_number(session->bus, &monitor, "GetIdletime", BUS_UINT64, &idle_ms, error);
    *is_lost = result == BUS_LOST;
    *(struct input *)seen =
        (struct input){.knowledge = INPUT_EXACTLY,
                       .idle_ms = idle_ms < INT64_MAX ? (int64_t)idle_ms : INT64_MAX - 1};
    return result == BUS_OK;
}

const struct desktop_source input_gnome = {.name = "gnome",
                                           .create = session_bus_create,
                                           .destroy = session_bus_destroy,
                                           .open = session_bus_open,
                                           .close = session_bus_close,
                                           .look = look,
                                           .descriptor = session_bus_descriptor,
                                           .dispatch = session_bus_dispatch};
