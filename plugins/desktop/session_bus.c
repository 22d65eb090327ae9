/* SPDX-License-Identifier: MIT */
#include "session_bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    (void)now_ms;
    if (bus_address_session(self->settings, self->address))
        self->bus = bus_open(self->address, error);
    else
        snprintf(error->text, sizeof(error->text), "there is no bus of a session");
    return self->bus != NULL;
}

bool session_bus_is_in_front(struct session_bus *self, clb_error *error)
{
    char address[BUS_ADDRESS];
    bus_process(self->bus); /* what came until now is part of what is asked for next */
    if (bus_address_session(self->settings, address) && strcmp(address, self->address) == 0)
        return true; /* a call says whether the bus is still there */
    snprintf(error->text, sizeof(error->text), "its session is not in front any more");
    return false;
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
