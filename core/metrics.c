/* SPDX-License-Identifier: MIT */
/* Families are never left out while what they tell of exists, so that a rate or an alert on them
 * means something; a value that is not known yet has no sample. */
#include "metrics.h"

#include "clockblock_paths.h"

#include <assert.h>

enum { US_PER_MS = 1000 };

/* ---- The agent ---- */

static void add(struct exposition *page, const char *name, enum exposition_type type,
                const char *help, int64_t value)
{
    exposition_family(page, name, type, help);
    exposition_integer(page, NULL, value);
}

static void add_ms(struct exposition *page, const char *name, const char *help, bool is_known,
                   int64_t ms)
{
    exposition_family(page, name, EXPOSITION_GAUGE, help);
    if (is_known)
        exposition_seconds(page, NULL, ms * US_PER_MS);
}

static void add_identity(struct exposition *page, const struct status_source *source)
{
    const char *build[] = {"version", CLOCKBLOCK_VERSION, NULL};
    const char *device[] = {"device_id", store_origin(source->store)->device_id, NULL};
    exposition_family(page, "clockblock_build_info", EXPOSITION_GAUGE,
                      "The version of this agent, as a label.");
    exposition_integer(page, build, 1);
    exposition_family(page, "clockblock_device_info", EXPOSITION_GAUGE,
                      "The device whose minutes are counted, as a label.");
    exposition_integer(page, device, 1);
    int64_t now_ms = source->clock->monotonic_ms(source->clock);
    add_ms(page, "clockblock_uptime_seconds", "Since the agent started, without sleep.", true,
           now_ms - source->started_ms);
}

static void add_play(struct exposition *page, const struct status_source *source)
{
    struct sampler_view view;
    sampler_get(source->sampler, &view);
    const struct day_account *today = &view.today;
    bool known = view.has_heartbeat;
    bool limited = known && today->allowance_ms != ALLOWANCE_UNLIMITED;
    exposition_family(page, "clockblock_is_playing", EXPOSITION_GAUGE,
                      "1 while something is being played.");
    if (known)
        exposition_integer(page, NULL, view.heartbeat.is_playing);
    add_ms(page, "clockblock_today_used_seconds", "Played on the household's day.", known,
           today->used_ms);
    add_ms(page, "clockblock_today_overdraft_seconds", "The part of it beyond the allowance.",
           known, today->overdraft_ms);
    add_ms(page, "clockblock_today_left_seconds",
           "What is left of the allowance and the grants of the day; none without an allowance.",
           limited, limited ? allowance_left_ms(today) : 0);
    add_ms(page, "clockblock_last_heartbeat_timestamp_seconds", "When the newest one was taken.",
           known, view.heartbeat.wall_ms);
}

static void add_store(struct exposition *page, const struct status_source *source)
{
    struct store_health health;
    char reason[sizeof(health.problem)];
    bool storing = status_is_storing(source, &health, reason, sizeof(reason));
    add(page, "clockblock_heartbeats_total", EXPOSITION_COUNTER,
        "The seq of the newest heartbeat on disk: how many this database has counted.",
        health.durable_seq);
    add(page, "clockblock_heartbeats_dropped_total", EXPOSITION_COUNTER,
        "Heartbeats that memory could not hold while the disk took none, since the start.",
        health.dropped);
    add(page, "clockblock_heartbeats_waiting", EXPOSITION_GAUGE,
        "Heartbeats in memory that are not on disk yet.", health.waiting);
    add(page, "clockblock_store_healthy", EXPOSITION_GAUGE, "1 while heartbeats are being stored.",
        storing);
    add(page, "clockblock_store_bytes", EXPOSITION_GAUGE, "Of the database and its wal.",
        health.bytes);
    add(page, "clockblock_store_rows", EXPOSITION_GAUGE, "Heartbeats in the database.",
        health.rows);
}

/* ---- The whole ---- */

char *metrics_text(const struct status_source *source)
{
    struct exposition page = {0};
    add_identity(&page, source);
    add_play(&page, source);
    add_store(&page, source);
    metrics_add_detectors(&page, source);
    metrics_add_sinks(&page, source);
    assert(page.text.text != NULL);
    return page.text.text;
}
