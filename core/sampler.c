/* SPDX-License-Identifier: MIT */
#include "sampler.h"

#include "ledger.h"
#include "log.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "record/credit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct sampler {
    struct clock *clock;
    struct store *store;
    struct detect *detect;
    const struct fuse_rule *rule;
    int32_t poll_interval_sec;

    bool is_first;
    bool has_previous;
    struct tick previous;
    struct uuid_source uuids;
    struct ledger ledger;
    struct fuse_view *words;   /* owned; one for each detector */
    struct detect_view *asked; /* owned; the same, in full, as they are now */

    struct mutex lock;
    struct sampler_view view;      /* guarded by lock */
    bool has_words;                /* guarded by lock; since these detectors are asked */
    struct detect_view *published; /* guarded by lock; owned; as they were for `view` */
};

struct sampler *sampler_create(struct clock *clock, struct store *store,
                               struct store_reader *reader)
{
    struct sampler *sampler = calloc(1, sizeof(*sampler));
    assert(sampler != NULL);
    sampler->clock = clock;
    sampler->store = store;
    ledger_init(&sampler->ledger, store, reader);
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
    ledger_finish(&sampler->ledger);
    free(sampler->words);
    free(sampler->asked);
    free(sampler->published);
    free(sampler);
}

void sampler_configure(struct sampler *sampler, struct detect *detect, const struct fuse_rule *rule,
                       const struct household *household, int32_t poll_interval_sec)
{
    assert(poll_interval_sec > 0 && poll_interval_sec <= POLL_INTERVAL_MAX_SEC);
    size_t count = (size_t)detect_count(detect) + 1;
    sampler->detect = detect;
    sampler->poll_interval_sec = poll_interval_sec;
    ledger_configure(&sampler->ledger, household);
    free(sampler->words);
    free(sampler->asked);
    sampler->words = calloc(count, sizeof(sampler->words[0]));
    sampler->asked = calloc(count, sizeof(sampler->asked[0]));
    struct detect_view *published = calloc(count, sizeof(published[0]));
    assert(sampler->words != NULL && sampler->asked != NULL && published != NULL);
    mutex_lock(&sampler->lock);
    free(sampler->published);
    sampler->published = published;
    sampler->rule = rule;
    sampler->has_words = false;
    mutex_unlock(&sampler->lock);
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
    for (int i = 0; i < count; i++) {
        detect_get(sampler->detect, i, &sampler->asked[i]);
        sampler->words[i] = sampler->asked[i].fuse;
    }
    struct fuse_verdict verdict = fuse(sampler->rule, sampler->words);
    heartbeat->is_playing = verdict.is_playing;
    if (verdict.decided_by < 0)
        return;
    const struct detect_view *decided = &sampler->asked[verdict.decided_by];
    memcpy(heartbeat->decided_by, decided->name, sizeof(heartbeat->decided_by));
    memcpy(heartbeat->activity, decided->fuse.activity, sizeof(heartbeat->activity));
}

static void publish(struct sampler *sampler, const struct heartbeat *heartbeat)
{
    mutex_lock(&sampler->lock);
    struct sampler_view *view = &sampler->view;
    bool same = view->has_heartbeat && view->heartbeat.is_playing == heartbeat->is_playing &&
                strcmp(view->heartbeat.activity, heartbeat->activity) == 0;
    if (!same)
        view->since_ms = heartbeat->wall_ms - heartbeat->credited_ms;
    struct detect_view *before = sampler->published;
    sampler->published = sampler->asked;
    sampler->asked = before;
    sampler->has_words = true;
    view->has_heartbeat = true;
    view->heartbeat = *heartbeat;
    view->today = sampler->ledger.today.account;
    view->date = sampler->ledger.today.date;
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
    struct store_turn turn;
    ledger_enter(&sampler->ledger, &made, &turn);

    if (sampler->store != NULL)
        store_put(sampler->store, &made, &tick, &turn);
    publish(sampler, &made);
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

void sampler_why(struct sampler *sampler, char text[DETECT_WHY_CAPACITY])
{
    text[0] = '\0';
    mutex_lock(&sampler->lock);
    if (sampler->has_words)
        detect_why(sampler->rule, sampler->published, text);
    mutex_unlock(&sampler->lock);
}

void sampler_granted(struct sampler *sampler, int32_t date, int64_t granted_ms)
{
    ledger_grants_changed(&sampler->ledger);
    mutex_lock(&sampler->lock);
    if (sampler->view.has_heartbeat && sampler->view.date == date)
        sampler->view.today.granted_ms = granted_ms;
    mutex_unlock(&sampler->lock);
}

void sampler_repaired(struct sampler *sampler)
{
    ledger_repaired(&sampler->ledger);
}
