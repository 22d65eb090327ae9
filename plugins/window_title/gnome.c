/* SPDX-License-Identifier: MIT */
/* GNOME tells no program which window has the focus, unless the user has installed the extension
 * "Focused Window D-Bus". It signals when another program gets the focus; a new title has no
 * signal. */
#include "../desktop/session_bus.h"
#include "gnome_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bus_object extension = {"org.gnome.Shell",
                                            "/org/gnome/shell/extensions/FocusedWindow",
                                            "org.gnome.shell.extensions.FocusedWindow"};
static const struct bus_object screen_saver = {"org.gnome.ScreenSaver", "/org/gnome/ScreenSaver",
                                               "org.gnome.ScreenSaver"};

static bool open_bus(void *data, int64_t now_ms, clb_error *error)
{
    struct session_bus *session = data;
    if (!session_bus_open(data, now_ms, error))
        return false;
    if (bus_listen(session->bus, &extension, "FocusChanged"))
        return true;
    snprintf(error->text, sizeof(error->text), "no memory");
    session_bus_close(data);
    return false;
}

/* GNOME switches extensions off while the screen is locked. */
static bool is_locked(struct bus *bus)
{
    uint64_t is_active = 0;
    clb_error ignored = {.size = sizeof(ignored)};
    return bus_call_number(bus, &screen_saver, "GetActive", BUS_BOOL, &is_active, &ignored) ==
               BUS_OK &&
           is_active != 0;
}

/* What was answered is no window: an older extension says so with an error when none has the
 * focus. */
static bool is_no_window(struct bus *bus, clb_error *error)
{
    if (bus_refusal_has(bus, "No window in focus"))
        return true;
    if (!bus_refusal_has(bus, "org.freedesktop.DBus.Error.Unknown"))
        return false;
    snprintf(error->text, sizeof(error->text),
             "GNOME has no extension \"Focused Window D-Bus\", or it is off");
    return is_locked(bus);
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct session_bus *session = data;
    struct window *window = seen;
    char *text = NULL;
    (void)now_ms;
    *window = (struct window){0};
    bus_process(session->bus); /* what came until now is part of what is asked for */
    enum bus_result result = bus_call_text(session->bus, &extension, "Get", &text, error);
    *is_lost = result == BUS_LOST;
    if (result == BUS_REFUSED)
        return is_no_window(session->bus, error);
    if (result != BUS_OK)
        return false;
    bool is_read = gnome_json_read(text, strlen(text), window);
    free(text);
    if (!is_read)
        snprintf(error->text, sizeof(error->text), "the extension answered with something else");
    return is_read;
}

const struct desktop_source window_gnome = {.name = "gnome",
                                            .create = session_bus_create,
                                            .destroy = session_bus_destroy,
                                            .open = open_bus,
                                            .close = session_bus_close,
                                            .look = look,
                                            .descriptor = session_bus_descriptor,
                                            .dispatch = session_bus_dispatch};
