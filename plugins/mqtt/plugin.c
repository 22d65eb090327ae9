/* SPDX-License-Identifier: MIT */
/* mqtt: publishes heartbeats with QoS 1, and tells Home Assistant what is played. */
#include "presence.h"
#include "signals.h"
#include "stream.h"

#include <clockblock/sink.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between deliveries a lost connection is made again by us, for the host does not see it. */
enum { RECONNECT_FIRST_MS = 1000, RECONNECT_DOUBLINGS = 6 };

struct instance {
    const clb_host *host;
    const clb_log *log;
    const clb_run *run;
    const clb_clock *clock;
    struct settings settings;
    struct topics topics; /* made with the first batch */
    bool has_topics;
    struct connection connection;
    struct presence presence;
    bool is_trusted;  /* the last delivery went well: the host thinks that all is in order */
    bool is_draining; /* batch follows on batch */
    int reconnects;   /* that did not last, in a row */
    int64_t next_reconnect_ms;
    int refusal_logged;
};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    connection_close(&self->connection);
    presence_finish(&self->presence);
    topics_finish(&self->topics);
    settings_finish(&self->settings);
    free(self);
}

static bool fill(struct instance *self, const clb_settings *settings, clb_error *error)
{
    const clb_host *host = self->host;
    self->log = host->get_service(host, CLB_LOG);
    self->run = host->get_service(host, CLB_RUN);
    self->clock = host->get_service(host, CLB_CLOCK);
    if (self->log == NULL || self->run == NULL || self->clock == NULL) {
        snprintf(error->text, sizeof(error->text), "the host lacks %s, %s or %s", CLB_LOG, CLB_RUN,
                 CLB_CLOCK);
        return false;
    }
    self->connection.host = host;
    self->connection.run = self->run;
    self->connection.clock = self->clock;
    self->connection.settings = &self->settings;
    self->connection.topics = &self->topics;
    return settings_read(&self->settings, settings, error);
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    /* Once is enough for all, and the library is never given up, as the plugin is not. The host
     * promises that no other thread creates at this moment. */
    static bool is_ready;
    struct instance *self = calloc(1, sizeof(*self));
    is_ready = is_ready || mosquitto_lib_init() == MOSQ_ERR_SUCCESS;
    if (self == NULL || !is_ready) {
        snprintf(error->text, sizeof(error->text), "no memory, or libmosquitto does not start");
        free(self);
        return CLB_FAILED;
    }
    self->host = host;
    if (!fill(self, settings, error)) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    (void)data;
    (void)error;
    return CLB_OK; /* a batch says which device this is: before, there is no topic */
}

/* ---- Delivering ---- */

static bool know_topics(struct instance *self, const char *device_id)
{
    if (self->has_topics && strcmp(self->topics.device_id, device_id) == 0)
        return true;
    connection_close(&self->connection);
    topics_finish(&self->topics);
    self->has_topics = topics_make(&self->topics, device_id, self->settings.client_id,
                                   self->settings.base_topic, self->settings.discovery_prefix);
    return self->has_topics;
}

static bool may_go_on(const struct instance *self, const clb_batch *batch)
{
    return self->run->cancelled(self->host) == 0 &&
           self->clock->monotonic_ms(self->host) < batch->deadline_ms;
}

/* Connects, unless it is connected. */
static bool reach(struct instance *self, const clb_batch *batch)
{
    struct connection *connection = &self->connection;
    connection_open(connection);
    while (connection->state != CONNECTION_CLOSED && connection->state != CONNECTION_OPEN &&
           may_go_on(self, batch))
        connection_serve(connection, CONNECTION_LOOK_UP_MS);
    if (connection->state == CONNECTION_GREETING && self->run->cancelled(self->host) == 0)
        connection_fail(connection, CLB_RETRY, "the broker did not answer in time");
    return connection->state == CONNECTION_OPEN;
}

static void say_unreachable(const struct instance *self, clb_delivery *delivery, clb_error *error)
{
    const struct connection *connection = &self->connection;
    const char *reason = connection->reason;
    delivery->outcome = CLB_RETRY;
    if (self->run->cancelled(self->host) != 0)
        reason = "broken off, for the agent wants to go on";
    else if (connection->state == CONNECTION_LOOKING_UP)
        reason = "the name of the broker is still being looked up";
    else
        delivery->outcome = connection->outcome;
    snprintf(error->text, sizeof(error->text), "%s", reason);
}

/* What is retained may be refused while heartbeats are not: they go on, and the user is told. */
static void tell_refusal(struct instance *self)
{
    const struct client *client = self->connection.client;
    if (client == NULL || client->notice_refusal == self->refusal_logged)
        return;
    self->refusal_logged = client->notice_refusal;
    if (self->refusal_logged != 0)
        self->log->write(self->host, CLB_LOG_WARNING,
                         "the broker refuses state, availability or discovery: check what the user "
                         "may publish");
}

