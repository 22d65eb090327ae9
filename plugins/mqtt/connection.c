/* SPDX-License-Identifier: MIT */
#include "connection.h"

#include "answer.h"
#include "connector.h"
#include "sockets.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { GREETING_MAX_MS = 30 * 1000 };

void connection_fail(struct connection *connection, int32_t outcome, const char *reason)
{
    connection->outcome = outcome;
    snprintf(connection->reason, sizeof(connection->reason), "%s", reason);
    client_destroy(connection->client);
    connection->client = NULL;
    connection->state = CONNECTION_CLOSED;
}

void connection_close(struct connection *connection)
{
    if (connection->connector != NULL)
        connector_abandon(connection->connector);
    connection->connector = NULL;
    connection->looked_up = NULL;
    client_destroy(connection->client);
    connection->client = NULL;
    connection->state = CONNECTION_CLOSED;
}

void connection_listen(struct connection *connection)
{
    connection->ignores_bell = false;
}

/* ---- Beginning ---- */

static bool speaks_5(const struct connection *connection)
{
    enum protocol protocol = connection->settings->protocol;
    return protocol == PROTOCOL_5 || (protocol == PROTOCOL_AUTO && !connection->speaks_3_1_1);
}

void connection_open(struct connection *connection)
{
    clb_error error = {.size = sizeof(error)};
    if (connection->state != CONNECTION_CLOSED)
        return;
    assert(connection->client == NULL && connection->connector == NULL);
    connection->window = (struct window){0};
    struct client *client = client_create(connection->settings, connection->topics,
                                          speaks_5(connection), &connection->window, &error);
    if (client == NULL) {
        connection_fail(connection, CLB_HOLD, error.text);
        return;
    }
    connection->connector = connector_start(client, connection->settings);
    if (connection->connector == NULL) {
        client_destroy(client);
        connection_fail(connection, CLB_RETRY, "no thread or memory to connect with");
        return;
    }
    connection->looked_up = client;
    connection->state = CONNECTION_LOOKING_UP;
}

static void fail_because(struct connection *connection, int32_t outcome, const char *what,
                         const char *why)
{
    char reason[sizeof(connection->reason)];
    bool has_why = why != NULL && why[0] != '\0';
    snprintf(reason, sizeof(reason), "%s%s%s", what, has_why ? ": " : "", has_why ? why : "");
    connection_fail(connection, outcome, reason);
}

static void take_client(struct connection *connection)
{
    int result = connector_finish(connection->connector);
    connection->connector = NULL;
    connection->client = connection->looked_up;
    connection->looked_up = NULL;
    connection->state = CONNECTION_GREETING;
    connection->is_established = false;
    connection->opened_ms = connection->clock->monotonic_ms(connection->host);
    if (result != 0 || client_socket(connection->client) < 0)
        fail_because(connection, CLB_RETRY, "the broker cannot be reached",
                     connection->client->reason);
}

/* ---- Going on ---- */

/* The transport first: the library would take a refused connection for one that takes long. */
static bool is_established(struct connection *connection)
{
    const char *failure = sockets_failure(client_socket(connection->client));
    if (failure != NULL)
        fail_because(connection, CLB_RETRY, "the broker cannot be reached", failure);
    else
        connection->is_established = true;
    return connection->is_established && failure == NULL;
}

static void read_greeting(struct connection *connection)
{
    const struct client *client = connection->client;
    if (!client->is_answered)
        return;
    if (client->answer == 0) {
        connection->state = CONNECTION_OPEN;
    } else if (answer_is_about_version(client->answer) && speaks_5(connection) &&
               connection->settings->protocol == PROTOCOL_AUTO) {
        connection->speaks_3_1_1 = true;
        connection_close(connection);
        connection_open(connection);
    } else {
        fail_because(connection, answer_outcome(client->answer),
                     "the broker refuses the connection", answer_words(client->answer));
    }
}

/* What a broker says when it ends a connection is about the connection: no heartbeat is at fault.
 */
static int32_t outcome_of_end(int code)
{
    return answer_outcome(code) == CLB_HOLD ? CLB_HOLD : CLB_RETRY;
}

void connection_note_end(struct connection *connection)
{
    const struct client *client = connection->client;
    if (client->end != 0)
        fail_because(connection, outcome_of_end(client->end), "the broker ended the connection",
                     answer_words(client->end));
    else
        fail_because(connection, CLB_RETRY, "the connection to the broker was lost",
                     client->reason);
}

static void serve_client(struct connection *connection, bool is_ready)
{
    if (is_ready && !connection->is_established && !is_established(connection))
        return;
    bool goes_on = client_serve(connection->client, is_ready);
    if (connection->state == CONNECTION_GREETING)
        read_greeting(connection);
    /* A new client may have been begun: that one has not ended. */
    if (!goes_on && connection->state >= CONNECTION_GREETING)
        connection_note_end(connection);
    int64_t now_ms = connection->clock->monotonic_ms(connection->host);
    if (connection->state == CONNECTION_GREETING &&
        now_ms - connection->opened_ms > GREETING_MAX_MS)
        connection_fail(connection, CLB_RETRY, "the broker did not answer in time");
}

static struct sockets_look look_at(const struct connection *connection)
{
    struct sockets_look look = {.socket = -1, .bell = -1};
    if (!connection->ignores_bell)
        look.bell = connection->run->wake_handle(connection->host);
    if (connection->state == CONNECTION_LOOKING_UP)
        look.socket = connector_handle(connection->connector);
    if (connection->client != NULL) {
        look.socket = client_socket(connection->client);
        look.wants_write = !connection->is_established || client_wants_write(connection->client);
    }
    return look;
}

bool connection_serve(struct connection *connection, int64_t max_ms)
{
    struct sockets_look look = look_at(connection);
    sockets_wait(&look, max_ms);
    if (look.has_rung)
        connection->ignores_bell = true;
    if (connection->state == CONNECTION_LOOKING_UP && look.is_ready)
        take_client(connection);
    else if (connection->client != NULL)
        serve_client(connection, look.is_ready);
    return look.has_rung;
}
