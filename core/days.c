/* SPDX-License-Identifier: MIT */
#include "days.h"

#include "record/usage.h"

#include <assert.h>

/* The day as it is lived: a closed neighbour decides where it begins or ends. Beyond a hole, the
 * calendar does, as long as nothing overlaps. */
static void find_borders(const struct days *days, int32_t date,
                         const struct store_neighbours *neighbours, struct day_account *day)
{
    const struct household *household = days->household;
    day->start_ms = household_start_ms(household, date);
    day->end_ms = household_start_ms(household, date + 1);
    if (neighbours->is_closed) { /* and is lived in again */
        day->start_ms = neighbours->day.start_ms;
        if (day->end_ms < neighbours->day.end_ms)
            day->end_ms = neighbours->day.end_ms;
    } else if (neighbours->has_before &&
               (neighbours->before_date == date - 1 || neighbours->before_end_ms > day->start_ms)) {
        day->start_ms = neighbours->before_end_ms;
    }
    if (neighbours->has_after &&
        (neighbours->after_date == date + 1 || neighbours->after_start_ms < day->end_ms))
        day->end_ms = neighbours->after_start_ms;
    if (day->end_ms < day->start_ms)
        day->end_ms = day->start_ms;
}

static int read_totals(const struct days *days, int32_t date, struct day_account *day,
                       struct error *error)
{
    struct store_daily total;
    int result = store_read_usage(days->reader, days->device_id, usage_slot_start_ms(day->start_ms),
                                  usage_slot_start_ms(day->end_ms), &total, error);
    if (result == 0)
        result = store_read_granted(days->reader, days->device_id, date, &day->granted_ms, error);
    day->used_ms = total.used_ms;
    day->overdraft_ms = total.overdraft_ms;
    return result;
}

static int find_neighbours(const struct days *days, int32_t date,
                           struct store_neighbours *neighbours, struct error *error)
{
    *neighbours = (struct store_neighbours){0};
    if (days->reader == NULL)
        return 0;
    return store_read_neighbours(days->reader, days->device_id, date, neighbours, error);
}

static void use_calendar(const struct household *household, int32_t date, struct day_account *day)
{
    *day = (struct day_account){.start_ms = household_start_ms(household, date),
                                .end_ms = household_start_ms(household, date + 1),
                                .allowance_ms = household_allowance_ms(household, date)};
}

int days_of(const struct days *days, int32_t date, struct day_account *day, struct error *error)
{
    struct store_neighbours neighbours;
    int result = find_neighbours(days, date, &neighbours, error);
    use_calendar(days->household, date, day);
    if (result != 0)
        return result;
    if (neighbours.is_closed) {
        *day = neighbours.day;
        return 0;
    }
    find_borders(days, date, &neighbours, day);
    return days->reader != NULL ? read_totals(days, date, day, error) : 0;
}

/* Goes from the day that the calendar names to the one that holds the instant. */
static int walk(const struct days *days, int64_t wall_ms, int32_t *date, struct day_account *day,
                struct error *error)
{
    enum { STEPS_MAX = 4 }; /* zones differ by 26 hours at most */
    struct store_neighbours neighbours;
    *day = (struct day_account){0};
    for (int i = 0; i < STEPS_MAX; i++) {
        int result = find_neighbours(days, *date, &neighbours, error);
        if (result != 0)
            return result;
        find_borders(days, *date, &neighbours, day);
        if (day->start_ms <= wall_ms && wall_ms < day->end_ms)
            break;
        *date += wall_ms < day->start_ms ? -1 : 1;
    }
    return 0;
}

int days_at(const struct days *days, int64_t wall_ms, int32_t *date, struct day_account *day,
            struct error *error)
{
    int32_t calendar_date = household_date(days->household, wall_ms);
    *date = calendar_date;
    int result = walk(days, wall_ms, date, day, error);
    if (result != 0 || wall_ms < day->start_ms || wall_ms >= day->end_ms) {
        *date = calendar_date;
        use_calendar(days->household, *date, day);
    }
    day->allowance_ms = household_allowance_ms(days->household, *date);
    if (result != 0 || days->reader == NULL)
        return result;
    return read_totals(days, *date, day, error);
}

/* ---- A range --------------------------------------------------------------------------------- */

struct range {
    const struct days *days;
    int32_t next; /* the date that was not visited yet */
    store_visit_day visit;
    void *context;
    int result;
    struct error *error;
};

/* By the calendar alone: nobody was there. */
static void visit_blank(struct range *range, int32_t last)
{
    const struct household *household = range->days->household;
    for (; range->next <= last; range->next++) {
        const struct day_account day = {.start_ms = household_start_ms(household, range->next),
                                        .end_ms = household_start_ms(household, range->next + 1),
                                        .allowance_ms =
                                            household_allowance_ms(household, range->next)};
        range->visit(range->next, &day, range->context);
    }
}

/* The dates that are not closed, up to `last`. */
static void visit_open(struct range *range, int32_t last)
{
    const struct days *days = range->days;
    bool is_blank = false;
    if (range->next > last || range->result != 0)
        return;
    range->result =
        store_is_blank(days->reader, days->device_id, range->next, last, &is_blank, range->error);
    /* The first and the last of them may be longer or shorter than the calendar tells. */
    while (range->result == 0 && range->next <= last) {
        struct day_account day;
        range->result = days_of(days, range->next, &day, range->error);
        if (range->result != 0)
            return;
        range->visit(range->next++, &day, range->context);
        if (is_blank)
            visit_blank(range, last - 1);
    }
}

static void visit_closed(int32_t date, const struct day_account *day, void *context)
{
    struct range *range = context;
    visit_open(range, date - 1);
    if (range->result != 0)
        return;
    range->visit(date, day, range->context);
    range->next = date + 1;
}

int days_each(const struct days *days, int32_t from, int32_t to, store_visit_day visit,
              void *context, struct error *error)
{
    struct range range = {
        .days = days, .next = from, .visit = visit, .context = context, .error = error};
    assert(days->reader != NULL && from <= to);
    int result =
        store_each_day(days->reader, days->device_id, from, to, visit_closed, &range, error);
    if (result != 0)
        return result;
    visit_open(&range, to);
    return range.result;
}
