/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include "log.h"
#include "platform/service.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void watch_init(struct watch *watch, struct clock *clock, struct wakeup *main_bell,
                struct wakeup *api_bell)
{
    memset(watch, 0, sizeof(*watch));
    watch->clock = clock;
    watch->bell.handle = -1;
    pulse_init(&watch->pulses[WATCH_SAMPLER], "the sampler", clock, main_bell);
    pulse_init(&watch->pulses[WATCH_STORE], "the store", clock, NULL);
    pulse_init(&watch->pulses[WATCH_API], "the API", clock, api_bell);
}

/* ---- Looking ---- */

static void tell(struct watch *watch, int part, int64_t now_ms)
{
    const struct pulse *pulse = &watch->pulses[part];
    int64_t silent_ms = now_ms - watch->fed_ms;
    if (watch->is_told[part] || silent_ms < watch->limit_ms * 2 / 3)
        return;
    watch->is_told[part] = true;
    log_error("agent",
              "%s has not come round for %" PRId64 " s: the service manager ends and starts the "
              "agent again, unless it does within %" PRId64 " s",
              pulse->name, (now_ms - (int64_t)atomic_load(&pulse->well_ms)) / 1000,
              (watch->limit_ms - silent_ms + 999) / 1000);
}

static void tell_end(struct watch *watch, int part)
{
    if (!watch->is_told[part])
        return;
    watch->is_told[part] = false;
    log_info("agent", "%s comes round again", watch->pulses[part].name);
}

static bool is_well(struct watch *watch, int part, int64_t now_ms)
{
    struct pulse *pulse = &watch->pulses[part];
    if ((int64_t)atomic_load(&pulse->well_ms) >= watch->fed_ms) {
        tell_end(watch, part);
        return true;
    }
    if (pulse->bell != NULL) /* it may have nothing to do for hours */
        wakeup_signal(pulse->bell);
    tell(watch, part, now_ms);
    return false;
}

/* Who comes round by himself in time is not woken: what is asked for is asked again soon. */
int64_t watch_look(struct watch *watch, int64_t now_ms)
{
    bool all = true;
    assert(watch->limit_ms > 0 && now_ms >= watch->fed_ms);
    for (int part = 0; part < WATCH_PARTS; part++)
        all = is_well(watch, part, now_ms) && all;
    if (!all || !service_tell("WATCHDOG=1"))
        return now_ms + watch->limit_ms / 12;
    watch->fed_ms = now_ms;
    return now_ms + watch->limit_ms / 3;
}

/* ---- The thread ---- */

static void work(void *argument)
{
    struct watch *watch = argument;
    struct clock *clock = watch->clock;
    while (!atomic_load(&watch->stopping))
        clock->wait(clock, &watch->bell, watch_look(watch, clock->monotonic_ms(clock)));
}

int watch_start(struct watch *watch, struct error *error)
{
    watch->limit_ms = service_watchdog_ms();
    if (watch->limit_ms <= 0)
        return 0;
    watch->fed_ms = watch->clock->monotonic_ms(watch->clock);
    int result = wakeup_init(&watch->bell);
    if (result == 0)
        result = thread_start(&watch->thread, "watch", work, watch);
    if (result != 0)
        return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made for the watchdog: %s",
                         strerror(result));
    watch->is_running = true;
    return 0;
}

void watch_stop(struct watch *watch)
{
    if (watch->is_running) {
        atomic_store(&watch->stopping, true);
        wakeup_signal(&watch->bell);
        thread_join(&watch->thread);
    }
    watch->is_running = false;
    wakeup_finish(&watch->bell);
}

/* ---- Time for a long start or stop ---- */

enum { MORE_TIME_MS = 30 * 1000, ASK_EVERY_MS = 1000 };

static atomic_llong asked_until_ms; /* monotonic */

static void ask_for_time(int64_t now_ms, int64_t well_ms)
{
    char words[64];
    long long until_ms = well_ms + MORE_TIME_MS;
    long long before_ms = atomic_load(&asked_until_ms);
    if (until_ms < before_ms + ASK_EVERY_MS ||
        !atomic_compare_exchange_strong(&asked_until_ms, &before_ms, until_ms))
        return; /* somebody else just did */
    snprintf(words, sizeof(words), "EXTEND_TIMEOUT_USEC=%lld", (until_ms - now_ms) * 1000);
    (void)service_tell(words);
}

void watch_ask_for_time(void)
{
    atomic_store(&asked_until_ms, 0); /* what was asked for at the start is of no use at the end */
    if (service_is_managed())
        pulse_observe(ask_for_time);
}

void watch_need_no_time(void)
{
    pulse_observe(NULL);
}
