/* SPDX-License-Identifier: MIT */
#include "status.h"

#include "clockblock_paths.h"
#include "json.h"
#include "platform/tzdata.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>

/* No commit for so many intervals, or seconds, whichever is longer, means that something is wrong.
 */
enum { SILENT_INTERVALS = 3, SILENT_MIN_MS = 15 * 1000 };

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

/* ---- Parts ---- */

static void add_playing(struct json_object *json, const struct sampler_view *view, const char *why)
{
    const struct heartbeat *heartbeat = &view->heartbeat;
    bool known = view->has_heartbeat;
    add(json, "is_playing", known ? json_object_new_boolean(heartbeat->is_playing) : NULL);
    add(json, "activity", known ? json_text(heartbeat->activity) : NULL);
    add(json, "decided_by", known ? json_text(heartbeat->decided_by) : NULL);
    add(json, "why", json_text(why));
    add(json, "since", known ? json_timestamp(view->since_ms) : NULL);
    add(json, "last_seen", known ? json_timestamp(heartbeat->wall_ms) : NULL);
}

static struct json_object *today_json(const struct sampler_view *view)
{
    if (!view->has_heartbeat)
        return NULL;
    char date[CIVIL_DATE_CAPACITY];
    civil_format_date(view->date, date);
    const struct day_account *today = &view->today;
    bool limited = today->allowance_ms != ALLOWANCE_UNLIMITED;
    struct json_object *json = object();
    add(json, "date", json_object_new_string(date));
    add(json, "minutes_used", json_minutes(today->used_ms));
    add(json, "minutes_overdraft", json_minutes(today->overdraft_ms));
    add(json, "minutes_left", limited ? json_minutes(allowance_left_ms(today)) : NULL);
    add(json, "minutes_allowance", limited ? json_minutes(today->allowance_ms) : NULL);
    add(json, "minutes_granted", json_minutes(today->granted_ms));
    return json;
}

/* The household's zone; null: it has no name. */
static struct json_object *timezone_json(const struct config *config)
{
    char zone[TZDATA_NAME_CAPACITY];
    return tzdata_name(config->timezone, zone) ? json_text(zone) : NULL;
}

struct json_object *status_detector(const struct detect_view *view, int64_t now_ms)
{
    struct json_object *json = object();
    add(json, "name", json_object_new_string(view->name));
    add(json, "plugin", json_object_new_string(view->plugin));
    add(json, "role", json_object_new_string(view->is_evidence ? "evidence" : "context"));
    add(json, "state", json_object_new_string(detect_state_name(view->state)));
    add(json, "active", json_object_new_boolean(view->fuse.available && view->fuse.active));
    add(json, "activity", json_text(view->fuse.activity));
    add(json, "confidence", json_object_new_int(view->fuse.confidence));
    add(json, "subject", json_text(view->subject));
    add(json, "value", json_object_new_double(view->value));
    add(json, "reason", json_text(view->reason));
    add(json, "polls", json_object_new_int64(view->polls));
    add(json, "failures", json_object_new_int64(view->failures));
    add(json, "seconds_since_poll", status_seconds_since(view->polled_ms, now_ms));
    add(json, "plugin_stats", status_account(&view->account));
    return json;
}

struct json_object *status_online(const struct deliver *deliver)
{
    int64_t newest_ms = 0;
    bool succeeded = false;
    for (int i = 0; i < deliver_count(deliver); i++) {
        struct deliver_view view;
        deliver_get((struct deliver *)deliver, i, &view);
        if (!view.is_network || view.last_attempt_ms == 0 || view.last_attempt_ms < newest_ms)
            continue;
        newest_ms = view.last_attempt_ms;
        succeeded = view.state == DELIVER_OK;
    }
    return newest_ms != 0 ? json_object_new_boolean(succeeded) : NULL;
}

