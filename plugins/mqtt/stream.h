/* SPDX-License-Identifier: MIT */
/* A batch, message by message, each confirmed by the broker. [worker] */
#ifndef MQTT_STREAM_H
#define MQTT_STREAM_H

#include "connection.h"

/* Publishes the records over an open connection, and fills `delivery` and `error`. Counts as taken
 * is what the broker confirmed, and nothing else. */
void stream_batch(struct connection *connection, const clb_batch *batch, clb_delivery *delivery,
                  clb_error *error);

#endif
