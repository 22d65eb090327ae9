/* SPDX-License-Identifier: MIT */
/* Where things are published, and under which name. Pure. */
#ifndef MQTT_TOPICS_H
#define MQTT_TOPICS_H

#include <stdbool.h>

/* All owned. Made when the first batch says which device this is. */
struct topics {
    char *device_id;    /* as the user wrote it */
    char *id;           /* the same, in characters that topics and Home Assistant allow */
    char *client_id;    /* what the broker knows this agent by */
    char *heartbeats;   /* each of them, in order */
    char *gaps;         /* what could not be kept */
    char *state;        /* retained: the newest snapshot */
    char *availability; /* retained: "online" or "offline" */
    char *discovery;    /* retained: tells Home Assistant what there is; NULL: not wanted */
    char *birth;        /* where Home Assistant says "online" when it has started; NULL likewise */
};

/* The id stays the same for a device_id, whatever else changes: an entity of Home Assistant hangs
 * on it, and a database made anew must not make new ones. `client_id` NULL: one is made from the
 * id. `discovery_prefix` "": no discovery. False: no memory. */
bool topics_make(struct topics *topics, const char *device_id, const char *client_id,
                 const char *base_topic, const char *discovery_prefix);
void topics_finish(struct topics *topics);

/* NULL, or what is wrong with the beginning of a topic (static). */
const char *topics_problem(const char *beginning);

#endif
