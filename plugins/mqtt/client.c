/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "signals.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The window, and room for notices beside it: what is beyond would wait in the library. */
enum { SEND_MAXIMUM = WINDOW_SIZE + 12, REFUSALS_BEGIN = 0x80 };
static const char offline[] = "offline";

/* ---- What the broker says ---- */

static void on_connect(struct mosquitto *mosquitto, void *context, int code, int flags,
                       const mosquitto_property *properties)
{
    struct client *client = context;
    (void)mosquitto;
    (void)flags;
    (void)properties;
    client->is_answered = true;
    client->answer = code;
}

static void on_disconnect(struct mosquitto *mosquitto, void *context, int code,
                          const mosquitto_property *properties)
{
    struct client *client = context;
    (void)mosquitto;
    (void)properties;
    if (code >= REFUSALS_BEGIN) /* below are errors of the library */
        client->end = code;
}

static void on_publish(struct mosquitto *mosquitto, void *context, int id, int code,
                       const mosquitto_property *properties)
{
    struct client *client = context;
    (void)mosquitto;
    (void)properties;
    if (window_answer(client->window, id, code) || client->notices == 0)
        return;
    client->notices--;
    if (code >= REFUSALS_BEGIN)
        client->notice_refusal = code;
}

static void on_message(struct mosquitto *mosquitto, void *context,
                       const struct mosquitto_message *message)
{
    static const char online[] = "online";
    struct client *client = context;
    (void)mosquitto;
    /* A retained one is from before we came, and we say what there is when we come. */
    bool is_birth = client->birth != NULL && strcmp(message->topic, client->birth) == 0 &&
                    message->payloadlen == (int)strlen(online) &&
                    memcmp(message->payload, online, strlen(online)) == 0;
    if (is_birth && !message->retain)
        client->was_born = true;
}

/* The library explains nothing in its codes; what it logs comes closest. */
static void on_log(struct mosquitto *mosquitto, void *context, int level, const char *line)
{
    struct client *client = context;
    (void)mosquitto;
    if (level == MOSQ_LOG_ERR)
        snprintf(client->reason, sizeof(client->reason), "%s", line);
}

static void set_callbacks(struct mosquitto *mosquitto)
{
    mosquitto_connect_v5_callback_set(mosquitto, on_connect);
    mosquitto_disconnect_v5_callback_set(mosquitto, on_disconnect);
    mosquitto_publish_v5_callback_set(mosquitto, on_publish);
    mosquitto_message_callback_set(mosquitto, on_message);
    mosquitto_log_callback_set(mosquitto, on_log);
}

/* ---- Making one ---- */

/* Else OpenSSL would ask on a terminal, and wait. */
static int no_passphrase(char *buffer, int size, int is_writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)is_writing;
    (void)context;
    return 0;
}

static const char *set_tls(struct mosquitto *mosquitto, const struct settings *settings)
{
    static const char system_certificates[] = "/etc/ssl/certs";
    if (!settings->tls)
        return NULL;
    /* With a certificate of our own the library insists on a folder or file of others. */
    bool has_files = settings->ca_file != NULL || settings->client_cert_file != NULL;
    if (settings->ca_file == NULL &&
        mosquitto_int_option(mosquitto, MOSQ_OPT_TLS_USE_OS_CERTS, 1) != MOSQ_ERR_SUCCESS)
        return "libmosquitto has no TLS";
    if (has_files && mosquitto_tls_set(mosquitto, settings->ca_file,
                                       settings->ca_file == NULL ? system_certificates : NULL,
                                       settings->client_cert_file, settings->client_key_file,
                                       no_passphrase) != MOSQ_ERR_SUCCESS)
        return "ca_file, client_cert_file or client_key_file cannot be read";
    return NULL;
}

