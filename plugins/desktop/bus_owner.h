/* SPDX-License-Identifier: MIT */
/* The bus of somebody's session lets nobody in but them, not even root. */
#ifndef DESKTOP_BUS_OWNER_H
#define DESKTOP_BUS_OWNER_H

/* For root, connects to the socket of an address "unix:path=..." as who owns it, if that one also
 * listens there. 0: the descriptor is the caller's; it is -1 where there is no need: connect as
 * usual. Negative: an errno; do not connect. */
int bus_owner_connect(const char *address, int *descriptor);

#endif
