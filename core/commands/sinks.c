/* SPDX-License-Identifier: MIT */
/* `clockblock sinks [NAME]`: how each sink fares, and what waits for it. */
#include "commands.h"
#include "json.h"

#include <stdio.h>
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

static void print_sink(struct json_object *sink)
{
    printf("%s (%s)\n", text(sink, "name"), text(sink, "plugin"));
    printf("  %-14s %s\n", "state", text(sink, "state"));
    printf("  %-14s %s", "pending", text(sink, "pending"));
    if (get(sink, "oldest_pending_sec") != NULL)
        printf(", the oldest for %s s", text(sink, "oldest_pending_sec"));
    printf("\n  %-14s %s, %s failed, %s in a row\n", "attempts", text(sink, "attempts"),
           text(sink, "failures"), text(sink, "failures_in_row"));
    if (get(sink, "last_error") != NULL)
        printf("  %-14s %s\n", "last error", text(sink, "last_error"));
    if (get(sink, "last_success") != NULL)
        printf("  %-14s %s\n", "last success", text(sink, "last_success"));
    if (strcmp(text(sink, "state"), "stopped") != 0)
        printf("  %-14s in %s s\n", "next attempt", text(sink, "next_attempt_in_sec"));
    printf("  %-14s %s\n", "quarantined", text(sink, "quarantined"));
    printf("  %-14s %s\n", "gaps", text(sink, "gaps"));
}

static void print_json(struct json_object *json)
{
    printf("%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* NULL: there is none of that name. */
static struct json_object *find(struct json_object *sinks, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(sinks); i++)
        if (strcmp(text(json_object_array_get_idx(sinks, i), "name"), name) == 0)
            return json_object_array_get_idx(sinks, i);
    return NULL;
}

static int print_one(const struct command_line *line, struct json_object *sinks)
{
    struct json_object *sink = find(sinks, line->arguments[0]);
    if (sink == NULL) {
        fprintf(stderr, "clockblock: no sink that is enabled has the name %s\n",
                line->arguments[0]);
        return EXIT_CODE_CONFIG;
    }
    if (line->json)
        print_json(sink);
    else
        print_sink(sink);
    return 0;
}

static void print_all(const struct command_line *line, struct json_object *sinks)
{
    if (line->json) {
        print_json(sinks);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(sinks); i++)
        print_sink(json_object_array_get_idx(sinks, i));
    if (json_object_array_length(sinks) == 0)
        printf("no sink is enabled\n");
}

int command_sinks(const struct command_line *line)
{
    struct json_object *answer = NULL;
    int result = command_ask(line, "sinks", NULL, &answer);
    if (result != 0)
        return result;
    struct json_object *sinks = get(answer, "sinks");
    if (line->arguments_count > 0)
        result = print_one(line, sinks);
    else
        print_all(line, sinks);
    json_object_put(answer);
    return result;
}
