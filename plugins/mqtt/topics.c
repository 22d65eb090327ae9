/* SPDX-License-Identifier: MIT */
#include "topics.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEGINNING_MAX_BYTES = 200 };

/* What Home Assistant takes for an id; a topic of MQTT may hold more. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* FNV-1a, 32 bits: two devices that differ only in what is not plain stay two. */
static uint32_t code_of(const char *text)
{
    uint32_t code = 2166136261U;
    for (; *text != '\0'; text++)
        code = (code ^ (unsigned char)*text) * 16777619U;
    return code;
}

static char *make_id(const char *device_id)
{
    size_t length = strlen(device_id);
    bool was_plain = true;
    char *id = malloc(length + sizeof("_01234567"));
    if (id == NULL)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        id[i] = device_id[i];
        if (!is_plain(id[i])) {
            id[i] = '_';
            was_plain = false;
        }
    }
    id[length] = '\0';
    if (!was_plain)
        snprintf(id + length, sizeof("_01234567"), "_%08" PRIx32, code_of(device_id));
    return id;
}

static char *joined(const char *first, const char *second, const char *third)
{
    size_t capacity = strlen(first) + strlen(second) + strlen(third) + 1;
    char *text = malloc(capacity);
    if (text != NULL)
        snprintf(text, capacity, "%s%s%s", first, second, third);
    return text;
}

static bool make_discovery(struct topics *topics, const char *prefix)
{
    if (prefix[0] == '\0')
        return true;
    char *beginning = joined(prefix, "/device/clockblock_", topics->id);
    topics->birth = joined(prefix, "/status", "");
    if (beginning != NULL)
        topics->discovery = joined(beginning, "/config", "");
    free(beginning);
    return topics->birth != NULL && topics->discovery != NULL;
}

static bool make_own(struct topics *topics, const char *base_topic)
{
    char *beginning = joined(base_topic, "/", topics->id);
    if (beginning == NULL)
        return false;
    topics->heartbeats = joined(beginning, "/heartbeats", "");
    topics->gaps = joined(beginning, "/gaps", "");
    topics->state = joined(beginning, "/state", "");
    topics->availability = joined(beginning, "/availability", "");
    free(beginning);
    return topics->heartbeats != NULL && topics->gaps != NULL && topics->state != NULL &&
           topics->availability != NULL;
}

bool topics_make(struct topics *topics, const char *device_id, const char *client_id,
                 const char *base_topic, const char *discovery_prefix)
{
    *topics = (struct topics){.device_id = joined(device_id, "", ""), .id = make_id(device_id)};
    bool is_made = topics->device_id != NULL && topics->id != NULL;
    if (is_made) {
        topics->client_id =
            client_id != NULL ? joined(client_id, "", "") : joined("clockblock-", topics->id, "");
        is_made = topics->client_id != NULL && make_own(topics, base_topic) &&
                  make_discovery(topics, discovery_prefix);
    }
    if (!is_made)
        topics_finish(topics);
    return is_made;
}

void topics_finish(struct topics *topics)
{
    free(topics->device_id);
    free(topics->id);
    free(topics->client_id);
    free(topics->heartbeats);
    free(topics->gaps);
    free(topics->state);
    free(topics->availability);
    free(topics->discovery);
    free(topics->birth);
    *topics = (struct topics){0};
}

const char *topics_problem(const char *beginning)
{
    size_t length = strlen(beginning);
    if (length == 0)
        return "is empty";
    if (length > BEGINNING_MAX_BYTES)
        return "is too long";
    if (beginning[0] == '$')
        return "begins with $, which is the broker's own";
    if (beginning[0] == '/' || beginning[length - 1] == '/')
        return "begins or ends with a slash: leave that out";
    for (const char *c = beginning; *c != '\0'; c++) {
        if (*c == '+' || *c == '#')
            return "holds + or #, which only a subscription may";
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            return "holds a control character";
    }
    return NULL;
}
