/* SPDX-License-Identifier: MIT */
/* What the agent says of itself that changes seldom: no counters, no ages, and no reasons, which
 * may hold some. */
#include "status.h"

#include "json.h"
#include "zone/civil.h"

#include <assert.h>

static struct json_object *object(void)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    return json;
}

static void add(struct json_object *json, const char *key, struct json_object *value)
{
    json_object_object_add(json, key, value);
}

static struct json_object *named_state(const char *name, const char *state)
{
    struct json_object *json = object();
    add(json, "name", json_object_new_string(name));
    add(json, "state", json_object_new_string(state));
    return json;
}

static struct json_object *detectors(struct detect *detect)
{
    struct json_object *list = json_object_new_array();
    for (int i = 0; i < detect_count(detect); i++) {
        struct detect_view view;
        detect_get(detect, i, &view);
        json_object_array_add(list, named_state(view.name, detect_state_name(view.state)));
    }
    return list;
}

static struct json_object *sinks(struct deliver *deliver)
{
    struct json_object *list = json_object_new_array();
    for (int i = 0; i < deliver_count(deliver); i++) {
        struct deliver_view view;
        deliver_get(deliver, i, &view);
        json_object_array_add(list, named_state(view.name, deliver_state_name(view.state)));
    }
    return list;
}

/* Null before the first heartbeat. */
static struct json_object *today(struct sampler *sampler)
{
    char date[CIVIL_DATE_CAPACITY];
    struct sampler_view view;
    sampler_get(sampler, &view);
    if (!view.has_heartbeat)
        return NULL;
    bool limited = view.today.allowance_ms != ALLOWANCE_UNLIMITED;
    civil_format_date(view.date, date);
    struct json_object *json = object();
    add(json, "date", json_object_new_string(date));
    add(json, "minutes_allowance", limited ? json_minutes(view.today.allowance_ms) : NULL);
    add(json, "minutes_granted", json_minutes(view.today.granted_ms));
    return json;
}

char *status_states(const struct status_source *source)
{
    struct store_health health;
    char reason[sizeof(health.problem)];
    bool storing = status_is_storing(source, &health, reason, sizeof(reason));
    struct json_object *json = object();
    add(json, "health", json_object_new_string(storing ? "ok" : "failing"));
    add(json, "online", status_online(source->generation->deliver));
    add(json, "today", today(source->sampler));
    add(json, "detectors", detectors(source->generation->detect));
    add(json, "sinks", sinks(source->generation->deliver));
    return json_print(json);
}
