/* SPDX-License-Identifier: MIT */
/* News of the machine's network: a way out may have come back. */
#ifndef PLATFORM_NETWORK_H
#define PLATFORM_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

/* Begins to listen. `handle` is readable when there is news. 0, or an errno. */
int network_open(intptr_t *handle);

/* Takes all news that came so far, does not wait. True: an address or a route appeared among them,
 * or some were lost. */
bool network_take_news(intptr_t handle);

void network_close(intptr_t handle); /* -1 is fine */

#endif
