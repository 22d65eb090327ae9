/* SPDX-License-Identifier: MIT */
/* Where buses are: the configuration says it, or the environment of an agent that runs in
 * somebody's session; one that runs as a service finds their sockets. */
#ifndef DESKTOP_BUS_ADDRESS_H
#define DESKTOP_BUS_ADDRESS_H

#include "source.h"

enum { BUS_ADDRESS = 512 };

/* Of the agent's own user, and for root of whoever sits in front of the screen. False: there is
 * none. */
bool bus_address_session(const struct desktop_settings *settings, char address[BUS_ADDRESS]);
bool bus_address_system(const struct desktop_settings *settings, char address[BUS_ADDRESS]);

#endif
