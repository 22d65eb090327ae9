/* SPDX-License-Identifier: MIT */
/* The lookup of a name, on a thread of its own: nothing can break it off, and a stop must not wait
 * for it. */
#ifndef MQTT_CONNECTOR_H
#define MQTT_CONNECTOR_H

#include "client.h"

struct connector;

/* Begins client_connect(). The client belongs to the thread until connector_finish(); the settings
 * are copied as far as they are needed. NULL: no thread to be had. */
struct connector *connector_start(struct client *client, const struct settings *settings);

/* Becomes readable when it is done. */
int connector_handle(const struct connector *connector);

/* When it is done: the result of client_connect(), and the client is the caller's again. */
int connector_finish(struct connector *connector);

/* Leaves it behind: the thread, which touches nothing but what is its own, cleans up when the
 * lookup has ended. */
void connector_abandon(struct connector *connector);

#endif