static void deliver_batch(struct instance *self, const clb_batch *batch, clb_delivery *delivery,
                          clb_error *error)
{
    connection_listen(&self->connection);
    if (!self->is_draining)
        presence_begin_drain(&self->presence, &self->connection);
    self->is_draining = true;
    self->is_trusted = false;
    if (batch->count == 0) {
        self->is_trusted = true;
        return; /* zeroed: delivered */
    }
    if (!know_topics(self, batch->device_id)) {
        delivery->outcome = CLB_RETRY;
        snprintf(error->text, sizeof(error->text), "no memory for the topics");
    } else if (!reach(self, batch)) {
        say_unreachable(self, delivery, error);
    } else {
        presence_greet(&self->presence, &self->connection);
        stream_batch(&self->connection, batch, delivery, error);
        self->is_trusted = delivery->outcome == CLB_DELIVERED;
    }
    if (self->is_trusted) {
        presence_take(&self->presence, batch);
        presence_tell_totals(&self->presence, &self->connection, batch->today);
    }
    tell_refusal(self);
}

static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    int held = signals_hold();
    deliver_batch(data, batch, delivery, error);
    signals_release(held);
}

/* ---- Between deliveries ---- */

/* A pause that doubles; not the same for all who lost the same broker. */
static void plan_reconnect(struct instance *self, int64_t now_ms)
{
    int64_t pause_ms = (int64_t)RECONNECT_FIRST_MS << self->reconnects;
    if (self->reconnects < RECONNECT_DOUBLINGS)
        self->reconnects++;
    self->next_reconnect_ms = now_ms + pause_ms + self->clock->wall_ms(self->host) % pause_ms;
}

/* After a failed delivery it is for the host to say when the next attempt is. */
static bool reconnects(const struct instance *self)
{
    return self->is_trusted && self->has_topics;
}

/* A connection that outlives the pause before the next has lasted: two agents that throw each other
 * out by the same client_id do so ever more slowly. */
static void keep_open(struct instance *self)
{
    int64_t now_ms = self->clock->monotonic_ms(self->host);
    struct connection *connection = &self->connection;
    if (now_ms < self->next_reconnect_ms)
        return;
    if (connection->state == CONNECTION_OPEN)
        self->reconnects = 0;
    if (connection->state != CONNECTION_CLOSED || !reconnects(self))
        return;
    plan_reconnect(self, now_ms);
    connection_open(connection);
}

/* Nothing to serve: until `end_ms`, or the next attempt. True: the host woke us before. */
static bool rest(const struct instance *self, int64_t end_ms)
{
    if (reconnects(self) && self->next_reconnect_ms < end_ms)
        end_ms = self->next_reconnect_ms;
    self->run->wait(self->host, end_ms - self->clock->monotonic_ms(self->host));
    return self->clock->monotonic_ms(self->host) < end_ms;
}

static bool serve(struct instance *self, int64_t end_ms)
{
    enum { KEEP_ALIVE_MS = 1000 };
    int64_t rest_ms = end_ms - self->clock->monotonic_ms(self->host);
    presence_greet(&self->presence, &self->connection);
    if (self->is_trusted)
        presence_tell(&self->presence, &self->connection);
    tell_refusal(self);
    return connection_serve(&self->connection, rest_ms < KEEP_ALIVE_MS ? rest_ms : KEEP_ALIVE_MS);
}

/* The queue is empty, or the host would deliver: what was delivered last is the newest there is. */
static int32_t wait_for(struct instance *self, int64_t max_ms)
{
    const struct connection *connection = &self->connection;
    int64_t end_ms = self->clock->monotonic_ms(self->host) + max_ms;
    bool was_open = connection->state == CONNECTION_OPEN;
    bool has_rung = false;
    self->is_draining = false;
    connection_listen(&self->connection);
    while (!has_rung && self->clock->monotonic_ms(self->host) < end_ms) {
        keep_open(self);
        has_rung =
            connection->state == CONNECTION_CLOSED ? rest(self, end_ms) : serve(self, end_ms);
        /* A lookup that took longer than the delivery it was for has come to something. */
        if (!was_open && !self->is_trusted && connection->state == CONNECTION_OPEN)
            return CLB_EVENT;
    }
    return CLB_OK;
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    int held = signals_hold();
    int32_t result = wait_for(data, max_ms);
    signals_release(held);
    return result;
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    struct connection *connection = &self->connection;
    int held = signals_hold();
    connection->ignores_bell = true; /* it rings because of this */
    if (self->is_trusted && self->run->cancelled(self->host) == 0)
        presence_tell(&self->presence, connection);
    presence_leave(connection);
    connection_close(connection);
    signals_release(held);
}

static const clb_sink sink = {.flags = CLB_SINK_NETWORK,
                              .create = create,
                              .start = start,
                              .deliver = deliver,
                              .wait = wait,
                              .stop = stop,
                              .destroy = destroy};

static const void *CLB_CALL get_interface(const char *id)
{
    return id != NULL && strcmp(id, CLB_SINK) == 0 ? &sink : NULL;
}

static const clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = "mqtt",
    .version = CLOCKBLOCK_VERSION,
    .description = "Publishes heartbeats to an MQTT broker, and shows up in Home Assistant",
    .options = settings_options,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
