/* SPDX-License-Identifier: MIT */
/* `clockblock status`: asks the running agent through its control socket. */
#include "commands.h"
#include "control/control.h"
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_minutes(const char *label, double minutes)
{
    int64_t seconds = (int64_t)(minutes * 60 + 0.5);
    printf("%-10s %" PRId64 ":%02d:%02d\n", label, seconds / 3600, (int)(seconds / 60 % 60),
           (int)(seconds % 60));
}

static void print_now(struct json_object *status)
{
    struct json_object *playing = json_get(status, "is_playing");
    if (playing == NULL)
        printf("%-10s no heartbeat yet\n", "now");
    else if (!json_object_get_boolean(playing))
        printf("%-10s not playing\n", "now");
    else
        printf("%-10s playing %s since %s (seen by %s)\n", "now",
               json_get(status, "activity") != NULL ? json_get_text(status, "activity")
                                                    : "something",
               json_get_text(status, "since"), json_get_text(status, "decided_by"));
}

static void print_why(struct json_object *status)
{
    if (json_get(status, "why") != NULL)
        printf("%-10s %s\n", "why", json_get_text(status, "why"));
}

static void print_today(struct json_object *today)
{
    if (today == NULL)
        return;
    print_minutes("today", json_get_number(today, "minutes_used"));
    if (json_get(today, "minutes_left") == NULL)
        return;
    if (json_get_number(today, "minutes_overdraft") > 0)
        print_minutes("overdraft", json_get_number(today, "minutes_overdraft"));
    if (json_get_number(today, "minutes_granted") != 0)
        print_minutes("granted", json_get_number(today, "minutes_granted"));
    print_minutes("left", json_get_number(today, "minutes_left"));
}

static void print_parts(const char *label, struct json_object *parts)
{
    for (size_t i = 0; i < json_object_array_length(parts); i++) {
        struct json_object *part = json_object_array_get_idx(parts, i);
        struct json_object *pending = json_get(part, "pending");
        const char *reason = json_get(part, "reason") != NULL ? json_get_text(part, "reason")
                                                              : json_get_text(part, "last_error");
        printf("%-10s %s: %s", i == 0 ? label : "", json_get_text(part, "name"),
               json_get_text(part, "state"));
        if (json_get(part, "active") != NULL && json_object_get_boolean(json_get(part, "active")))
            printf(", sees %s", json_get_text(part, "subject"));
        if (pending != NULL)
            printf(", %" PRId64 " pending", json_object_get_int64(pending));
        const char *rule = json_get_text(json_get(part, "plugin_stats"), "broken_rule");
        printf("%s%s%s%s\n", reason[0] != '\0' ? ": " : "", reason,
               rule[0] != '\0' ? "; breaks a rule of the ABI: " : "", rule);
    }
}

static void print_api(struct json_object *api)
{
    if (api == NULL)
        return;
    const char *problem = json_get_text(api, "problem");
    printf("%-10s %s%s%s\n", "api", json_get_text(api, "url"), problem[0] != '\0' ? ": " : "",
           problem);
}

static void print_text(struct json_object *status)
{
    struct json_object *store = json_get(status, "store");
    printf("%-10s %s\n", "device", json_get_text(status, "device_id"));
    print_now(status);
    print_why(status);
    print_today(json_get(status, "today"));
    print_parts("detectors", json_get(status, "detectors"));
    print_parts("sinks", json_get(status, "sinks"));
    printf("%-10s %s: %s heartbeats, %s bytes%s%s\n", "store", json_get_text(store, "health"),
           json_get_text(store, "rows"), json_get_text(store, "bytes"),
           json_get(store, "problem") != NULL ? ": " : "", json_get_text(store, "problem"));
    print_api(json_get(status, "api"));
    printf("%-10s %s, up for %s s\n", "version", json_get_text(status, "version"),
           json_get_text(status, "uptime_sec"));
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
    if (status == NULL || json_get(status, "error") != NULL) {
        error_set(&error, EXIT_CODE_UNAVAILABLE, "the agent answered: %s",
                  status != NULL ? json_get_text(status, "error") : "nothing that can be read");
        json_object_put(status);
        return command_fail(&error);
    }
    if (line->json)
        json_show(status);
    else
        print_text(status);
    json_object_put(status);
    return 0;
}
