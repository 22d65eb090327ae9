/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "backoff.h"
#include "log.h"
#include "platform/process.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_REST_MS = 10 * 1000 };

static int64_t now_ms(const struct deliver_worker *worker)
{
    struct clock *clock = worker->deliver->clock;
    return clock->monotonic_ms(clock);
}

static int64_t wall_ms(const struct deliver_worker *worker)
{
    struct clock *clock = worker->deliver->clock;
    return clock->wall_ms(clock);
}

static bool is_cancelled(const struct deliver_worker *worker)
{
    return atomic_load(&worker->instance->cancelled);
}

/* ---- What others see ---- */

static void note_success(struct deliver_worker *worker, int64_t records)
{
    mutex_lock(&worker->lock);
    struct deliver_view *view = &worker->view;
    bool was_failing = view->state == DELIVER_RETRYING || view->state == DELIVER_HOLDING;
    view->state = DELIVER_OK;
    view->attempts++;
    view->delivered += records;
    view->last_attempt_ms = view->last_success_ms = wall_ms(worker);
    view->reason[0] = '\0';
    mutex_unlock(&worker->lock);
    worker->failures = 0;
    if (was_failing)
        log_info(worker->instance->name, "works again");
}

static void note_failure(struct deliver_worker *worker, enum deliver_state state,
                         const char *reason, int64_t records)
{
    mutex_lock(&worker->lock);
    struct deliver_view *view = &worker->view;
    bool is_news = view->state != state || strcmp(view->reason, reason) != 0;
    view->state = state;
    view->attempts++;
    view->failures++;
    view->delivered += records;
    view->last_attempt_ms = wall_ms(worker);
    snprintf(view->reason, sizeof(view->reason), "%s", reason);
    mutex_unlock(&worker->lock);
    worker->failures++;
    if (is_news)
        log_warning(worker->instance->name, "%s; heartbeats are kept, and tried again", reason);
}

static void note_nothing_left(struct deliver_worker *worker)
{
    mutex_lock(&worker->lock);
    if (worker->view.state == DELIVER_STARTING)
        worker->view.state = DELIVER_OK;
    mutex_unlock(&worker->lock);
}

static void note_next_attempt(struct deliver_worker *worker, int64_t next_ms)
{
    mutex_lock(&worker->lock);
    worker->view.next_attempt_ms = next_ms;
    mutex_unlock(&worker->lock);
}

/* ---- One batch ---- */

static int record_limit(const struct deliver_worker *worker)
{
    int limit = worker->batch_limit > 0 ? worker->batch_limit : BATCH_RECORDS;
    /* A queue that is longer than a batch is a backlog: larger batches empty it sooner. */
    if (worker->batch_limit == 0 && worker->batch.abi.count >= BATCH_RECORDS)
        limit = BATCH_RECORDS_BACKLOG;
    if (worker->learned_limit > 0 && limit > worker->learned_limit)
        limit = worker->learned_limit;
    return limit;
}

static int read_batch(struct deliver_worker *worker, struct error *error)
{
    /* A batch that is tried again is the same batch: a receiver may know it by its range. */
    int64_t last_seq = INT64_MAX;
    int limit = record_limit(worker);
    if (worker->frozen_seq > 0) {
        int64_t frozen = worker->frozen_seq - worker->cursor;
        last_seq = worker->frozen_seq;
        limit = frozen < BATCH_RECORDS_MAX ? (int)frozen : BATCH_RECORDS_MAX;
    }
    return batch_read(&worker->batch, worker->reader, worker->cursor, limit, BATCH_BYTES_MAX,
                      last_seq, error);
}

static int advance(struct deliver_worker *worker, uint32_t accepted, struct error *error)
{
    if (accepted == 0)
        return 0;
    int64_t seq = worker->batch.heartbeats[accepted - 1].seq;
    int result = store_sink_advance(worker->deliver->store, worker->instance->name, seq, error);
    if (result == 0)
        worker->cursor = seq;
    return result;
}

static void halve(struct deliver_worker *worker)
{
    int count = (int)worker->batch.abi.count;
    worker->learned_limit = count > 1 ? count / 2 : 1;
    worker->frozen_seq = 0;
}

static enum deliver_state state_of(int32_t outcome)
{
    return outcome == CLB_RETRY || outcome == CLB_TOO_LARGE ? DELIVER_RETRYING : DELIVER_HOLDING;
}

/* How long to leave the receiver alone; 0: go on at once. */
static int64_t pause_after(struct deliver_worker *worker, const clb_delivery *delivery)
{
    if (delivery->outcome == CLB_TOO_LARGE && worker->batch.abi.count > 1) {
        halve(worker);
        return 0;
    }
    uint32_t random;
    process_random(&random, sizeof(random));
    if (state_of(delivery->outcome) == DELIVER_HOLDING)
        return BACKOFF_CAP_MS; /* a person has to act: no use in hurrying */
    return backoff_ms(worker->failures, random, delivery->retry_after_ms);
}

