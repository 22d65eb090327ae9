/* SPDX-License-Identifier: MIT */
/* Bonus minutes, as the control socket serves them. */
#include "controls.h"
#include "days.h"
#include "log.h"
#include "record/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *grant_json(const struct store_grant *grant)
{
    char date[CIVIL_DATE_CAPACITY];
    civil_format_date(grant->date, date);
    struct json_object *json = json_object_new_object();
    assert(json != NULL);
    json_object_object_add(json, "id", json_object_new_int64(grant->id));
    json_object_object_add(json, "date", json_object_new_string(date));
    json_object_object_add(json, "minutes", json_minutes(grant->granted_ms));
    json_object_object_add(json, "granted_by", json_object_new_string(grant->by));
    json_object_object_add(json, "granted_at", json_timestamp(grant->wall_ms));
    json_object_object_add(json, "note", json_text(grant->note));
    return json;
}

/* ---- grant MINUTES DATE|today BY [NOTE] ------------------------------------------------------ */

static bool parse_minutes(const char *text, int64_t *granted_ms, struct error *error)
{
    char *end;
    long minutes = strtol(text, &end, 10);
    if (end == text || *end != '\0' || minutes < -GRANT_MAX_MIN || minutes > GRANT_MAX_MIN) {
        error_set(error, EXIT_CODE_USAGE,
                  "\"%.40s\": a grant is a whole number of minutes, up to %d", text, GRANT_MAX_MIN);
        return false;
    }
    if (minutes == 0)
        error_set(error, EXIT_CODE_USAGE,
                  "a grant of 0 minutes would change nothing: give some, or a number below 0 to "
                  "take some back");
    *granted_ms = (int64_t)minutes * CIVIL_MINUTE_MS;
    return minutes != 0;
}

static bool parse_date(const struct days *days, const char *text, int64_t wall_ms, int32_t *date,
                       struct error *error)
{
    struct day_account today;
    if (strcmp(text, "today") == 0)
        return days_at(days, wall_ms, date, &today, error) == 0;
    if (civil_parse_date(text, date))
        return true;
    error_set(error, EXIT_CODE_USAGE,
              "\"%.40s\": this date does not exist; it is written like 2026-01-16", text);
    return false;
}

/* The grant, and how its day stands with it. */
static char *answer(const struct store_grant *grant, const struct day_account *day)
{
    int64_t left_ms = allowance_left_ms(day);
    struct json_object *json = grant_json(grant);
    json_object_object_add(json, "minutes_granted", json_minutes(day->granted_ms));
    json_object_object_add(json, "minutes_left",
                           left_ms == ALLOWANCE_UNLIMITED ? NULL : json_minutes(left_ms));
    return json_print(json);
}

char *controls_grant(void *context, const char *const *arguments)
{
    const struct status_source *source = context;
    const struct days days = {.household = source->generation->household,
                              .reader = source->reader,
                              .device_id = source->generation->plan.config->device_id};
    struct error error = {0};
    struct store_grant grant = {0};
    if (arguments[0] == NULL || arguments[1] == NULL || arguments[2] == NULL)
        return control_problem("name the minutes, the day, and who gives them");
    text_copy(grant.by, sizeof(grant.by), arguments[2]);
    text_copy(grant.note, sizeof(grant.note), arguments[3]);
    if (grant.by[0] == '\0')
        return control_problem("name who gives the minutes");
    int64_t wall_ms = source->clock->wall_ms(source->clock);
    if (!parse_minutes(arguments[0], &grant.granted_ms, &error) ||
        !parse_date(&days, arguments[1], wall_ms, &grant.date, &error) ||
        store_grant_add(source->store, &grant, &error) != 0)
        return control_fail(&error);
    struct day_account day;
    if (days_of(&days, grant.date, &day, &error) == 0)
        sampler_granted(source->sampler, grant.date, day.granted_ms);
    else
        log_error("grant", "it is stored, and its day cannot be read: %s", error.text);
    return answer(&grant, &day);
}

/* ---- grants ---------------------------------------------------------------------------------- */

static void list_one(const struct store_grant *grant, void *context)
{
    json_object_array_add(context, grant_json(grant));
}

char *controls_grants(void *context, const char *const *arguments)
{
    const struct status_source *source = context;
    struct error error = {0};
    struct json_object *json = json_object_new_object();
    struct json_object *list = json_object_new_array();
    assert(json != NULL && list != NULL);
    (void)arguments;
    json_object_object_add(json, "grants", list);
    if (store_each_grant(source->reader, source->generation->plan.config->device_id, INT32_MIN,
                         INT32_MAX, list_one, list, &error) == 0)
        return json_print(json);
    json_object_put(json);
    return control_fail(&error);
}
