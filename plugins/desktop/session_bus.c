/* SPDX-License-Identifier: MIT */
#include "session_bus.h"

#include <stdio.h>
#include <stdlib.h>

void *session_bus_create(const struct desktop_settings *settings)
{
    struct session_bus *self = calloc(1, sizeof(*self));
    if (self != NULL)
        self->settings = settings;
    return self;
}

void session_bus_close(void *data)
{
    struct session_bus *self = data;
    bus_close(self->bus);
    self->bus = NULL;
}

void session_bus_destroy(void *data)
{
    if (data != NULL)
        session_bus_close(data);
    free(data);
}

bool session_bus_open(void *data, int64_t now_ms, clb_error *error)
{
    struct session_bus *self = data;
    char address[BUS_ADDRESS];
    (void)now_ms;
    if (bus_address_session(self->settings, address))
        self->bus = bus_open(address, error);
    else
        snprintf(error->text, sizeof(error->text), "there is no bus of a session");
    return self->bus != NULL;
}

int session_bus_descriptor(void *data)
{
    struct session_bus *self = data;
    return bus_descriptor(self->bus);
}

bool session_bus_dispatch(void *data, int64_t now_ms)
{
    struct session_bus *self = data;
    (void)now_ms;
    return bus_process(self->bus);
}
