/* SPDX-License-Identifier: MIT */
/* `clockblock verify`: do the totals equal what the stored heartbeats add up to? */
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
    json_object_object_add(json, "integrity", json_object_new_string(result->integrity));
    json_object_object_add(json, "differences", json_object_new_int64(result->differences));
    printf("%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY));
    json_object_put(json);
}

int command_verify(const struct command_line *line)
{
    char db_path[PATH_CAPACITY];
    struct error error = {0};
    struct store_reader *reader = NULL;
    struct store_verify result = {0};
    int code = command_db_path(line, db_path);
    if (code != 0)
        return code;
    code = store_reader_open(&reader, db_path, &error);
    if (code == 0)
        code = store_verify(reader, &result, print_difference, NULL, &error);
    store_reader_close(reader);
    if (code != 0)
        return command_fail(&error);
    if (line->json)
        print_json(&result);
    else
        print_text(&result);
    bool sound = result.differences == 0 && strcmp(result.integrity, "ok") == 0;
    return sound ? 0 : EXIT_CODE_DISK;
}
