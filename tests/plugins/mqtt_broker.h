/* SPDX-License-Identifier: MIT */
/* A mosquitto of the test's own on loopback, and somebody who listens to it. */
#ifndef TESTS_MQTT_BROKER_H
#define TESTS_MQTT_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mqtt_broker {
    char folder[64];
    int port;
    pid_t pid;
};

/* `more`: further lines of its configuration, or "". Fails the test when it does not come up. */
void mqtt_broker_start(struct mqtt_broker *broker, const char *more);
void mqtt_broker_restart(struct mqtt_broker *broker); /* by -9, at the same port */
void mqtt_broker_kill(struct mqtt_broker *broker);
void mqtt_broker_remove(struct mqtt_broker *broker); /* with its folder */
int mqtt_free_port(void);

enum { WATCHED_MAX = 64 };

/* A client that has subscribed to everything. */
struct mqtt_watcher {
    struct mosquitto *mosquitto;
    bool is_subscribed;
    int confirmed;
    int count;
    struct watched {
        char topic[128];
        char payload[4096];
        bool is_retained;
    } messages[WATCHED_MAX];
};

void mqtt_watcher_start(struct mqtt_watcher *watcher, const struct mqtt_broker *broker);
void mqtt_watcher_stop(struct mqtt_watcher *watcher);

/* Waits until there are so many messages in all; fails the test when they do not come. */
void mqtt_watcher_wait(struct mqtt_watcher *watcher, int count);
void mqtt_watcher_linger(struct mqtt_watcher *watcher, int ms); /* reads what else comes */
void mqtt_watcher_publish(struct mqtt_watcher *watcher, const char *topic, const char *payload);

/* The last message to a topic, or NULL; and how many there were. */
const struct watched *mqtt_watcher_last(const struct mqtt_watcher *watcher, const char *topic);
int mqtt_watcher_count(const struct mqtt_watcher *watcher, const char *topic);

#endif
