/* SPDX-License-Identifier: MIT */
/*
 * One attempt to deliver: the next batch is read, its border written down, the sink called, and
 * what comes of it decided by the policy. The store learns of each step before the next one: the
 * cursor of one batch and the border of the next share a commit.
 */
#include "worker.h"

#include "backoff.h"
#include "log.h"
#include "platform/process.h"
#include "record/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HOUR_MS = 3600 * 1000 };

static uint32_t chance(void)
{
    uint32_t random;
    process_random(&random, sizeof(random));
    return random;
}

/* ---- The store ---- */

static int64_t store_fails(struct deliver_worker *worker, const struct error *error)
{
    worker->unsaved.store_failures++;
    view_failure(worker, DELIVER_RETRYING, error->text, 0);
    return backoff_ms(worker->unsaved.store_failures, chance(), 0);
}

static int save(struct deliver_worker *worker, struct error *error)
{
    struct unsaved *unsaved = &worker->unsaved;
    const struct policy *policy = &worker->policy;
    if (!unsaved->is_any && policy->border == unsaved->inflight_seq)
        return 0;
    const struct store_step step = {.sink = worker->instance->name,
                                    .delivered_seq = policy->cursor,
                                    .inflight_seq = policy->border,
                                    .failures = policy->failures,
                                    .retry_at_ms = unsaved->retry_at_ms,
                                    .last_error = unsaved->last_error,
                                    .told_gap = unsaved->told_gap,
                                    .refused_json = unsaved->refused,
                                    .refused_error = unsaved->last_error};
    int result = store_save_step(worker->deliver->store, &step, error);
    if (result != 0)
        return result;
    unsaved->is_any = false;
    unsaved->told_gap = 0;
    unsaved->refused = NULL;
    unsaved->inflight_seq = policy->border;
    unsaved->store_failures = 0;
    return 0;
}

bool attempt_settle(struct deliver_worker *worker)
{
    struct error error = {0};
    if (!worker->is_loaded || save(worker, &error) == 0)
        return true;
    store_fails(worker, &error);
    return false;
}

static int load(struct deliver_worker *worker, struct error *error)
{
    struct store_delivery state;
    int result = store_read_delivery(worker->reader, worker->instance->name, 0, &state, error);
    if (result != 0)
        return result;
    assert(state.found);
    worker->policy = (struct policy){.cursor = state.delivered_seq,
                                     .border = state.inflight_seq,
                                     .failures = state.failures,
                                     .in_row = (int)state.quarantined_in_row};
    worker->unsaved =
        (struct unsaved){.inflight_seq = state.inflight_seq, .retry_at_ms = state.retry_at_ms};
    memcpy(worker->unsaved.last_error, state.last_error, sizeof(worker->unsaved.last_error));
    if (state.failures > 0)
        view_state(worker, DELIVER_RETRYING, state.last_error);
    worker->is_loaded = true;
    return 0;
}

/* It is read when the work begins, not when the worker is made: at a reload the one before it still
 * delivers then. */
bool attempt_load(struct deliver_worker *worker, int64_t *pause_ms)
{
    struct error error = {0};
    if (worker->is_loaded || load(worker, &error) == 0)
        return true;
    *pause_ms = store_fails(worker, &error);
    return false;
}

/* ---- What comes next ---- */

static int record_limit(const struct deliver_worker *worker)
{
    const struct policy *policy = &worker->policy;
    int limit = worker->batch_limit > 0 ? worker->batch_limit : BATCH_RECORDS;
    if (policy->border > policy->cursor) {
        /* A batch that is tried again is the same batch: a receiver may know it by its range. */
        int64_t frozen = policy->border - policy->cursor;
        int most = worker->batch_limit > 0 ? worker->batch_limit : BATCH_RECORDS_MAX;
        return frozen < most ? (int)frozen : most;
    }
    /* A queue that is longer than a batch is a backlog: larger batches empty it sooner. */
    if (worker->batch_limit == 0 && worker->batch.abi.count >= BATCH_RECORDS)
        limit = BATCH_RECORDS_BACKLOG;
    return policy_limit(policy, limit);
}

