/* SPDX-License-Identifier: MIT */
/* /days?from=&to=[&tz=]: one object a day. The household's days know their allowance; those of
 * another zone are civil days, summed up from the quarter hours. */
#include "answer.h"
#include "day_json.h"
#include "range.h"

struct listing {
    struct answer_list list;
    int64_t now_ms;
    bool is_household;
};

static void add(int32_t date, const struct day_account *day, void *context)
{
    struct listing *listing = context;
    char json[DAY_JSON_CAPACITY];
    size_t length = day_to_json(&(struct day_view){.date = date,
                                                   .day = day,
                                                   .is_closed = day->end_ms <= listing->now_ms,
                                                   .is_household = listing->is_household},
                                json);
    answer_list_add(&listing->list, json, length);
}

static int add_civil(const struct range *range, struct listing *listing, struct error *error)
{
    int result = 0;
    for (int32_t date = range->from; date <= range->to && result == 0; date++) {
        struct day_account day = {.allowance_ms = ALLOWANCE_UNLIMITED};
        struct store_daily total;
        range_civil_day(range->zone, date, &day.start_ms, &day.end_ms);
        result = store_read_usage(range->source->reader, range->source->device_id, day.start_ms,
                                  day.end_ms, &total, error);
        day.used_ms = total.used_ms;
        day.overdraft_ms = total.overdraft_ms;
        if (result == 0)
            add(date, &day, listing);
    }
    return result;
}

enum MHD_Result route_days(const struct route_request *request)
{
    struct range range;
    struct error error = {0};
    enum MHD_Result answer;
    struct clock *clock = request->source->clock;
    struct days days = range_household(request->source);
    if (!range_read(request, &range, &answer))
        return answer;
    struct listing listing = {.now_ms = clock->wall_ms(clock), .is_household = range.zone == NULL};
    if (range.zone != NULL)
        (void)add_civil(&range, &listing, &error);
    else
        (void)days_each(&days, range.from, range.to, add, &listing, &error);
    range_finish(&range);
    return answer_list_send(request->connection, &listing.list, &error, request->cors_origin);
}
