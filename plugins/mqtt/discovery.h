/* SPDX-License-Identifier: MIT */
/* What tells Home Assistant which device there is, and which sensors it has. Pure. */
#ifndef MQTT_DISCOVERY_H
#define MQTT_DISCOVERY_H

#include "text.h"
#include "topics.h"

/* One message for the whole device, as Home Assistant has it since 2024.11. */
void discovery_write(struct text *text, const struct topics *topics, const char *version);

#endif
