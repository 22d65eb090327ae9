/* SPDX-License-Identifier: MIT */
#include "services.h"

#include "crossing.h"
#include "record/text.h"

#include <assert.h>
#include <string.h>

static struct instance *instance_of(const clb_host *host)
{
    assert(host != NULL && host->host_data != NULL);
    return host->host_data;
}

/* ---- clockblock.log/1 ---- */

static int32_t CLB_CALL service_log_enabled(const clb_host *host, int32_t level)
{
    (void)instance_of(host);
    return level >= CLB_LOG_ERROR && log_enabled((enum log_level)level);
}

static void CLB_CALL service_log_write(const clb_host *host, int32_t level, const char *text)
{
    if (level < CLB_LOG_ERROR || level > CLB_LOG_DEBUG)
        level = CLB_LOG_INFO;
    char line[1024];
    text_copy(line, sizeof(line), text);
    log_write((enum log_level)level, instance_of(host)->name, "%s", line);
}

static const clb_log log_table = {service_log_enabled, service_log_write};

/* ---- clockblock.clock/1 ---- */

static int64_t CLB_CALL service_monotonic_ms(const clb_host *host)
{
    struct clock *clock = instance_of(host)->clock;
    return clock->monotonic_ms(clock);
}

static int64_t CLB_CALL service_wall_ms(const clb_host *host)
{
    struct clock *clock = instance_of(host)->clock;
    return clock->wall_ms(clock);
}

static const clb_clock clock_table = {service_monotonic_ms, service_wall_ms};

/* ---- clockblock.run/1 ---- */

static int32_t CLB_CALL service_cancelled(const clb_host *host)
{
    return atomic_load(&instance_of(host)->cancelled);
}

static int32_t CLB_CALL service_wait(const clb_host *host, int64_t max_ms)
{
    struct instance *instance = instance_of(host);
    struct clock *clock = instance->clock;
    const struct crossing *crossing = crossing_now();
    if (crossing == NULL || crossing->instance != instance)
        crossing_break_rule(instance, "run->wait() on another thread: it does not wait");
    else if (max_ms > 0)
        clock->wait(clock, &instance->wakeup, clock->monotonic_ms(clock) + max_ms);
    return CLB_OK;
}

static intptr_t CLB_CALL service_wake_handle(const clb_host *host)
{
    return instance_of(host)->wakeup.handle;
}

static const clb_run run_table = {service_cancelled, service_wait, service_wake_handle};

const void *CLB_CALL services_get(const clb_host *host, const char *id)
{
    (void)host;
    if (id == NULL)
        return NULL;
    if (strcmp(id, CLB_LOG) == 0)
        return &log_table;
    if (strcmp(id, CLB_CLOCK) == 0)
        return &clock_table;
    if (strcmp(id, CLB_RUN) == 0)
        return &run_table;
    return NULL;
}
