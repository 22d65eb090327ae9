/* SPDX-License-Identifier: MIT */
/* What others see of a sink. */
#include "worker.h"

#include "log.h"
#include "record/text.h"

#include <string.h>

static void count(struct deliver_worker *worker, int64_t records)
{
    struct deliver_view *view = &worker->view;
    view->attempts++;
    view->delivered += records;
    view->failures_in_row = worker->policy.failures;
    view->last_attempt_ms = worker_wall_ms(worker);
    if (records > 0)
        view->last_success_ms = view->last_attempt_ms;
}

void view_success(struct deliver_worker *worker, int64_t records)
{
    mutex_lock(&worker->lock);
    struct deliver_view *view = &worker->view;
    bool was_failing = view->state == DELIVER_RETRYING || view->state == DELIVER_HOLDING;
    count(worker, records);
    view->state = DELIVER_OK;
    view->last_success_ms = view->last_attempt_ms;
    view->reason[0] = '\0';
    mutex_unlock(&worker->lock);
    if (was_failing)
        log_info(worker->instance->name, "works again");
}

void view_failure(struct deliver_worker *worker, enum deliver_state state, const char *reason,
                  int64_t records)
{
    mutex_lock(&worker->lock);
    struct deliver_view *view = &worker->view;
    bool is_news = view->state != state || strcmp(view->reason, reason) != 0;
    count(worker, records);
    view->state = state;
    view->failures++;
    text_copy(view->reason, sizeof(view->reason), reason);
    mutex_unlock(&worker->lock);
    if (is_news)
        log_warning(worker->instance->name, "%s; heartbeats are kept, and tried again", reason);
}

void view_refusal(struct deliver_worker *worker, const char *reason, int64_t records)
{
    mutex_lock(&worker->lock);
    count(worker, records);
    worker->view.failures++;
    mutex_unlock(&worker->lock);
    log_debug(worker->instance->name, "%s; smaller batches are tried", reason);
}

void view_nothing_left(struct deliver_worker *worker)
{
    mutex_lock(&worker->lock);
    if (worker->view.state == DELIVER_STARTING)
        worker->view.state = DELIVER_OK;
    mutex_unlock(&worker->lock);
}

void view_next_attempt(struct deliver_worker *worker, int64_t next_ms)
{
    mutex_lock(&worker->lock);
    worker->view.next_attempt_ms = next_ms;
    mutex_unlock(&worker->lock);
}

void view_state(struct deliver_worker *worker, enum deliver_state state, const char *reason)
{
    mutex_lock(&worker->lock);
    worker->view.state = state;
    worker->view.failures_in_row = worker->policy.failures;
    text_copy(worker->view.reason, sizeof(worker->view.reason), reason);
    mutex_unlock(&worker->lock);
}
