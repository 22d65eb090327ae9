/* SPDX-License-Identifier: MIT */
/* `clockblock report [--days N] [--json|--csv]`: the household's days up to today. It reads what is
 * committed, whether or not an agent runs. */
#include "report.h"

#include "commands.h"
#include "day_json.h"
#include "days.h"
#include "json.h"
#include "record/text.h"
#include "record/usage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAYS_DEFAULT = 7, DAYS_MAX = 3660 };

/* ---- Gathering ---- */

static void add_activity(const char *activity, int64_t used_ms, int64_t overdraft_ms, void *context)
{
    struct report_day *day = context;
    size_t count = (size_t)day->activities_count + 1;
    day->activities = realloc(day->activities, count * sizeof(day->activities[0]));
    assert(day->activities != NULL);
    struct report_activity *added = &day->activities[day->activities_count++];
    *added = (struct report_activity){.used_ms = used_ms, .overdraft_ms = overdraft_ms};
    text_copy(added->name, sizeof(added->name), activity);
}

static void make_days(struct report *report, int32_t first_date, int count)
{
    report->days = calloc((size_t)count, sizeof(report->days[0]));
    assert(report->days != NULL);
    report->count = count;
    for (int i = 0; i < count; i++)
        report->days[i] = (struct report_day){.date = first_date + i, .is_closed = i + 1 < count};
}

/* In a damaged index a date may stand twice, or where it does not belong. */
static void put_day(int32_t date, const struct day_account *day, void *context)
{
    struct report *report = context;
    int64_t index = (int64_t)date - report->days[0].date;
    if (index >= 0 && index < report->count)
        report->days[index].day = *day;
}

static int gather_activities(const struct days *days, struct report *report, struct error *error)
{
    int result = 0;
    for (int i = 0; i < report->count && result == 0; i++) {
        struct report_day *day = &report->days[i];
        if (day->day.used_ms > 0)
            result = store_each_activity(
                days->reader, days->device_id, usage_slot_start_ms(day->day.start_ms),
                usage_slot_start_ms(day->day.end_ms), add_activity, day, error);
    }
    return result;
}

static int gather(const struct days *days, int count, struct report *report, struct error *error)
{
    struct clock clock;
    struct day_account today;
    int32_t date;
    clock_init_system(&clock);
    int result = days_at(days, clock.wall_ms(&clock), &date, &today, error);
    if (result != 0)
        return result;
    make_days(report, date - count + 1, count);
    result = days_each(days, date - count + 1, date, put_day, report, error);
    return result == 0 ? gather_activities(days, report, error) : result;
}

static int read_report(const struct config *config, int count, struct report *report,
                       struct error *error)
{
    struct household *household = NULL;
    struct store_reader *reader = NULL;
    if (!file_exists(config->db_path))
        return error_set(error, EXIT_CODE_DISK,
                         "%s: there is no database yet: it is made when the agent first runs",
                         config->db_path);
    int result = household_create(&household, config, error);
    if (result != 0)
        return error_set(error, result, "day.timezone: %s", error->text);
    result = store_reader_open(&reader, config->db_path, error);
    if (result == 0) {
        const struct days days = {household, reader, config->device_id};
        result = gather(&days, count, report, error);
    }
    store_reader_close(reader);
    household_destroy(household);
    return result;
}

static void report_finish(struct report *report)
{
    for (int i = 0; i < report->count; i++)
        free(report->days[i].activities);
    free(report->days);
}

/* ---- JSON ---- */

/* As /days has it, and what was played. */
static struct json_object *day_json(const struct report_day *day)
{
    char text[DAY_JSON_CAPACITY];
    day_to_json(
        &(struct day_view){
            .date = day->date, .day = &day->day, .is_closed = day->is_closed, .is_household = true},
        text);
    struct json_object *json = json_tokener_parse(text);
    struct json_object *activities = json_object_new_array();
    assert(json != NULL && activities != NULL);
    for (int i = 0; i < day->activities_count; i++) {
        const struct report_activity *played = &day->activities[i];
        json_object_array_add(activities,
                              json_activity(played->name, played->used_ms, played->overdraft_ms));
    }
    json_object_object_add(json, "activities", activities);
    return json;
}

static void print_json(const char *device_id, const struct report *report)
{
    struct json_object *json = json_object_new_object();
    struct json_object *days = json_object_new_array();
    assert(json != NULL && days != NULL);
    for (int i = 0; i < report->count; i++)
        json_object_array_add(days, day_json(&report->days[i]));
    json_object_object_add(json, "device_id", json_object_new_string(device_id));
    json_object_object_add(json, "days", days);
    json_show(json);
    json_object_put(json);
}

/* ---- The command ---- */

static bool parse_days(const char *text, int *count)
{
    *count = DAYS_DEFAULT;
    if (text == NULL)
        return true;
    if (text[0] == '\0' || strlen(text) > 4 || strspn(text, "0123456789") != strlen(text))
        return false;
    *count = (int)strtol(text, NULL, 10);
    return *count >= 1 && *count <= DAYS_MAX;
}

static int check_usage(const struct command_line *line, int *count)
{
    if (!parse_days(line->days, count)) {
        fprintf(stderr, "clockblock report: --days takes a whole number from 1 to %d, not \"%s\"\n",
                DAYS_MAX, line->days);
        return EXIT_CODE_USAGE;
    }
    if (line->json && line->csv) {
        fprintf(stderr, "clockblock report: choose one of --json and --csv\n");
        return EXIT_CODE_USAGE;
    }
    return 0;
}

int command_report(const struct command_line *line)
{
    int count;
    struct config *config = NULL;
    struct report report = {0};
    struct error error = {0};
    int result = check_usage(line, &count);
    if (result == 0)
        result = command_load(line, &config);
    if (result != 0)
        return result;
    result = read_report(config, count, &report, &error);
    if (result != 0)
        (void)command_fail(&error);
    else if (line->json)
        print_json(config->device_id, &report);
    else if (line->csv)
        report_print_csv(&report);
    else
        report_print_table(&report);
    report_finish(&report);
    config_unload(config);
    return result;
}
