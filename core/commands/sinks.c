/* SPDX-License-Identifier: MIT */
/* `clockblock sinks [NAME]`: how each sink fares, and what waits for it. */
#include "commands.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

static void print_sink(struct json_object *sink)
{
    printf("%s (%s)\n", json_get_text(sink, "name"), json_get_text(sink, "plugin"));
    printf("  %-14s %s\n", "state", json_get_text(sink, "state"));
    printf("  %-14s %s", "pending", json_get_text(sink, "pending"));
    if (json_get(sink, "oldest_pending_sec") != NULL)
        printf(", the oldest for %s s", json_get_text(sink, "oldest_pending_sec"));
    printf("\n  %-14s %s, %s failed, %s in a row\n", "attempts", json_get_text(sink, "attempts"),
           json_get_text(sink, "failures"), json_get_text(sink, "failures_in_row"));
    if (json_get(sink, "last_error") != NULL)
        printf("  %-14s %s\n", "last error", json_get_text(sink, "last_error"));
    if (json_get(sink, "last_success") != NULL)
        printf("  %-14s %s\n", "last success", json_get_text(sink, "last_success"));
    if (strcmp(json_get_text(sink, "state"), "stopped") != 0)
        printf("  %-14s in %s s\n", "next attempt", json_get_text(sink, "next_attempt_in_sec"));
    printf("  %-14s %s\n", "quarantined", json_get_text(sink, "quarantined"));
    printf("  %-14s %s\n", "gaps", json_get_text(sink, "gaps"));
}

/* NULL: there is none of that name. */
static struct json_object *find(struct json_object *sinks, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(sinks); i++)
        if (strcmp(json_get_text(json_object_array_get_idx(sinks, i), "name"), name) == 0)
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
        json_show(sink);
    else
        print_sink(sink);
    return 0;
}

static void print_all(const struct command_line *line, struct json_object *sinks)
{
    if (line->json) {
        json_show(sinks);
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
    struct json_object *sinks = json_get(answer, "sinks");
    if (line->arguments_count > 0)
        result = print_one(line, sinks);
    else
        print_all(line, sinks);
    json_object_put(answer);
    return result;
}