bool status_is_storing(const struct status_source *source, struct store_health *health,
                       char *reason, size_t capacity)
{
    int64_t now_ms = source->clock->monotonic_ms(source->clock);
    int64_t interval_ms = (int64_t)source->generation->plan.config->poll_interval_sec * 1000;
    int64_t silent_ms = SILENT_INTERVALS * interval_ms;
    if (silent_ms < SILENT_MIN_MS)
        silent_ms = SILENT_MIN_MS;
    store_get_health(source->store, health);
    int64_t since_ms = health->last_commit_monotonic_ms != 0 ? health->last_commit_monotonic_ms
                                                             : source->started_ms;
    snprintf(reason, capacity, "%s", health->problem);
    if (!health->storing)
        return false;
    if (now_ms - since_ms <=
        silent_ms + source->generation->plan.config->commit_interval_sec * 1000)
        return true;
    snprintf(reason, capacity, "no heartbeat was stored for %lld s",
             (long long)((now_ms - since_ms) / 1000));
    return false;
}

static struct json_object *store_json(const struct status_source *source)
{
    struct store_health health;
    char reason[sizeof(health.problem)];
    bool storing = status_is_storing(source, &health, reason, sizeof(reason));
    struct json_object *json = object();
    add(json, "health", json_object_new_string(storing ? "ok" : "failing"));
    add(json, "problem", json_text(reason));
    add(json, "path", json_object_new_string(source->generation->plan.config->db_path));
    add(json, "bytes", json_object_new_int64(health.bytes));
    add(json, "rows", json_object_new_int64(health.rows));
    add(json, "durable_seq", json_object_new_int64(health.durable_seq));
    add(json, "waiting", json_object_new_int64(health.waiting));
    add(json, "dropped", json_object_new_int64(health.dropped));
    add(json, "event", json_text(health.event));
    add(json, "event_at", health.event_ms != 0 ? json_timestamp(health.event_ms) : NULL);
    return json;
}

static struct json_object *api_json(const struct api *api)
{
    if (api == NULL)
        return NULL;
    struct json_object *json = object();
    add(json, "url", json_object_new_string(api_url(api)));
    add(json, "listening", json_object_new_boolean(api_is_listening(api)));
    add(json, "problem", json_text(api_problem(api)));
    return json;
}

/* ---- The whole ---- */

char *status_json(const struct status_source *source)
{
    struct generation *generation = source->generation;
    int64_t now_ms = source->clock->monotonic_ms(source->clock);
    char why[DETECT_WHY_CAPACITY];
    struct sampler_view view;
    sampler_get(source->sampler, &view);
    sampler_why(source->sampler, why);

    struct json_object *json = object();
    add(json, "device_id", json_object_new_string(store_origin(source->store)->device_id));
    add_playing(json, &view, why);
    add(json, "online", status_online(generation->deliver));
    add(json, "today", today_json(&view));
    add(json, "timezone", timezone_json(generation->plan.config));

    struct json_object *detectors = json_object_new_array();
    for (int i = 0; i < detect_count(generation->detect); i++) {
        struct detect_view detector;
        detect_get(generation->detect, i, &detector);
        json_object_array_add(detectors, status_detector(&detector, now_ms));
    }
    add(json, "detectors", detectors);

    add(json, "sinks", status_sinks(source));
    add(json, "store", store_json(source));
    add(json, "api", api_json(source->api));
    add(json, "poll_interval_sec", json_object_new_int(generation->plan.config->poll_interval_sec));
    add(json, "config", json_object_new_string(generation->plan.config->file));
    add(json, "uptime_sec", json_object_new_int64((now_ms - source->started_ms) / 1000));
    add(json, "version", json_object_new_string(CLOCKBLOCK_VERSION));
    return json_print(json);
}

bool status_health(const struct status_source *source, char **json)
{
    struct store_health health;
    char reason[sizeof(health.problem)];
    bool storing = status_is_storing(source, &health, reason, sizeof(reason));
    struct json_object *answer = object();
    add(answer, "status", json_object_new_string(storing ? "ok" : "error"));
    add(answer, "reason", json_text(reason));
    *json = json_print(answer);
    return storing;
}