static const char *set_all(struct mosquitto *mosquitto, const struct settings *settings,
                           const struct topics *topics, bool speaks_5)
{
    int version = speaks_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    if (mosquitto_int_option(mosquitto, MOSQ_OPT_PROTOCOL_VERSION, version) != MOSQ_ERR_SUCCESS ||
        mosquitto_int_option(mosquitto, MOSQ_OPT_SEND_MAXIMUM, SEND_MAXIMUM) != MOSQ_ERR_SUCCESS)
        return "libmosquitto lacks an option";
    /* Small messages would otherwise wait for one another. */
    mosquitto_int_option(mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    if (settings->username != NULL &&
        mosquitto_username_pw_set(mosquitto, settings->username, settings->password) !=
            MOSQ_ERR_SUCCESS)
        return "username or password cannot be used";
    if (mosquitto_will_set(mosquitto, topics->availability, (int)strlen(offline), offline, 1,
                           true) != MOSQ_ERR_SUCCESS)
        return "base_topic: it cannot be used";
    return set_tls(mosquitto, settings);
}

struct new_client {
    struct client *client;
    const char *id;
};

static void make_mosquitto(void *context)
{
    struct new_client *made = context;
    made->client->mosquitto = mosquitto_new(made->id, true, made->client);
}

struct client *client_create(const struct settings *settings, const struct topics *topics,
                             bool speaks_5, struct window *window, clb_error *error)
{
    const char *problem = "no memory";
    struct client *client = calloc(1, sizeof(*client));
    if (client != NULL) {
        client->window = window;
        client->birth = topics->birth;
        signals_keep(make_mosquitto, &(struct new_client){client, topics->client_id});
    }
    if (client != NULL && client->mosquitto == NULL && errno == EINVAL)
        problem = "client_id: it cannot be used";
    if (client != NULL && client->mosquitto != NULL) {
        set_callbacks(client->mosquitto);
        problem = set_all(client->mosquitto, settings, topics, speaks_5);
    }
    if (problem == NULL)
        return client;
    snprintf(error->text, sizeof(error->text), "%s", problem);
    client_destroy(client);
    return NULL;
}

void client_destroy(struct client *client)
{
    if (client == NULL)
        return;
    if (client->mosquitto != NULL)
        mosquitto_destroy(client->mosquitto);
    free(client);
}

/* ---- The connection ---- */

int client_connect(struct client *client, const struct settings *settings)
{
    int result = mosquitto_connect_async(client->mosquitto, settings->host, settings->port,
                                         settings->keep_alive_sec);
    if (result != MOSQ_ERR_SUCCESS && client->reason[0] == '\0')
        snprintf(client->reason, sizeof(client->reason), "%s",
                 result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result));
    return result;
}

int client_socket(const struct client *client)
{
    return mosquitto_socket(client->mosquitto);
}

bool client_wants_write(const struct client *client)
{
    return mosquitto_want_write(client->mosquitto);
}

bool client_serve(struct client *client, bool is_ready)
{
    int result = MOSQ_ERR_SUCCESS;
    if (is_ready) {
        errno = 0; /* the library looks at it also after what did not set it */
        result = mosquitto_loop_read(client->mosquitto, 1);
        if (result == MOSQ_ERR_SUCCESS && client_socket(client) >= 0)
            result = mosquitto_loop_write(client->mosquitto, 1);
    }
    if (result == MOSQ_ERR_SUCCESS)
        result = mosquitto_loop_misc(client->mosquitto);
    if (result != MOSQ_ERR_SUCCESS && client->reason[0] == '\0')
        snprintf(client->reason, sizeof(client->reason), "%s",
                 result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result));
    return result == MOSQ_ERR_SUCCESS && client_socket(client) >= 0;
}

/* ---- Messages ---- */

int client_publish(struct client *client, const char *topic, const char *bytes, size_t length,
                   bool is_retained, int *id)
{
    int result =
        mosquitto_publish(client->mosquitto, id, topic, (int)length, bytes, 1, is_retained);
    switch (result) {
    case MOSQ_ERR_SUCCESS:
        return 0;
    case MOSQ_ERR_PAYLOAD_SIZE:
    case MOSQ_ERR_OVERSIZE_PACKET:
        return MQTT_RC_PACKET_TOO_LARGE;
    case MOSQ_ERR_QOS_NOT_SUPPORTED:
        return MQTT_RC_QOS_NOT_SUPPORTED;
    case MOSQ_ERR_RETAIN_NOT_SUPPORTED:
        return MQTT_RC_RETAIN_NOT_SUPPORTED;
    default:
        snprintf(client->reason, sizeof(client->reason), "%s", mosquitto_strerror(result));
        return -1;
    }
}

void client_notice(struct client *client, const char *topic, const char *bytes, size_t length)
{
    int id;
    int result = client_publish(client, topic, bytes, length, true, &id);
    if (result == 0)
        client->notices++;
    else if (result > 0)
        client->notice_refusal = result;
}

void client_subscribe(struct client *client, const char *topic)
{
    mosquitto_subscribe(client->mosquitto, NULL, topic, 1);
}

void client_say_goodbye(struct client *client)
{
    mosquitto_disconnect(client->mosquitto);
}
