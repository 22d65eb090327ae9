/* SPDX-License-Identifier: MIT */
/* The password: a secret, from the settings or from a file. */
#ifndef MQTT_SECRET_H
#define MQTT_SECRET_H

#include <clockblock/plugin.h>
#include <stdbool.h>

/* *password is the caller's, free with free(); NULL: none. False and a sentence, without the
 * password in it, when it cannot be had, or everybody may read the file. */
bool secret_read(const clb_settings *settings, char **password, clb_error *error);

#endif
