/* SPDX-License-Identifier: MIT */
#include "crossing.h"

#include "log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct crossing now;

void crossing_enter(struct instance *instance, enum crossing_phase phase, int64_t limit_ms)
{
    assert(now.phase == CROSSING_NONE && phase != CROSSING_NONE);
    if (limit_ms > 0)
        atomic_store(&instance->busy_until_ms,
                     instance->clock->monotonic_ms(instance->clock) + limit_ms);
    now.instance = instance;
    now.name = instance->name;
    now.resources = leaks_measure();
    now.began_us = clock_measure_us();
    atomic_signal_fence(memory_order_seq_cst); /* a signal handler sees a phase last */
    now.phase = phase;
}

/* What waits is not busy. */
static void keep_account(struct instance *instance, enum crossing_phase phase, int64_t took_us,
                         bool failed)
{
    if (phase == CROSSING_WAIT)
        return;
    mutex_lock(&instance->lock);
    struct instance_account *account = &instance->account;
    account->calls++;
    account->failures += failed;
    account->busy_us += took_us;
    if (took_us > account->slowest_us)
        account->slowest_us = took_us;
    mutex_unlock(&instance->lock);
}

static void put_out_of_service(struct instance *instance, const char *what)
{
    if (atomic_exchange(&instance->out_of_service, true))
        return;
    mutex_lock(&instance->lock);
    snprintf(instance->account.leak, sizeof(instance->account.leak), "%s", what);
    mutex_unlock(&instance->lock);
    log_error(instance->name, "the plugin %s; it is out of service until the next start or reload",
              what);
}

void crossing_leave(bool failed)
{
    struct instance *instance = now.instance;
    enum crossing_phase phase = now.phase;
    assert(phase != CROSSING_NONE && instance != NULL);
    now.phase = CROSSING_NONE;
    atomic_store(&instance->busy_until_ms, 0);
    int64_t took_us = clock_measure_us() - now.began_us;
    keep_account(instance, phase, took_us, failed);

    char what[sizeof(instance->account.leak)];
    if (phase != CROSSING_WAIT &&
        leaks_add(&instance->leaks, now.resources, took_us, what, sizeof(what)))
        put_out_of_service(instance, what);
}

void crossing_enter_load(const char *name)
{
    assert(now.phase == CROSSING_NONE);
    now.instance = NULL;
    now.name = name;
    now.began_us = clock_measure_us();
    atomic_signal_fence(memory_order_seq_cst);
    now.phase = CROSSING_LOAD;
}

void crossing_leave_load(void)
{
    assert(now.phase == CROSSING_LOAD);
    now.phase = CROSSING_NONE;
}

const struct crossing *crossing_now(void)
{
    return now.phase != CROSSING_NONE ? &now : NULL;
}

bool crossing_is_in(const struct instance *instance, enum crossing_phase phase)
{
    return now.instance == instance && now.phase == phase;
}

void crossing_break_rule(struct instance *instance, const char *rule)
{
    mutex_lock(&instance->lock);
    struct instance_account *account = &instance->account;
    int64_t times = ++account->broken_rules;
    snprintf(account->broken_rule, sizeof(account->broken_rule), "%s", rule);
    mutex_unlock(&instance->lock);
    /* The first, and then more and more rarely. */
    if ((times & (times - 1)) == 0)
        log_warning(instance->name, "the plugin breaks a rule of the ABI (%" PRId64 " times): %s",
                    times, rule);
}

const char *crossing_phase_name(enum crossing_phase phase)
{
    static const char *const names[] = {"none",    "load", "create", "start",  "poll",
                                        "deliver", "wait", "stop",   "destroy"};
    return names[phase];
}
