/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include "log.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "record/credit.h"
#include "record/usage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The days that were touched last: a credit may reach into yesterday. */
enum { DAYS_KEPT = 2 };

struct sampler {
    struct clock *clock;
    struct store *store;
    struct store_reader *reader;
    struct detect *detect;
    const struct fuse_rule *rule;
    const struct household *household;
    int32_t poll_interval_sec;

    bool is_first;
    bool has_previous;
    struct tick previous;
    struct uuid_source uuids;
    struct day_account days[DAYS_KEPT]; /* end_ms 0: unset */
    struct fuse_view *views;            /* owned; one for each detector */

    struct mutex lock;
    struct sampler_view view; /* guarded by lock */
};

struct sampler *sampler_create(struct clock *clock, struct store *store,
                               struct store_reader *reader)
{
    struct sampler *sampler = calloc(1, sizeof(*sampler));
    assert(sampler != NULL);
    sampler->clock = clock;
    sampler->store = store;
    sampler->reader = reader;
    sampler->is_first = true;
    if (store != NULL)
        sampler->has_previous = store_last_tick(store, &sampler->previous);
    mutex_init(&sampler->lock);
    return sampler;
}

void sampler_destroy(struct sampler *sampler)
{
    if (sampler == NULL)
        return;
    mutex_finish(&sampler->lock);
    free(sampler->views);
    free(sampler);
}

void sampler_configure(struct sampler *sampler, struct detect *detect, const struct fuse_rule *rule,
                       const struct household *household, int32_t poll_interval_sec)
{
    assert(poll_interval_sec > 0 && poll_interval_sec <= POLL_INTERVAL_MAX_SEC);
    sampler->detect = detect;
    sampler->rule = rule;
    sampler->household = household;
    sampler->poll_interval_sec = poll_interval_sec;
    memset(sampler->days, 0, sizeof(sampler->days)); /* the borders may have moved */
    free(sampler->views);
    sampler->views = calloc((size_t)detect_count(detect) + 1, sizeof(sampler->views[0]));
    assert(sampler->views != NULL);
}

/* ---- Days ---- */

/* What the store knows of a day: at the start, and when the clock was set to another day. */
static void load_used(struct sampler *sampler, struct day_account *day)
{
    if (sampler->reader == NULL)
        return;
    struct store_health health;
    struct error error = {0};
    store_get_health(sampler->store, &health);
    if (health.storing)
        (void)store_settle(sampler->store, &error);

    struct store_daily total = {0};
    int result = store_read_usage(sampler->reader, store_origin(sampler->store)->device_id,
                                  day->start_ms - day->start_ms % USAGE_SLOT_MS,
                                  day->end_ms - day->end_ms % USAGE_SLOT_MS, &total, &error);
    if (result != 0)
        log_error("sampler", "today's usage cannot be read: %s", error.text);
    day->used_ms = total.used_ms;
    day->overdraft_ms = total.overdraft_ms;
}

/* The day that holds the instant. `keep` (may be NULL) is not given up to make room for it. */
static struct day_account *day_at(struct sampler *sampler, int64_t wall_ms,
                                  const struct day_account *keep)
{
    struct day_account *days = sampler->days;
    for (int i = 0; i < DAYS_KEPT; i++)
        if (days[i].start_ms <= wall_ms && wall_ms < days[i].end_ms)
            return &days[i];

    struct day_account *room = days[0].end_ms <= days[1].end_ms ? &days[0] : &days[1];
    if (room == keep)
        room = room == &days[0] ? &days[1] : &days[0];
    household_day(sampler->household, wall_ms, room);
    load_used(sampler, room);
    return room;
}

static struct day_account *account_for(struct sampler *sampler, struct heartbeat *heartbeat)
{
    struct day_account *today = day_at(sampler, heartbeat->wall_ms, NULL);
    struct day_account *before = NULL;
    if (heartbeat->wall_ms - heartbeat->credited_ms < today->start_ms)
        before = day_at(sampler, today->start_ms - 1, today);
    allowance_apply(heartbeat, before, today);
    return today;
}

/* ---- The tick ---- */

static struct tick now(struct clock *clock)
{
    struct tick tick = {.monotonic_ms = clock->monotonic_ms(clock),
                        .boottime_ms = clock->boottime_ms(clock),
                        .wall_ms = clock->wall_ms(clock)};
    static_assert(sizeof(tick.boot_id) == sizeof(clock->boot_id), "a boot id is a boot id");
    memcpy(tick.boot_id, clock->boot_id, sizeof(tick.boot_id));
    return tick;
}

static void ask_detectors(struct sampler *sampler, struct heartbeat *heartbeat)
{
    int count = detect_count(sampler->detect);
    struct detect_view view;
    for (int i = 0; i < count; i++) {
        detect_get(sampler->detect, i, &view);
        sampler->views[i] = view.fuse;
    }
    struct fuse_verdict verdict = fuse(sampler->rule, sampler->views);
    heartbeat->is_playing = verdict.is_playing;
    if (verdict.decided_by < 0)
        return;
    detect_get(sampler->detect, verdict.decided_by, &view);
    memcpy(heartbeat->decided_by, view.name, sizeof(heartbeat->decided_by));
    memcpy(heartbeat->activity, sampler->views[verdict.decided_by].activity,
           sizeof(heartbeat->activity));
}

static void publish(struct sampler *sampler, const struct heartbeat *heartbeat,
                    const struct day_account *today)
{
    mutex_lock(&sampler->lock);
    struct sampler_view *view = &sampler->view;
    bool same = view->has_heartbeat && view->heartbeat.is_playing == heartbeat->is_playing &&
                strcmp(view->heartbeat.activity, heartbeat->activity) == 0;
    if (!same)
        view->since_ms = heartbeat->wall_ms - heartbeat->credited_ms;
    view->has_heartbeat = true;
    view->heartbeat = *heartbeat;
    view->today = *today;
    view->date = household_date(sampler->household, heartbeat->wall_ms);
    mutex_unlock(&sampler->lock);
    if (!same && heartbeat->is_playing)
        log_info("sampler", "playing %s (%s)",
                 heartbeat->activity[0] != '\0' ? heartbeat->activity : "something",
                 heartbeat->decided_by);
    else if (!same)
        log_info("sampler", "not playing");
}

void sampler_tick(struct sampler *sampler, struct heartbeat *heartbeat)
{
    assert(sampler->detect != NULL);
    struct tick tick = now(sampler->clock);
    struct heartbeat made = {.wall_ms = tick.wall_ms,
                             .poll_interval_sec = sampler->poll_interval_sec};
    uint8_t random[UUID_RANDOM_BYTES];
    process_random(random, sizeof(random));
    uuid_next(&sampler->uuids, tick.wall_ms, random, made.id);

    ask_detectors(sampler, &made);
    struct credit credit =
        credit_tick(sampler->has_previous ? &sampler->previous : NULL, &tick,
                    (int64_t)sampler->poll_interval_sec * 1000, sampler->is_first, made.is_playing);
    made.credited_ms = credit.credited_ms;
    made.flags = credit.flags;
    const struct day_account *today = account_for(sampler, &made);

    if (sampler->store != NULL)
        store_put(sampler->store, &made, &tick);
    publish(sampler, &made, today);
    sampler->previous = tick;
    sampler->has_previous = true;
    sampler->is_first = false;
    if (heartbeat != NULL)
        *heartbeat = made;
}

void sampler_get(struct sampler *sampler, struct sampler_view *view)
{
    mutex_lock(&sampler->lock);
    *view = sampler->view;
    mutex_unlock(&sampler->lock);
}
