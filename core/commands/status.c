/* SPDX-License-Identifier: MIT */
/* `clockblock status`: asks the running agent through its control socket. */
#include "commands.h"
#include "control/control.h"
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *get(struct json_object *json, const char *key)
{
    struct json_object *value = NULL;
    json_object_object_get_ex(json, key, &value);
    return value;
}

static const char *text(struct json_object *json, const char *key)
{
    struct json_object *value = get(json, key);
    return value != NULL ? json_object_get_string(value) : "";
}

static double number(struct json_object *json, const char *key)
{
    return json_object_get_double(get(json, key));
}

static void print_minutes(const char *label, double minutes)
{
    int64_t seconds = (int64_t)(minutes * 60 + 0.5);
    printf("%-10s %" PRId64 ":%02d:%02d\n", label, seconds / 3600, (int)(seconds / 60 % 60),
           (int)(seconds % 60));
}

static void print_now(struct json_object *status)
{
    struct json_object *playing = get(status, "is_playing");
    if (playing == NULL)
        printf("%-10s no heartbeat yet\n", "now");
    else if (!json_object_get_boolean(playing))
        printf("%-10s not playing\n", "now");
    else
        printf("%-10s playing %s since %s (seen by %s)\n", "now",
               get(status, "activity") != NULL ? text(status, "activity") : "something",
               text(status, "since"), text(status, "decided_by"));
}

static void print_today(struct json_object *today)
{
    if (today == NULL)
        return;
    print_minutes("today", number(today, "minutes_used"));
    if (get(today, "minutes_left") == NULL)
        return;
    if (number(today, "minutes_overdraft") > 0)
        print_minutes("overdraft", number(today, "minutes_overdraft"));
    if (number(today, "minutes_granted") != 0)
        print_minutes("granted", number(today, "minutes_granted"));
    print_minutes("left", number(today, "minutes_left"));
}

static void print_parts(const char *label, struct json_object *parts)
{
    for (size_t i = 0; i < json_object_array_length(parts); i++) {
        struct json_object *part = json_object_array_get_idx(parts, i);
        struct json_object *pending = get(part, "pending");
        const char *reason =
            get(part, "reason") != NULL ? text(part, "reason") : text(part, "last_error");
        printf("%-10s %s: %s", i == 0 ? label : "", text(part, "name"), text(part, "state"));
        if (get(part, "active") != NULL && json_object_get_boolean(get(part, "active")))
            printf(", sees %s", text(part, "subject"));
        if (pending != NULL)
            printf(", %" PRId64 " pending", json_object_get_int64(pending));
        const char *rule = text(get(part, "plugin_stats"), "broken_rule");
        printf("%s%s%s%s\n", reason[0] != '\0' ? ": " : "", reason,
               rule[0] != '\0' ? "; breaks a rule of the ABI: " : "", rule);
    }
}

static void print_text(struct json_object *status)
{
    struct json_object *store = get(status, "store");
    printf("%-10s %s\n", "device", text(status, "device_id"));
    print_now(status);
    print_today(get(status, "today"));
    print_parts("detectors", get(status, "detectors"));
    print_parts("sinks", get(status, "sinks"));
    printf("%-10s %s: %s heartbeats, %s bytes%s%s\n", "store", text(store, "health"),
           text(store, "rows"), text(store, "bytes"), get(store, "problem") != NULL ? ": " : "",
           text(store, "problem"));
    printf("%-10s %s, up for %s s\n", "version", text(status, "version"),
           text(status, "uptime_sec"));
}

int command_status(const struct command_line *line)
{
    char db_path[PATH_CAPACITY];
    struct error error = {0};
    char *answer = NULL;
    int result = command_db_path(line, db_path);
    if (result != 0)
        return result;
    if (control_ask(db_path, "status", NULL, CONTROL_LOOK_SEC, &answer, &error) != 0)
        return command_fail(&error);

    struct json_object *status = json_tokener_parse(answer);
    free(answer);
    if (status == NULL || get(status, "error") != NULL) {
        error_set(&error, EXIT_CODE_UNAVAILABLE, "the agent answered: %s",
                  status != NULL ? text(status, "error") : "nothing that can be read");
        json_object_put(status);
        return command_fail(&error);
    }
    if (line->json)
        printf("%s\n", json_object_to_json_string_ext(status, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
    else
        print_text(status);
    json_object_put(status);
    return 0;
}