static int read_heartbeats(struct deliver_worker *worker, struct error *error)
{
    struct policy *policy = &worker->policy;
    int64_t last_seq = policy->border > policy->cursor ? policy->border : INT64_MAX;
    int result = batch_read(&worker->batch, worker->reader, policy->cursor, record_limit(worker),
                            BATCH_BYTES_MAX, last_seq, error);
    if (result != 0 || worker->batch.abi.count > 0 || policy->border == 0)
        return result;
    /* What was in flight is not there any more: it had to make room. */
    policy->border = 0;
    return batch_read(&worker->batch, worker->reader, policy->cursor, record_limit(worker),
                      BATCH_BYTES_MAX, INT64_MAX, error);
}

/* A gap comes behind the heartbeats that lie before it. It is looked for after they were read, so
 * that one which appears meanwhile, as they go, is not passed over. */
static int read_next(struct deliver_worker *worker, struct error *error)
{
    struct batch *batch = &worker->batch;
    struct store_gap *gap = &worker->gap;
    int result = read_heartbeats(worker, error);
    if (result == 0)
        result = store_read_next_gap(worker->reader, worker->instance->name, gap, error);
    if (result != 0 || gap->number == 0)
        return result;
    if (batch->abi.count > 0 && batch->heartbeats[0].seq < gap->from_seq) {
        batch_cut(batch, gap->from_seq);
        gap->number = 0;
        return 0;
    }
    batch_of_gap(batch, gap);
    return 0;
}

static int prepare(struct deliver_worker *worker, struct error *error)
{
    /* A heartbeat that goes into quarantine is in the batch that is about to be read anew, and a
     * gap that was told is not to be found again. */
    bool comes_first = worker->unsaved.refused != NULL || worker->unsaved.told_gap > 0;
    int result = comes_first ? save(worker, error) : 0;
    if (result == 0)
        result = read_next(worker, error);
    if (result != 0)
        return result;
    if (worker->gap.number == 0)
        worker->policy.border = worker->batch.abi.count > 0 ? worker->batch.last_seq : 0;
    return save(worker, error);
}

/* ---- What came of it ---- */

void attempt_call(struct deliver_worker *worker, clb_delivery *delivery, struct error *error)
{
    clb_today today = {.size = sizeof(today)};
    worker->deliver->today(worker->deliver->today_context, &today);
    worker->batch.abi.today = &today;
    worker->batch.abi.deadline_ms = worker_now_ms(worker) + worker->timeout_ms;
    instance_deliver(worker->instance, &worker->batch.abi, delivery, error);
}

static int64_t quarantined_lately(struct deliver_worker *worker)
{
    struct store_delivery state;
    struct error error = {0};
    int64_t since_ms = worker_wall_ms(worker) - HOUR_MS;
    int result =
        store_read_delivery(worker->reader, worker->instance->name, since_ms, &state, &error);
    /* Unknown: nothing more is given up. */
    return result == 0 ? state.quarantined_lately : POLICY_QUARANTINES_PER_HOUR;
}

static struct policy_step judge(struct deliver_worker *worker, const clb_delivery *delivery)
{
    const struct batch *batch = &worker->batch;
    int count = (int)batch->abi.count;
    int accepted = (int)delivery->accepted;
    struct policy_attempt attempt = {
        .count = count,
        .accepted = accepted,
        .accepted_seq = accepted > 0 ? batch->records[accepted - 1].seq : 0,
        .refused_seq = accepted < count ? batch->records[accepted].seq : 0,
        .outcome = delivery->outcome,
        .retry_after_ms = delivery->retry_after_ms,
        .lately = count == 1 ? quarantined_lately(worker) : 0,
        .random = chance(),
    };
    worker->was_asked_to_wait = delivery->retry_after_ms > 0;
    return worker->gap.number > 0 ? policy_take_gap(&worker->policy, &attempt)
                                  : policy_take(&worker->policy, &attempt);
}

