/* SPDX-License-Identifier: MIT */
/* What the codes of a broker mean for a batch. Pure. */
#ifndef MQTT_ANSWER_H
#define MQTT_ANSWER_H

#include <clockblock/sink.h>
#include <stdbool.h>

/* An enum clb_outcome by the code of a CONNACK (of 3.1.1 or 5), a PUBACK or a DISCONNECT. */
int32_t answer_outcome(int code);

/* What it says, and what the user can do about it. Static. */
const char *answer_words(int code);

/* Does the broker speak an older MQTT? */
bool answer_is_about_version(int code);

#endif
