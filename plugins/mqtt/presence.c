/* SPDX-License-Identifier: MIT */
#include "presence.h"

#include "discovery.h"

#include <string.h>

enum { TOTALS_EVERY_MS = 2000, LEAVE_STEP_MS = 20, LEAVE_STEPS = 25 };

static void notice(const struct connection *connection, const char *topic, const char *words)
{
    client_notice(connection->client, topic, words, strlen(words));
}

void presence_take(struct presence *presence, const clb_batch *batch)
{
    state_take(&presence->snapshot, batch);
    presence->is_news = true;
}

static void tell_discovery(struct presence *presence, const struct connection *connection)
{
    const struct topics *topics = connection->topics;
    if (topics->discovery == NULL)
        return;
    text_clear(&presence->text);
    discovery_write(&presence->text, topics, CLOCKBLOCK_VERSION);
    if (text_is_whole(&presence->text))
        notice(connection, topics->discovery, presence->text.bytes);
}

void presence_greet(struct presence *presence, struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN)
        return;
    struct client *client = connection->client;
    if (!client->is_greeted) {
        if (connection->topics->birth != NULL)
            client_subscribe(client, connection->topics->birth);
        notice(connection, connection->topics->availability, "online");
        tell_discovery(presence, connection);
        client->is_greeted = true;
        presence->is_news = true; /* a broker that keeps nothing has lost it */
    } else if (client->was_born) {
        tell_discovery(presence, connection);
    }
    client->was_born = false;
}

static void tell_state(struct presence *presence, const struct connection *connection,
                       bool is_current)
{
    text_clear(&presence->text);
    state_write(&presence->text, &presence->snapshot, is_current);
    if (!text_is_whole(&presence->text))
        return;
    notice(connection, connection->topics->state, presence->text.bytes);
    presence->told_ms = connection->clock->monotonic_ms(connection->host);
}

void presence_tell(struct presence *presence, struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN || !presence->is_news || !presence->snapshot.is_known)
        return;
    tell_state(presence, connection, true);
    presence->is_news = false;
}

void presence_begin_drain(struct presence *presence, const struct connection *connection)
{
    presence->told_ms = connection->clock->monotonic_ms(connection->host);
}

void presence_tell_totals(struct presence *presence, struct connection *connection,
                          const clb_today *today)
{
    int64_t now_ms = connection->clock->monotonic_ms(connection->host);
    if (connection->state != CONNECTION_OPEN || today == NULL ||
        now_ms - presence->told_ms < TOTALS_EVERY_MS)
        return;
    presence->snapshot.today = *today;
    tell_state(presence, connection, false);
    presence->is_news = true;
}

void presence_leave(struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN)
        return;
    notice(connection, connection->topics->availability, "offline");
    /* The host waits, whatever the broker does. */
    for (int i = 0;
         i < LEAVE_STEPS && connection->state == CONNECTION_OPEN && connection->client->notices > 0;
         i++)
        connection_serve(connection, LEAVE_STEP_MS);
    if (connection->state == CONNECTION_OPEN) {
        client_say_goodbye(connection->client);
        connection_serve(connection, 0);
    }
}

void presence_finish(struct presence *presence)
{
    text_finish(&presence->text);
}
