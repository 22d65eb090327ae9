/* SPDX-License-Identifier: MIT */
/* The bus of somebody's session lets nobody in but them, not even root. */
#ifndef DESKTOP_BUS_OWNER_H
#define DESKTOP_BUS_OWNER_H

/* For root, connects to the socket of an address "unix:path=..." as who owns it. Returns the
 * descriptor, owned by the caller; -1: there is no need, or it cannot be done: connect as usual. */
int bus_owner_connect(const char *address);

#endif
