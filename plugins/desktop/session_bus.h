/* SPDX-License-Identifier: MIT */
/* The bus of the session in front, as the sources keep it that ask services there. Its functions
 * fit into the table of a source. */
#ifndef DESKTOP_SESSION_BUS_H
#define DESKTOP_SESSION_BUS_H

#include "bus.h"
#include "bus_address.h"

struct session_bus {
    const struct desktop_settings *settings; /* borrowed */
    struct bus *bus;                         /* owned; NULL: closed */
};

void *session_bus_create(const struct desktop_settings *settings);
void session_bus_destroy(void *data);
bool session_bus_open(void *data, int64_t now_ms, clb_error *error);
void session_bus_close(void *data);
int session_bus_descriptor(void *data);
bool session_bus_dispatch(void *data, int64_t now_ms);

#endif
