/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "log.h"
#include "platform/process.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_REST_MS = 10 * 1000 };

int64_t worker_now_ms(const struct deliver_worker *worker)
{
    struct clock *clock = worker->deliver->clock;
    return clock->monotonic_ms(clock);
}

int64_t worker_wall_ms(const struct deliver_worker *worker)
{
    struct clock *clock = worker->deliver->clock;
    return clock->wall_ms(clock);
}

bool worker_is_cancelled(const struct deliver_worker *worker)
{
    return atomic_load(&worker->instance->cancelled);
}

/* It leaks: what it holds is given back as far as it does that, and nothing more is asked of it.
 * Its heartbeats wait. */
static void retire(struct deliver_worker *worker)
{
    char reason[512];
    struct instance *instance = worker->instance;
    struct instance_account account;
    if (instance->state == INSTANCE_RUNNING)
        instance_stop(instance);
    instance_get_account(instance, &account);
    snprintf(reason, sizeof(reason), "the plugin %s", account.leak);
    view_state(worker, DELIVER_QUARANTINED, reason);
    while (!worker_is_cancelled(worker))
        worker->deliver->clock->wait(worker->deliver->clock, &instance->wakeup, INT64_MAX);
}

/* *pause_ms: when it cannot, until the next attempt. */
static bool start_if_needed(struct deliver_worker *worker, int64_t *pause_ms)
{
    uint32_t random;
    struct error error = {0};
    if (worker->instance->state == INSTANCE_RUNNING ||
        instance_start(worker->instance, &error) == CLB_OK)
        return true;
    process_random(&random, sizeof(random));
    *pause_ms = policy_fail(&worker->policy, random).pause_ms;
    view_failure(worker, DELIVER_RETRYING, error.text, 0);
    return false;
}

/* Delivers until nothing is left. Returns the pause before the next attempt: 0 when all is
 * delivered. */
static int64_t drain(struct deliver_worker *worker)
{
    bool is_empty = false;
    int64_t pause_ms = 0;
    while (!is_empty && pause_ms == 0 && !worker_is_cancelled(worker) &&
           !instance_is_out_of_service(worker->instance))
        if (attempt_load(worker, &pause_ms) && start_if_needed(worker, &pause_ms))
            pause_ms = attempt(worker, &is_empty);
    attempt_settle(worker); /* the last batch before the end has no next one to be saved with */
    if (is_empty) {
        batch_shrink(&worker->batch);
        view_nothing_left(worker);
    }
    return pause_ms;
}

/* A new network may reach what the old one did not. What the receiver asked for still holds. */
static bool is_worth_trying(struct deliver_worker *worker, bool is_retry)
{
    if (!atomic_exchange(&worker->network_changed, false) || !is_retry || worker->was_asked_to_wait)
        return false;
    log_info(worker->instance->name, "the network has changed: trying again");
    worker->policy.failures = 0;
    return true;
}

static bool is_retrying(struct deliver_worker *worker)
{
    mutex_lock(&worker->lock);
    bool retrying = worker->view.state == DELIVER_RETRYING;
    mutex_unlock(&worker->lock);
    return retrying;
}

static void rest(struct deliver_worker *worker, int64_t until_ms)
{
    bool is_retry = is_retrying(worker);
    view_next_attempt(worker, until_ms);
    while (!worker_is_cancelled(worker) && worker_now_ms(worker) < until_ms) {
        if (instance_wait(worker->instance, until_ms) == CLB_EVENT)
            return;
        if (is_worth_trying(worker, is_retry))
            return;
        if (atomic_load(&worker->replay_wanted))
            replay(worker);
    }
}

/* Between deliveries. A new agent has nothing to deliver yet, and whoever set up a sink wants to
 * see it work soon. */
static int64_t rest_of(const struct deliver_worker *worker)
{
    bool is_first = worker->policy.cursor == 0 && worker->sync_interval_ms > FIRST_REST_MS;
    return is_first ? FIRST_REST_MS : worker->sync_interval_ms;
}

/* A pause that began before the agent did goes on. */
static void rest_on(struct deliver_worker *worker)
{
    int64_t pause_ms = 0;
    if (attempt_load(worker, &pause_ms))
        pause_ms = policy_left_ms(worker->unsaved.retry_at_ms, worker_wall_ms(worker));
    if (pause_ms > 0)
        rest(worker, worker_now_ms(worker) + pause_ms);
}

static void work(void *argument)
{
    struct deliver_worker *worker = argument;
    rest_on(worker);
    while (!worker_is_cancelled(worker)) {
        int64_t pause_ms = drain(worker);
        if (pause_ms == 0)
            pause_ms = rest_of(worker);
        if (!instance_is_out_of_service(worker->instance))
            rest(worker, worker_now_ms(worker) + pause_ms);
        if (instance_is_out_of_service(worker->instance))
            retire(worker);
    }
    if (worker->instance->state == INSTANCE_RUNNING)
        instance_stop(worker->instance);
}

bool deliver_worker_drain(struct deliver_worker *worker)
{
    bool done = drain(worker) == 0 && !worker_is_cancelled(worker);
    if (worker->instance->state == INSTANCE_RUNNING)
        instance_stop(worker->instance);
    return done;
}

void deliver_worker_replay(struct deliver_worker *worker)
{
    replay(worker);
    if (worker->instance->state == INSTANCE_RUNNING)
        instance_stop(worker->instance);
}

int deliver_worker_init(struct deliver_worker *worker, struct deliver *deliver,
                        const struct deliver_spec *spec, const char *db_path, struct error *error)
{
    worker->deliver = deliver;
    worker->sync_interval_ms = spec->config->sync_interval_ms;
    worker->timeout_ms = spec->config->timeout_ms;
    worker->batch_limit = spec->config->batch_limit;
    assert(worker->sync_interval_ms > 0 && worker->timeout_ms > 0);
    batch_init(&worker->batch);

    int result = store_reader_open(&worker->reader, db_path, error);
    if (result != 0)
        return result;
    worker->instance = spec->instance;
    mutex_init(&worker->lock);
    snprintf(worker->view.name, sizeof(worker->view.name), "%s", spec->config->name);
    worker->view.plugin = spec->config->plugin;
    if (spec->instance == NULL) {
        worker->view.state = spec->absence;
        memcpy(worker->view.reason, spec->reason, sizeof(worker->view.reason));
        return 0;
    }
    worker->view.is_network = (spec->instance->plugin->sink->flags & CLB_SINK_NETWORK) != 0;
    return 0;
}

int deliver_worker_start(struct deliver_worker *worker)
{
    int result = thread_start(&worker->thread, worker->instance->name, work, worker);
    worker->running = result == 0;
    return result;
}

void deliver_worker_finish(struct deliver_worker *worker)
{
    instance_destroy(worker->instance);
    batch_finish(&worker->batch);
    store_reader_close(worker->reader);
    mutex_finish(&worker->lock);
}