static void note_failure(struct deliver_worker *worker, const struct policy_step *step,
                         const char *reason, int64_t records)
{
    struct unsaved *unsaved = &worker->unsaved;
    bool is_hold = step->action == POLICY_HOLD;
    char text[sizeof(worker->unsaved.last_error) * 2];
    snprintf(text, sizeof(text), "%s%.511s",
             step->over_budget ? "it refuses so many heartbeats that it seems to be at fault: "
                               : "",
             reason);
    text_copy(unsaved->last_error, sizeof(unsaved->last_error), text);
    /* Who has to act will have acted when the agent starts again: it tries at once then. */
    unsaved->retry_at_ms = is_hold ? 0 : worker_wall_ms(worker) + step->pause_ms;
    view_failure(worker, is_hold ? DELIVER_HOLDING : DELIVER_RETRYING, unsaved->last_error,
                 records);
}

static void note_quarantine(struct deliver_worker *worker, const char *reason)
{
    struct unsaved *unsaved = &worker->unsaved;
    const clb_record *record = worker->batch.abi.records[0];
    assert(worker->batch.abi.count == 1 && record->seq == worker->policy.cursor);
    unsaved->refused = record->json;
    text_copy(unsaved->last_error, sizeof(unsaved->last_error), reason);
    view_refusal(worker, reason, 0);
    log_warning(worker->instance->name,
                "heartbeat %" PRId64 " is refused, and set aside: %s; see `clockblock quarantine "
                "list`",
                record->seq, reason);
}

static void note_progress(struct deliver_worker *worker, const clb_delivery *delivery,
                          const char *reason)
{
    bool is_gap = worker->gap.number > 0;
    int64_t records = is_gap ? 0 : delivery->accepted;
    if (delivery->outcome == CLB_DELIVERED) {
        worker->unsaved.last_error[0] = '\0';
        view_success(worker, records);
    } else {
        view_refusal(worker, reason, records);
    }
    worker->unsaved.retry_at_ms = 0;
    if (!is_gap)
        return;
    worker->unsaved.told_gap = worker->gap.number;
    if (delivery->outcome != CLB_DELIVERED)
        log_warning(worker->instance->name, "the gap record %s is refused: %s",
                    worker->batch.abi.records[0]->id, reason);
}

static int64_t take(struct deliver_worker *worker, const clb_delivery *delivery, const char *reason)
{
    struct policy_step step = judge(worker, delivery);
    worker->unsaved.is_any = true;
    if (step.action == POLICY_GO_ON) {
        note_progress(worker, delivery, reason);
        return 0; /* it is saved with what comes next */
    }
    if (step.action == POLICY_QUARANTINE)
        note_quarantine(worker, reason);
    else
        note_failure(worker, &step, reason, worker->gap.number > 0 ? 0 : delivery->accepted);
    attempt_settle(worker);
    return step.pause_ms;
}

/* We broke it off ourselves: what was not taken is no fault of the receiver. */
static int64_t take_part(struct deliver_worker *worker, clb_delivery *delivery)
{
    if (delivery->accepted == 0)
        return BACKOFF_BASE_MS;
    (void)judge(worker, delivery);
    worker->policy.failures = 0;
    worker->unsaved.is_any = true;
    delivery->outcome = CLB_DELIVERED;
    note_progress(worker, delivery, "");
    attempt_settle(worker);
    return BACKOFF_BASE_MS;
}

int64_t attempt(struct deliver_worker *worker, bool *is_empty)
{
    struct error error = {0};
    clb_delivery delivery;
    if (prepare(worker, &error) != 0)
        return store_fails(worker, &error);
    *is_empty = worker->batch.abi.count == 0;
    if (*is_empty)
        return 0;
    attempt_call(worker, &delivery, &error);
    if (worker_is_cancelled(worker) && delivery.outcome == CLB_RETRY)
        return take_part(worker, &delivery);
    return take(worker, &delivery, error.text);
}
