/* SPDX-License-Identifier: MIT */
/* What the user set, checked and copied. */
#ifndef MQTT_SETTINGS_H
#define MQTT_SETTINGS_H

#include <clockblock/plugin.h>
#include <stdbool.h>

enum protocol { PROTOCOL_AUTO, PROTOCOL_5, PROTOCOL_3_1_1 };

/* All text is owned; NULL: unset. */
struct settings {
    char *host;
    char *username;
    char *password; /* a secret */
    char *client_id;
    char *base_topic;
    char *discovery_prefix; /* "": no discovery */
    char *ca_file;
    char *client_cert_file;
    char *client_key_file;
    int port;
    int keep_alive_sec;
    enum protocol protocol;
    bool tls;
};

extern const clb_option *const settings_options[];

/* False and a sentence, without a secret in it. */
bool settings_read(struct settings *settings, const clb_settings *given, clb_error *error);
void settings_finish(struct settings *settings);

#endif
