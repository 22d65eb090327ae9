/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "secret.h"
#include "topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_PLAIN = 1883, PORT_TLS = 8883 };

static const char *const protocols[] = {"auto", "5", "3.1.1", NULL};

static const clb_option options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .flags = CLB_OPTION_REQUIRED,
     .key = "host",
     .help = "where the broker is: a name or an address"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_INT,
     .key = "port",
     .help = "its port; unset: 1883, with tls 8883",
     .minimum = 1,
     .maximum = 65535},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .key = "username",
     .help = "who publishes, for a broker that asks"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .flags = CLB_OPTION_SECRET,
     .key = "password",
     .help = "the password; better kept in a file of its own"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "password_file",
     .help = "a file with the password, that others may not read"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_BOOL,
     .key = "tls",
     .default_text = "false",
     .help = "encrypt, and check who the broker is; without, anybody on the way can read the "
             "password"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "ca_file",
     .help = "with tls: certificates to trust, for a broker with one of its own"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "client_cert_file",
     .help = "with tls: the certificate of this client, for a broker that asks"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "client_key_file",
     .help = "with tls: the key of that certificate, without a passphrase"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .key = "client_id",
     .help = "the name of this client; a broker has only one of each. Unset: clockblock- and the "
             "device_id"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .key = "base_topic",
     .default_text = "clockblock",
     .help = "what the topics begin with; the device_id follows"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .key = "discovery_prefix",
     .default_text = "homeassistant",
     .help = "where Home Assistant looks for devices; \"\": it is not told"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_INT,
     .key = "keep_alive_sec",
     .default_text = "60",
     .help = "seconds of silence after which the broker is asked whether it is there",
     .minimum = 5,
     .maximum = 3600},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_ENUM,
     .key = "protocol",
     .default_text = "auto",
     .choices = protocols,
     .help = "the version of MQTT; auto: 5, and 3.1.1 with a broker that has no 5"},
};
const clb_option *const settings_options[] = {
    &options[0],  &options[1],  &options[2],  &options[3],  &options[4],
    &options[5],  &options[6],  &options[7],  &options[8],  &options[9],
    &options[10], &options[11], &options[12], &options[13], NULL};

/* ---- What is wrong with them; NULL: nothing ---- */

static bool is_set(const clb_settings *given, const char *key)
{
    const char *text = clb_setting_text(given, key);
    return text != NULL && text[0] != '\0';
}

static const char *problem_of_host(const char *host)
{
    if (host == NULL || host[0] == '\0')
        return "host: it is empty";
    if (strstr(host, "://") != NULL)
        return "host: a name or an address alone; port and tls are settings of their own";
    for (; *host != '\0'; host++)
        if ((unsigned char)*host <= 0x20 || *host == 0x7F || *host == '/')
            return "host: it is no name and no address";
    return NULL;
}

static const char *problem_of_tls(const clb_settings *given)
{
    bool has_cert = is_set(given, "client_cert_file");
    bool has_key = is_set(given, "client_key_file");
    if (has_cert != has_key)
        return "client_cert_file and client_key_file: set both, or none";
    if (clb_setting_integer(given, "tls") == 0 && (has_cert || is_set(given, "ca_file")))
        return "ca_file and client_cert_file are for tls: set tls = true, or leave them out";
    return NULL;
}

static const char *problem_of_names(const clb_settings *given)
{
    const char *client_id = clb_setting_text(given, "client_id");
    bool has_password = is_set(given, "password") || is_set(given, "password_file");
    if (has_password && !is_set(given, "username"))
        return "password: it needs a username";
    if (client_id != NULL && client_id[0] == '\0')
        return "client_id: it is empty";
    return NULL;
}

static bool check_topic(const clb_settings *given, const char *key, clb_error *error)
{
    const char *topic = clb_setting_text(given, key);
    const char *problem = topics_problem(topic != NULL ? topic : "");
    if (problem != NULL)
        snprintf(error->text, sizeof(error->text), "%s: it %s", key, problem);
    return problem == NULL;
}

static bool check(const clb_settings *given, clb_error *error)
{
    const char *problem = problem_of_host(clb_setting_text(given, "host"));
    if (problem == NULL)
        problem = problem_of_tls(given);
    if (problem == NULL)
        problem = problem_of_names(given);
    if (problem != NULL) {
        snprintf(error->text, sizeof(error->text), "%s", problem);
        return false;
    }
    return check_topic(given, "base_topic", error) &&
           (!is_set(given, "discovery_prefix") || check_topic(given, "discovery_prefix", error));
}

/* ---- Copies ---- */

/* *copied: NULL for what is unset. False: no memory. */
static bool copy(const clb_settings *given, const char *key, char **copied)
{
    const char *text = clb_setting_text(given, key);
    *copied = text != NULL ? strdup(text) : NULL;
    return text == NULL || *copied != NULL;
}

/* "" means unset for these. */
static bool copy_if_set(const clb_settings *given, const char *key, char **copied)
{
    return !is_set(given, key) || copy(given, key, copied);
}

static bool copy_all(struct settings *settings, const clb_settings *given)
{
    return copy(given, "host", &settings->host) &&
           copy_if_set(given, "username", &settings->username) &&
           copy_if_set(given, "client_id", &settings->client_id) &&
           copy(given, "base_topic", &settings->base_topic) &&
           copy(given, "discovery_prefix", &settings->discovery_prefix) &&
           copy_if_set(given, "ca_file", &settings->ca_file) &&
           copy_if_set(given, "client_cert_file", &settings->client_cert_file) &&
           copy_if_set(given, "client_key_file", &settings->client_key_file);
}

static enum protocol protocol_of(const clb_settings *given)
{
    const char *name = clb_setting_text(given, "protocol");
    if (name != NULL && strcmp(name, "5") == 0)
        return PROTOCOL_5;
    return name != NULL && strcmp(name, "3.1.1") == 0 ? PROTOCOL_3_1_1 : PROTOCOL_AUTO;
}

bool settings_read(struct settings *settings, const clb_settings *given, clb_error *error)
{
    *settings =
        (struct settings){.port = (int)clb_setting_integer(given, "port"),
                          .keep_alive_sec = (int)clb_setting_integer(given, "keep_alive_sec"),
                          .protocol = protocol_of(given),
                          .tls = clb_setting_integer(given, "tls") != 0};
    if (settings->port == 0)
        settings->port = settings->tls ? PORT_TLS : PORT_PLAIN;
    if (!check(given, error) || !secret_read(given, &settings->password, error))
        return false;
    if (copy_all(settings, given))
        return true;
    snprintf(error->text, sizeof(error->text), "no memory");
    settings_finish(settings);
    return false;
}

void settings_finish(struct settings *settings)
{
    free(settings->host);
    free(settings->username);
    free(settings->password);
    free(settings->client_id);
    free(settings->base_topic);
    free(settings->discovery_prefix);
    free(settings->ca_file);
    free(settings->client_cert_file);
    free(settings->client_key_file);
    *settings = (struct settings){0};
}