/* Delivers the batch that was read. Returns the pause before the next attempt, 0 for none. */
static int64_t deliver_batch(struct deliver_worker *worker)
{
    struct error error = {0};
    clb_delivery delivery;
    clb_today today = {.size = sizeof(today)};
    worker->deliver->today(worker->deliver->today_context, &today);
    worker->batch.abi.today = &today;
    worker->batch.abi.deadline_ms = now_ms(worker) + worker->timeout_ms;
    worker->frozen_seq = worker->batch.last_seq;

    instance_deliver(worker->instance, &worker->batch.abi, &delivery, &error);
    struct error store_error = {0};
    if (advance(worker, delivery.accepted, &store_error) != 0) {
        note_failure(worker, DELIVER_RETRYING, store_error.text, 0);
        return BACKOFF_BASE_MS;
    }
    if (delivery.outcome == CLB_DELIVERED) {
        worker->frozen_seq = 0;
        note_success(worker, delivery.accepted);
        return 0;
    }
    if (is_cancelled(worker))
        return BACKOFF_BASE_MS; /* we broke it off ourselves: no fault of the receiver */
    if (delivery.accepted > 0)
        worker->frozen_seq = 0;
    note_failure(worker, state_of(delivery.outcome), error.text, delivery.accepted);
    return pause_after(worker, &delivery);
}

/* ---- The loop ---- */

/* It leaks: what it holds is given back as far as it does that, and nothing more is asked of it.
 * Its heartbeats wait. */
static void retire(struct deliver_worker *worker)
{
    struct instance *instance = worker->instance;
    struct instance_account account;
    if (instance->state == INSTANCE_RUNNING)
        instance_stop(instance);
    instance_get_account(instance, &account);
    mutex_lock(&worker->lock);
    worker->view.state = DELIVER_QUARANTINED;
    snprintf(worker->view.reason, sizeof(worker->view.reason), "the plugin %s", account.leak);
    mutex_unlock(&worker->lock);
    while (!is_cancelled(worker))
        worker->deliver->clock->wait(worker->deliver->clock, &instance->wakeup, INT64_MAX);
}

static bool start_if_needed(struct deliver_worker *worker)
{
    if (worker->instance->state == INSTANCE_RUNNING)
        return true;
    struct error error = {0};
    int32_t status = instance_start(worker->instance, &error);
    if (status == CLB_OK)
        return true;
    note_failure(worker, DELIVER_RETRYING, error.text, 0);
    return false;
}

/* The cursor is read when the work begins, not when the worker is made: at a reload the one before
 * it still delivers then. */
static int load_cursor(struct deliver_worker *worker, struct error *error)
{
    if (worker->has_cursor)
        return 0;
    struct store_sink_state state;
    int result = store_read_sink(worker->reader, worker->instance->name, &state, error);
    if (result != 0)
        return result;
    assert(state.found);
    worker->cursor = state.delivered_seq;
    worker->has_cursor = true;
    return 0;
}

/* Delivers until nothing is left. Returns the pause before the next attempt: 0 when all is
 * delivered. */
static int64_t drain(struct deliver_worker *worker)
{
    uint32_t random;
    process_random(&random, sizeof(random));
    while (!is_cancelled(worker) && !instance_is_out_of_service(worker->instance)) {
        struct error error = {0};
        if (!start_if_needed(worker))
            return backoff_ms(worker->failures, random, 0);
        if (load_cursor(worker, &error) != 0 || read_batch(worker, &error) != 0) {
            note_failure(worker, DELIVER_RETRYING, error.text, 0);
            return backoff_ms(worker->failures, random, 0);
        }
        if (worker->batch.abi.count == 0)
            break;
        int64_t pause_ms = deliver_batch(worker);
        if (pause_ms > 0)
            return pause_ms;
    }
    batch_shrink(&worker->batch);
    note_nothing_left(worker);
    return 0;
}

static void rest(struct deliver_worker *worker, int64_t until_ms)
{
    note_next_attempt(worker, until_ms);
    while (!is_cancelled(worker) && now_ms(worker) < until_ms)
        if (instance_wait(worker->instance, until_ms) == CLB_EVENT)
            return;
}

/* Between deliveries. A new agent has nothing to deliver yet, and whoever set up a sink wants to
 * see it work soon. */
static int64_t rest_of(const struct deliver_worker *worker)
{
    bool is_first = worker->cursor == 0 && worker->sync_interval_ms > FIRST_REST_MS;
    return is_first ? FIRST_REST_MS : worker->sync_interval_ms;
}

static void work(void *argument)
{
    struct deliver_worker *worker = argument;
    while (!is_cancelled(worker)) {
        int64_t pause_ms = drain(worker);
        if (pause_ms == 0)
            pause_ms = rest_of(worker);
        if (!instance_is_out_of_service(worker->instance))
            rest(worker, now_ms(worker) + pause_ms);
        if (instance_is_out_of_service(worker->instance))
            retire(worker);
    }
    if (worker->instance->state == INSTANCE_RUNNING)
        instance_stop(worker->instance);
}

bool deliver_worker_drain(struct deliver_worker *worker)
{
    bool done = drain(worker) == 0 && !is_cancelled(worker);
    if (worker->instance->state == INSTANCE_RUNNING)
        instance_stop(worker->instance);
    return done;
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
