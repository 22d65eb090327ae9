/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "answer.h"

#include <assert.h>
#include <stdio.h>

static bool is_late(const struct connection *connection, const clb_batch *batch)
{
    return connection->clock->monotonic_ms(connection->host) >= batch->deadline_ms;
}

static bool is_cancelled(const struct connection *connection)
{
    return connection->run->cancelled(connection->host) != 0;
}

static const char *topic_of(const struct connection *connection, const clb_record *record)
{
    switch (record->kind) {
    case CLB_RECORD_HEARTBEAT:
        return connection->topics->heartbeats;
    case CLB_RECORD_GAP:
        return connection->topics->gaps;
    default:
        return NULL;
    }
}

static void send_record(struct connection *connection, const clb_record *record)
{
    const char *topic = topic_of(connection, record);
    int id = 0;
    if (topic == NULL) { /* of a kind of later days: not for us */
        window_add_answered(&connection->window, 0);
        return;
    }
    int refusal =
        client_publish(connection->client, topic, record->json, record->json_bytes, false, &id);
    if (refusal > 0)
        window_add_answered(&connection->window, refusal);
    else if (refusal == 0)
        window_add(&connection->window, id);
    else
        connection_note_end(connection);
}

static void fill_window(struct connection *connection, const clb_batch *batch, uint32_t *sent)
{
    while (connection->state == CONNECTION_OPEN && *sent < batch->count &&
           window_has_room(&connection->window)) {
        send_record(connection, batch->records[*sent]);
        (*sent)++;
    }
}

/* The last quarter of the time is for confirmations: what is sent then would come too late. */
static bool may_send(const struct connection *connection, const clb_batch *batch, int64_t begun_ms)
{
    int64_t now_ms = connection->clock->monotonic_ms(connection->host);
    return now_ms < batch->deadline_ms - (batch->deadline_ms - begun_ms) / 4 &&
           window_refusal(&connection->window) == 0;
}

/* Sends and counts until all is confirmed, or something is in the way: then what is under way is
 * waited for, and nothing more is sent. */
static uint32_t send_all(struct connection *connection, const clb_batch *batch)
{
    struct window *window = &connection->window;
    int64_t begun_ms = connection->clock->monotonic_ms(connection->host);
    uint32_t sent = 0;
    uint32_t accepted = 0;
    *window = (struct window){0};
    while (connection->state == CONNECTION_OPEN && accepted < batch->count) {
        bool goes_on = may_send(connection, batch, begun_ms);
        if (goes_on)
            fill_window(connection, batch, &sent);
        accepted += window_take_accepted(window);
        bool is_settled = window_is_answered(window) && (!goes_on || sent == batch->count);
        if (is_settled || is_cancelled(connection) || is_late(connection, batch))
            break;
        if (!window_is_answered(window))
            connection_serve(connection, CONNECTION_LOOK_UP_MS);
        accepted += window_take_accepted(window);
    }
    return accepted + window_take_accepted(window); /* of a connection that ended, too */
}

static void judge(struct connection *connection, const clb_batch *batch, clb_delivery *delivery,
                  clb_error *error)
{
    int refusal = window_refusal(&connection->window);
    delivery->outcome = CLB_RETRY;
    if (connection->state != CONNECTION_OPEN) {
        delivery->outcome = connection->outcome;
        snprintf(error->text, sizeof(error->text), "%s", connection->reason);
    } else if (refusal != 0) {
        error->code = refusal;
        delivery->outcome = answer_outcome(refusal);
        snprintf(error->text, sizeof(error->text), "the broker refuses a message: %s",
                 answer_words(refusal));
    } else if (is_cancelled(connection)) {
        snprintf(error->text, sizeof(error->text), "broken off, for the agent wants to go on");
    } else if (delivery->accepted > 0 && connection->window.count == 0) {
        /* Nothing failed: there was no time for more. Less at once comes through. */
        delivery->outcome = CLB_TOO_LARGE;
        snprintf(error->text, sizeof(error->text),
                 "the broker confirms too slowly for %u messages at once", (unsigned)batch->count);
    } else {
        static const char late[] = "the broker did not confirm in time";
        connection_fail(connection, CLB_RETRY, late);
        snprintf(error->text, sizeof(error->text), "%s", late);
    }
}

void stream_batch(struct connection *connection, const clb_batch *batch, clb_delivery *delivery,
                  clb_error *error)
{
    assert(connection->state == CONNECTION_OPEN);
    delivery->accepted = send_all(connection, batch);
    delivery->outcome = CLB_DELIVERED;
    if (delivery->accepted < batch->count)
        judge(connection, batch, delivery, error);
}
