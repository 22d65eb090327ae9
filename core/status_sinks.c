/* SPDX-License-Identifier: MIT */
/* What the agent says of its sinks, and of what plugins cost. */
#include "status.h"

#include "store/delivery.h"

#include <assert.h>
#include <string.h>

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

struct json_object *status_seconds_since(int64_t then_ms, int64_t now_ms)
{
    int64_t passed_ms = now_ms > then_ms ? now_ms - then_ms : 0;
    return then_ms == 0 ? NULL : json_object_new_int64(passed_ms / 1000);
}

struct json_object *status_account(const struct instance_account *account)
{
    struct json_object *json = object();
    add(json, "calls", json_object_new_int64(account->calls));
    add(json, "failures", json_object_new_int64(account->failures));
    add(json, "busy_ms", json_object_new_int64(account->busy_us / 1000));
    add(json, "slowest_ms", json_object_new_int64(account->slowest_us / 1000));
    add(json, "broken_rules", json_object_new_int64(account->broken_rules));
    add(json, "broken_rule", json_text(account->broken_rule));
    return json;
}

static void add_attempts(struct json_object *json, const struct deliver_view *view,
                         const struct store_delivery *delivery, int64_t now_ms)
{
    int64_t wait_ms = view->next_attempt_ms > now_ms ? view->next_attempt_ms - now_ms : 0;
    const char *reason = view->reason[0] != '\0' ? view->reason : delivery->last_error;
    add(json, "last_success", json_timestamp(view->last_success_ms));
    add(json, "last_attempt", json_timestamp(view->last_attempt_ms));
    add(json, "last_error", json_text(reason));
    add(json, "attempts", json_object_new_int64(view->attempts));
    add(json, "failures", json_object_new_int64(view->failures));
    add(json, "failures_in_row", json_object_new_int64(delivery->failures));
    add(json, "next_attempt_in_sec", json_object_new_int64(wait_ms / 1000));
}

static struct json_object *sink_json(const struct status_source *source,
                                     const struct deliver_view *view, int64_t now_ms)
{
    struct store_sink_state state = {0};
    struct store_delivery delivery = {0};
    struct error error = {0};
    int result = store_read_sink(source->reader, view->name, &state, &error);
    if (result == 0)
        result = store_read_delivery(source->reader, view->name, 0, &delivery, &error);
    bool has_pending = result == 0 && state.pending > 0;
    int64_t wall_ms = source->clock->wall_ms(source->clock);
    const char *state_name = source->is_offline ? "stopped" : deliver_state_name(view->state);

    struct json_object *json = object();
    add(json, "name", json_object_new_string(view->name));
    add(json, "plugin", json_object_new_string(view->plugin));
    add(json, "state", json_object_new_string(state_name));
    add(json, "pending", result == 0 ? json_object_new_int64(state.pending) : NULL);
    add(json, "oldest_pending_sec",
        has_pending ? status_seconds_since(state.oldest_pending_ms, wall_ms) : NULL);
    add(json, "delivered_seq", json_object_new_int64(state.delivered_seq));
    add_attempts(json, view, &delivery, now_ms);
    add(json, "quarantined", json_object_new_int64(delivery.quarantined));
    add(json, "gaps", json_object_new_int64(delivery.gaps));
    add(json, "plugin_stats", status_account(&view->account));
    return json;
}

/* What is stored of the sinks of a configuration that nothing runs by. */
static void add_offline(struct json_object *sinks, const struct status_source *source)
{
    const struct config *config = source->generation->plan.config;
    for (int i = 0; i < config->sinks_count; i++) {
        struct deliver_view view = {.plugin = config->sinks[i].plugin};
        if (!config->sinks[i].enabled)
            continue;
        memcpy(view.name, config->sinks[i].name, sizeof(view.name));
        json_object_array_add(sinks, sink_json(source, &view, 0));
    }
}

struct json_object *status_sinks(const struct status_source *source)
{
    int64_t now_ms = source->clock->monotonic_ms(source->clock);
    struct deliver *deliver = source->generation->deliver;
    struct json_object *sinks = json_object_new_array();
    for (int i = 0; !source->is_offline && i < deliver_count(deliver); i++) {
        struct deliver_view sink;
        deliver_get(deliver, i, &sink);
        json_object_array_add(sinks, sink_json(source, &sink, now_ms));
    }
    if (source->is_offline)
        add_offline(sinks, source);
    return sinks;
}
