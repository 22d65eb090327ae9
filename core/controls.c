/* SPDX-License-Identifier: MIT */
#include "controls.h"

#include "platform/process.h"
#include "store/delivery.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_MAX = 1000 };

static char *refuse(int code, const char *sentence)
{
    struct error error = {0};
    error_set(&error, code, "%s", sentence);
    return control_fail(&error);
}

static struct json_object *object(void)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    return json;
}

static char *serve_status(void *context, const char *const *arguments)
{
    (void)arguments;
    return status_json(context);
}

/* As SIGHUP does. */
static char *serve_reload(void *context, const char *const *arguments)
{
    (void)context;
    (void)arguments;
    process_give_back_events(PROCESS_EVENT_RELOAD);
    return json_print(object());
}

static char *serve_sinks(void *context, const char *const *arguments)
{
    (void)arguments;
    struct json_object *json = object();
    json_object_object_add(json, "sinks", status_sinks(context));
    return json_print(json);
}

/* ---- Quarantine ---- */

static void list_one(const struct store_quarantined *quarantined, void *context)
{
    struct json_object *json = object();
    json_object_object_add(json, "sink", json_object_new_string(quarantined->sink));
    json_object_object_add(json, "seq", json_object_new_int64(quarantined->seq));
    json_object_object_add(json, "quarantined_at", json_timestamp(quarantined->wall_ms));
    json_object_object_add(json, "reason", json_object_new_string(quarantined->reason));
    json_object_object_add(json, "heartbeat", json_tokener_parse(quarantined->json));
    json_object_array_add(context, json);
}

/* [SINK] */
static char *serve_list(void *context, const char *const *arguments)
{
    const struct status_source *source = context;
    struct error error = {0};
    struct json_object *json = object();
    struct json_object *list = json_object_new_array();
    json_object_object_add(json, "quarantine", list);
    if (store_each_quarantined(source->reader, arguments[0], 0, LISTED_MAX, list_one, list,
                               &error) == 0)
        return json_print(json);
    json_object_put(json);
    return control_fail(&error);
}

/* "12", or "all": 0. False: it is neither. */
static bool parse_seq(const char *text, int64_t *seq)
{
    char *end;
    *seq = 0;
    if (strcmp(text, "all") == 0)
        return true;
    *seq = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *seq > 0;
}

/* SINK SEQ|all */
static char *serve_delete(void *context, const char *const *arguments)
{
    const struct status_source *source = context;
    struct error error = {0};
    int64_t seq;
    int64_t count = 0;
    if (arguments[0] == NULL || arguments[1] == NULL || !parse_seq(arguments[1], &seq))
        return refuse(EXIT_CODE_USAGE, "name a sink, and a seq or \"all\"");
    if (store_quarantine_remove(source->store, arguments[0], seq, &count, &error) != 0)
        return control_fail(&error);
    struct json_object *json = object();
    json_object_object_add(json, "deleted", json_object_new_int64(count));
    return json_print(json);
}

/* SINK: how far its replay got. */
static char *serve_replayed(void *context, const char *const *arguments)
{
    const struct status_source *source = context;
    struct deliver_replay replay;
    if (arguments[0] == NULL ||
        !deliver_get_replay(source->generation->deliver, arguments[0], &replay))
        return refuse(EXIT_CODE_CONFIG, "there is no such sink");
    struct json_object *json = object();
    json_object_object_add(json, "busy", json_object_new_boolean(replay.is_busy));
    json_object_object_add(json, "accepted", json_object_new_int64(replay.accepted));
    json_object_object_add(json, "refused", json_object_new_int64(replay.refused));
    json_object_object_add(json, "reason", json_text(replay.reason));
    return json_print(json);
}

/* SINK SEQ|all: where workers run it only begins. */
static char *serve_replay(void *context, const char *const *arguments)
{
    const struct status_source *source = context;
    struct error error = {0};
    int64_t seq;
    if (arguments[0] == NULL || arguments[1] == NULL || !parse_seq(arguments[1], &seq))
        return refuse(EXIT_CODE_USAGE, "name a sink, and a seq or \"all\"");
    if (deliver_start_replay(source->generation->deliver, arguments[0], seq, &error) != 0)
        return control_fail(&error);
    if (source->is_offline)
        deliver_replay_once(source->generation->deliver);
    return serve_replayed(context, arguments);
}

/* ---- Repair ---- */

struct told {
    struct json_object *list;
    int64_t count;
};

static void tell_one(const char *sentence, void *context)
{
    struct told *told = context;
    if (told->count++ < LISTED_MAX)
        json_object_array_add(told->list, json_object_new_string(sentence));
}

/* What it found, and what is left. */
static char *serve_repair(void *context, const char *const *arguments)
{
    const struct status_source *source = context;
    struct store_repair repair;
    struct error error = {0};
    struct told told = {.list = json_object_new_array()};
    (void)arguments;
    if (store_repair(source->store, &repair, tell_one, &told, &error) != 0) {
        json_object_put(told.list);
        return control_fail(&error);
    }
    struct json_object *json = object();
    json_object_object_add(json, "repaired",
                           json_object_new_int64(told.count - repair.after.differences));
    json_object_object_add(json, "found", told.list);
    json_object_object_add(json, "backup", json_text(repair.backup));
    json_object_object_add(json, "differences", json_object_new_int64(repair.after.differences));
    sampler_repaired(source->sampler);
    return json_print(json);
}

const struct control_command controls[] = {{"status", serve_status, 0},
                                           {"reload", serve_reload, 0},
                                           {"sinks", serve_sinks, 0},
                                           {"grant", controls_grant, 3},
                                           {"grants", controls_grants, 0},
                                           {"quarantine_list", serve_list, 0},
                                           {"quarantine_delete", serve_delete, 0},
                                           {"quarantine_replay", serve_replay, 0},
                                           {"quarantine_replayed", serve_replayed, 0},
                                           {"repair", serve_repair, 0},
                                           {NULL, NULL, 0}};

char *controls_serve(struct status_source *source, const char *command,
                     const char *const *arguments)
{
    for (const struct control_command *known = controls; known->name != NULL; known++)
        if (strcmp(known->name, command) == 0)
            return known->serve(source, arguments);
    return NULL;
}

bool controls_only_look(const char *command)
{
    static const char *const looks[] = {"sinks", "grants", "quarantine_list"};
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
        if (strcmp(command, looks[i]) == 0)
            return true;
    return false;
}
