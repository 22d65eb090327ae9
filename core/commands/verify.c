/* SPDX-License-Identifier: MIT */
/* `clockblock verify`: do the totals equal what the stored heartbeats add up to? With --repair they
 * do afterwards. */
#include "commands.h"
#include "json.h"
#include "store/store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_difference(const char *sentence, void *context)
{
    (void)context;
    fprintf(stderr, "%s\n", sentence);
}

static void print_text(const struct store_verify *result)
{
    printf("heartbeats added up   %" PRId64 "\n", result->heartbeats);
    printf("days compared         %" PRId64 " (%" PRId64 " skipped: their heartbeats are pruned)\n",
           result->days_checked, result->days_skipped);
    printf("quarter hours         %" PRId64 " (%" PRId64 " skipped)\n", result->slots_checked,
           result->slots_skipped);
    printf("sessions              %" PRId64 " (%" PRId64 " skipped)\n", result->sessions_checked,
           result->sessions_skipped);
    printf("closed days           %" PRId64 "\n", result->closed_days_checked);
    printf("database              %s\n", result->integrity);
    printf("differences           %" PRId64 "\n", result->differences);
}

static void print_json(const struct store_verify *result)
{
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "heartbeats", json_object_new_int64(result->heartbeats));
    json_object_object_add(json, "days_checked", json_object_new_int64(result->days_checked));
    json_object_object_add(json, "days_skipped", json_object_new_int64(result->days_skipped));
    json_object_object_add(json, "slots_checked", json_object_new_int64(result->slots_checked));
    json_object_object_add(json, "slots_skipped", json_object_new_int64(result->slots_skipped));
    json_object_object_add(json, "sessions_checked",
                           json_object_new_int64(result->sessions_checked));
    json_object_object_add(json, "sessions_skipped",
                           json_object_new_int64(result->sessions_skipped));
    json_object_object_add(json, "closed_days_checked",
                           json_object_new_int64(result->closed_days_checked));
    json_object_object_add(json, "integrity", json_object_new_string(result->integrity));
    json_object_object_add(json, "differences", json_object_new_int64(result->differences));
    printf("%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY));
    json_object_put(json);
}

static bool is_sound(const struct store_verify *result)
{
    return result->differences == 0 && strcmp(result->integrity, "ok") == 0;
}

static int look(const struct command_line *line, store_report report, struct store_verify *result)
{
    char db_path[PATH_CAPACITY];
    struct error error = {0};
    struct store_reader *reader = NULL;
    int code = command_db_path(line, db_path);
    if (code != 0)
        return code;
    code = store_reader_open(&reader, db_path, &error);
    if (code == 0)
        code = store_verify(reader, result, report, NULL, &error);
    store_reader_close(reader);
    return code == 0 ? 0 : command_fail(&error);
}

static int verify(const struct command_line *line)
{
    struct store_verify result = {0};
    int code = look(line, print_difference, &result);
    if (code != 0)
        return code;
    if (line->json)
        print_json(&result);
    else
        print_text(&result);
    return is_sound(&result) ? 0 : EXIT_CODE_DISK;
}

/* ---- Repair ---- */

static void print_repair(struct json_object *answer)
{
    struct json_object *found = json_get(answer, "found");
    for (size_t i = 0; i < json_object_array_length(found); i++)
        printf("%s\n", json_object_get_string(json_object_array_get_idx(found, i)));
    printf("repaired              %" PRId64 "\n",
           json_object_get_int64(json_get(answer, "repaired")));
    printf("differences           %" PRId64 "\n",
           json_object_get_int64(json_get(answer, "differences")));
    printf("as it was before      %s\n", json_object_get_string(json_get(answer, "backup")));
}

/* The agent does it, that holds the database; or this process, when none runs. */
static int ask_for_repair(const struct command_line *line)
{
    static const char *const none[] = {NULL};
    struct json_object *answer = NULL;
    int code = command_ask(line, "repair", none, &answer);
    if (code != 0)
        return code;
    if (line->json)
        json_show(answer);
    else
        print_repair(answer);
    bool sound = json_object_get_int64(json_get(answer, "differences")) == 0;
    json_object_put(answer);
    return sound ? 0 : EXIT_CODE_DISK;
}

static int repair(const struct command_line *line)
{
    struct store_verify found = {0};
    struct error error = {0};
    int code = look(line, NULL, &found);
    if (code != 0)
        return code;
    if (is_sound(&found)) {
        puts(line->json ? "{\"repaired\": 0, \"found\": [], \"backup\": null, \"differences\": 0}"
                        : "all is sound: nothing was changed");
        return 0;
    }
    if (strcmp(found.integrity, "ok") == 0 && found.impossible == 0)
        return ask_for_repair(line);
    error_set(&error, EXIT_CODE_DATA, "nothing was changed: %s",
              found.impossible > 0 ? "there are heartbeats that cannot be, and these never change"
                                   : found.integrity);
    return command_fail(&error);
}

int command_verify(const struct command_line *line)
{
    return line->repair ? repair(line) : verify(line);
}
