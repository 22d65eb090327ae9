/* SPDX-License-Identifier: MIT */
#include "connector.h"

#include "signals.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct connector {
    pthread_t thread;
    pthread_mutex_t lock;
    bool is_done;      /* guarded by lock */
    bool is_abandoned; /* guarded by lock */
    int bell[2];       /* a pipe: its other end closes when it is done */
    int result;
    struct client *client;
    struct settings settings; /* of it only what client_connect() reads */
};

static void destroy(struct connector *connector)
{
    close(connector->bell[0]);
    free(connector->settings.host);
    pthread_mutex_destroy(&connector->lock);
    free(connector);
}

static void *connect_client(void *argument)
{
    struct connector *connector = argument;
    (void)signals_hold(); /* for the life of this thread */
    int result = client_connect(connector->client, &connector->settings);
    pthread_mutex_lock(&connector->lock);
    connector->result = result;
    connector->is_done = true;
    bool is_abandoned = connector->is_abandoned;
    close(connector->bell[1]);
    pthread_mutex_unlock(&connector->lock);
    if (is_abandoned) {
        client_destroy(connector->client);
        destroy(connector);
    }
    return NULL;
}

struct connector *connector_start(struct client *client, const struct settings *settings)
{
    struct connector *connector = calloc(1, sizeof(*connector));
    if (connector == NULL)
        return NULL;
    connector->client = client;
    connector->settings.host = strdup(settings->host);
    connector->settings.port = settings->port;
    connector->settings.keep_alive_sec = settings->keep_alive_sec;
    if (connector->settings.host == NULL || pipe2(connector->bell, O_CLOEXEC) != 0) {
        free(connector->settings.host);
        free(connector);
        return NULL;
    }
    pthread_mutex_init(&connector->lock, NULL);
    if (pthread_create(&connector->thread, NULL, connect_client, connector) == 0)
        return connector;
    close(connector->bell[1]);
    destroy(connector);
    return NULL;
}

int connector_handle(const struct connector *connector)
{
    return connector->bell[0];
}

int connector_finish(struct connector *connector)
{
    pthread_join(connector->thread, NULL);
    int result = connector->result;
    destroy(connector);
    return result;
}

void connector_abandon(struct connector *connector)
{
    pthread_mutex_lock(&connector->lock);
    bool is_done = connector->is_done;
    connector->is_abandoned = true;
    if (!is_done)
        pthread_detach(connector->thread);
    pthread_mutex_unlock(&connector->lock);
    if (is_done) {
        struct client *client = connector->client;
        connector_finish(connector);
        client_destroy(client);
    }
}
