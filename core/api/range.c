/* SPDX-License-Identifier: MIT */
#include "range.h"

#include "platform/tzdata.h"
#include "query.h"
#include "record/usage.h"

#include <stdlib.h>

static bool refuse(const struct route_request *request, const char *parameter, const char *detail,
                   enum MHD_Result *answer)
{
    *answer = answer_problem(request->connection, MHD_HTTP_BAD_REQUEST, detail, parameter,
                             request->cors_origin);
    return false;
}

bool range_read_zone(const struct route_request *request, struct zone **zone,
                     enum MHD_Result *answer)
{
    const char *tz = route_parameter(request, "tz");
    char *bytes = NULL;
    size_t length = 0;
    int result = tz != NULL ? tzdata_read(tz, &bytes, &length, NULL) : EXIT_CODE_CONFIG;
    if (result == 0)
        result = zone_create(zone, tz, bytes, length, NULL);
    free(bytes);
    return result == 0 || refuse(request, "tz",
                                 "this time zone is not known: use an IANA name such as "
                                 "Europe/Paris, UTC or local",
                                 answer);
}

bool range_read(const struct route_request *request, struct range *range, enum MHD_Result *answer)
{
    const char *name;
    *range = (struct range){.source = request->source};
    const char *problem =
        query_days(route_parameter(request, "from"), route_parameter(request, "to"), &range->from,
                   &range->to, &name);
    if (problem != NULL)
        return refuse(request, name, problem, answer);
    return route_parameter(request, "tz") == NULL || range_read_zone(request, &range->zone, answer);
}

void range_finish(struct range *range)
{
    zone_destroy(range->zone);
    range->zone = NULL;
}

/* Local time was not always ahead by quarter hours. */
void range_civil_day(const struct zone *zone, int32_t date, int64_t *start_ms, int64_t *end_ms)
{
    *start_ms = usage_slot_start_ms(zone_day_start_ms(zone, date, 0));
    *end_ms = usage_slot_start_ms(zone_day_start_ms(zone, date + 1, 0));
}

struct days range_household(const struct api_source *source)
{
    return (struct days){
        .household = source->household, .reader = source->reader, .device_id = source->device_id};
}

int range_borders(const struct range *range, int64_t *from_ms, int64_t *to_ms, struct error *error)
{
    int64_t ignored;
    struct day_account first;
    struct day_account last;
    if (range->zone != NULL) {
        range_civil_day(range->zone, range->from, from_ms, &ignored);
        range_civil_day(range->zone, range->to, &ignored, to_ms);
        return 0;
    }
    struct days days = range_household(range->source);
    int result = days_of(&days, range->from, &first, error);
    if (result == 0)
        result = days_of(&days, range->to, &last, error);
    if (result != 0)
        return result;
    *from_ms = usage_slot_start_ms(first.start_ms);
    *to_ms = usage_slot_start_ms(last.end_ms);
    return 0;
}

enum MHD_Result range_answer(const struct route_request *request, range_lister fill)
{
    struct range range;
    struct answer_list list = {0};
    struct error error = {0};
    enum MHD_Result answer;
    int64_t from_ms;
    int64_t to_ms;
    if (!range_read(request, &range, &answer))
        return answer;
    if (range_borders(&range, &from_ms, &to_ms, &error) == 0)
        (void)fill(request->source, from_ms, to_ms, &list, &error);
    range_finish(&range);
    return answer_list_send(request->connection, &list, &error, request->cors_origin);
}
