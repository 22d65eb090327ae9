/* SPDX-License-Identifier: MIT */
/* `clockblock quarantine`: heartbeats that a sink refused. List them, send them once more, forget
 * them. */
#include "commands.h"
#include "json.h"
#include "platform/clock.h"
#include "platform/wakeup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 100, PATIENCE_MS = 60 * 1000 };

/* ---- list ---- */

static void print_list(struct json_object *list)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        printf("%s %s, of %s: %s\n", json_get_text(one, "sink"), json_get_text(one, "seq"),
               json_get_text(json_get(one, "heartbeat"), "timestamp_utc"),
               json_get_text(one, "reason"));
    }
    if (json_object_array_length(list) == 0)
        printf("nothing is in quarantine\n");
}

static int run_list(const struct command_line *line)
{
    struct json_object *answer = NULL;
    int result = command_ask(line, "quarantine_list", &line->arguments[1], &answer);
    if (result != 0)
        return result;
    if (line->json)
        json_show(json_get(answer, "quarantine"));
    else
        print_list(json_get(answer, "quarantine"));
    json_object_put(answer);
    return 0;
}

/* ---- replay ---- */

/* Looks until the agent has sent them all, or it takes too long. */
static int wait_for_replay(const struct command_line *line, const char *sink,
                           struct json_object **answer)
{
    const char *const arguments[] = {sink, NULL};
    struct clock clock;
    struct wakeup wakeup;
    int result = 0;
    clock_init_system(&clock);
    if (wakeup_init(&wakeup) != 0)
        return EXIT_CODE_SOFTWARE;
    int64_t until_ms = clock.monotonic_ms(&clock) + PATIENCE_MS;
    while (result == 0 && json_object_get_boolean(json_get(*answer, "busy")) &&
           clock.monotonic_ms(&clock) < until_ms) {
        clock.wait(&clock, &wakeup, clock.monotonic_ms(&clock) + LOOK_MS);
        json_object_put(*answer);
        result = command_ask(line, "quarantine_replayed", arguments, answer);
    }
    wakeup_finish(&wakeup);
    return result;
}

static int tell_replay(const struct command_line *line, const char *sink,
                       struct json_object *answer)
{
    int64_t accepted = json_object_get_int64(json_get(answer, "accepted"));
    int64_t refused = json_object_get_int64(json_get(answer, "refused"));
    if (line->json)
        json_show(answer);
    else
        printf("%s: %" PRId64 " taken, %" PRId64 " not%s%s%s\n", sink, accepted, refused,
               refused > 0 ? ": " : "", json_get_text(answer, "reason"),
               json_object_get_boolean(json_get(answer, "busy")) ? "; it goes on" : "");
    return refused == 0 && accepted > 0 ? 0 : EXIT_CODE_UNAVAILABLE;
}

static int replay_sink(const struct command_line *line, const char *sink, const char *seq)
{
    const char *const arguments[] = {sink, seq, NULL};
    struct json_object *answer = NULL;
    int result = command_ask(line, "quarantine_replay", arguments, &answer);
    if (result == 0)
        result = wait_for_replay(line, sink, &answer);
    if (result == 0)
        result = tell_replay(line, sink, answer);
    json_object_put(answer);
    return result;
}

/* Each sink that has some. */
static int replay_all(const struct command_line *line)
{
    struct json_object *answer = NULL;
    const char *const none[] = {NULL};
    int result = command_ask(line, "quarantine_list", none, &answer);
    if (result != 0)
        return result;
    struct json_object *list = json_get(answer, "quarantine");
    const char *last = "";
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *sink = json_get_text(json_object_array_get_idx(list, i), "sink");
        int one = strcmp(sink, last) != 0 ? replay_sink(line, sink, "all") : 0;
        result = result != 0 ? result : one;
        last = sink;
    }
    if (json_object_array_length(list) == 0)
        printf("nothing is in quarantine\n");
    json_object_put(answer);
    return result;
}

static int run_replay(const struct command_line *line)
{
    if (line->arguments_count < 2)
        return replay_all(line);
    return replay_sink(line, line->arguments[1],
                       line->arguments_count > 2 ? line->arguments[2] : "all");
}

/* ---- delete ---- */

static int run_delete(const struct command_line *line)
{
    struct json_object *answer = NULL;
    if (line->arguments_count < 3) {
        fprintf(stderr, "clockblock quarantine delete: name a sink, and a seq or \"all\"\n");
        return EXIT_CODE_USAGE;
    }
    int result = command_ask(line, "quarantine_delete", &line->arguments[1], &answer);
    if (result != 0)
        return result;
    int64_t count = json_object_get_int64(json_get(answer, "deleted"));
    printf("%" PRId64 " deleted\n", count);
    json_object_put(answer);
    return count > 0 ? 0 : EXIT_CODE_CONFIG;
}

int command_quarantine(const struct command_line *line)
{
    static const struct {
        const char *name;
        int arguments_max;
        int (*run)(const struct command_line *line);
    } words[] = {{"list", 2, run_list}, {"replay", 3, run_replay}, {"delete", 3, run_delete}};
    const char *word = line->arguments_count > 0 ? line->arguments[0] : "list";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i].name, word) == 0 && line->arguments_count <= words[i].arguments_max)
            return words[i].run(line);
    fprintf(stderr, "clockblock quarantine: list [SINK], replay [SINK [SEQ]] or delete SINK "
                    "SEQ|all; see clockblock --help\n");
    return EXIT_CODE_USAGE;
}
