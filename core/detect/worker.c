/* SPDX-License-Identifier: MIT */
#include "worker.h"

#include "log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A detector that fails is asked less and less often, but never given up. */
enum { BACKOFF_FIRST_MS = 1000, BACKOFF_MAX_MS = 300 * 1000 };
/* An event-driven detector may ask to be polled at once, but not to burn the processor. */
enum { EVENT_PAUSE_MS = 100 };
enum { DEADLINE_MIN_MS = 1000 };

static int64_t now_ms(const struct detect_worker *worker)
{
    return worker->clock->monotonic_ms(worker->clock);
}

static bool is_cancelled(const struct detect_worker *worker)
{
    return atomic_load(&worker->instance->cancelled);
}

static const char *what_changed(enum detect_state state)
{
    return state == DETECT_FAILED        ? "failed"
           : state == DETECT_QUARANTINED ? "is out of service"
                                         : "is unavailable";
}

/* Logs when a detector goes from one state to another, not at each poll. */
static void log_change(const struct detect_view *before, const struct detect_view *now)
{
    if (now->state == DETECT_OK && before->state != DETECT_OK && before->state != DETECT_STARTING)
        log_info(now->name, "works again");
    if (now->state == DETECT_OK)
        return;
    if (before->state != now->state || strcmp(before->reason, now->reason) != 0)
        log_warning(now->name, "%s: %s", what_changed(now->state), now->reason);
}

static void publish(struct detect_worker *worker, const struct detect_view *view)
{
    mutex_lock(&worker->lock);
    struct detect_view before = worker->view;
    worker->view = *view;
    mutex_unlock(&worker->lock);
    log_change(&before, view);
    if (before.state == DETECT_STARTING)
        wakeup_signal(worker->ready);
}

/* Of several observations the active one with the highest confidence speaks for the detector. */
static void see(const struct instance_observation *observation, void *context)
{
    struct detect_view *view = context;
    if (view->sights_count < DETECT_SIGHTS_MAX)
        view->sights[view->sights_count] = *observation;
    view->sights_count++;
    bool better = observation->active &&
                  (!view->fuse.active || observation->confidence > view->fuse.confidence);
    bool only = !view->fuse.active && view->subject[0] == '\0';
    if (!better && !only)
        return;
    view->fuse.active = observation->active;
    view->fuse.confidence = observation->confidence;
    view->value = observation->value;
    memcpy(view->fuse.activity, observation->activity, sizeof(view->fuse.activity));
    memcpy(view->subject, observation->subject, sizeof(view->subject));
}

static void see_nothing(struct detect_view *view)
{
    memset(&view->fuse, 0, sizeof(view->fuse));
    view->value = 0;
    view->subject[0] = '\0';
    view->sights_count = 0;
}

static void set_failed(struct detect_view *view, int32_t status, const struct error *error)
{
    see_nothing(view);
    view->state = status == CLB_UNAVAILABLE ? DETECT_UNAVAILABLE : DETECT_FAILED;
    view->failures++;
    snprintf(view->reason, sizeof(view->reason), "%.511s", error->text);
}

/* Starts the instance, or looks once; publishes what came of it. */
static int32_t look(struct detect_worker *worker)
{
    assert(!instance_is_out_of_service(worker->instance));
    struct error error = {0};
    struct detect_view view;
    detect_worker_get(worker, &view);

    int32_t status = CLB_OK;
    if (worker->instance->state != INSTANCE_RUNNING)
        status = instance_start(worker->instance, &error);
    if (status == CLB_OK) {
        see_nothing(&view);
        int64_t began_us = clock_measure_us();
        status = instance_poll(worker->instance, now_ms(worker) + worker->deadline_ms, see, &view,
                               &error);
        view.poll_us = clock_measure_us() - began_us;
        view.polls++;
    }
    view.polled_ms = now_ms(worker);
    if (status == CLB_OK) {
        view.state = DETECT_OK;
        view.reason[0] = '\0';
    } else {
        set_failed(&view, status, &error);
    }
    if (!is_cancelled(worker))
        publish(worker, &view);
    return status;
}

/* Sleeps until `until_ms`, or until the detector has an event. */
static void rest(struct detect_worker *worker, int64_t until_ms)
{
    int64_t not_before_ms = now_ms(worker) + EVENT_PAUSE_MS;
    while (!is_cancelled(worker) && now_ms(worker) < until_ms) {
        if (instance_wait(worker->instance, until_ms) != CLB_EVENT)
            continue;
        while (!is_cancelled(worker) && now_ms(worker) < not_before_ms)
            worker->clock->wait(worker->clock, &worker->instance->wakeup, not_before_ms);
        return;
    }
}

/* It leaks: what it holds is given back as far as it does that, and nothing more is asked of it. */
static void retire(struct detect_worker *worker)
{
    struct detect_view view;
    struct instance_account account;
    struct instance *instance = worker->instance;
    if (instance->state == INSTANCE_RUNNING)
        instance_stop(instance);
    instance_get_account(instance, &account);
    detect_worker_get(worker, &view);
    see_nothing(&view);
    view.state = DETECT_QUARANTINED;
    snprintf(view.reason, sizeof(view.reason), "the plugin %s", account.leak);
    publish(worker, &view);
    while (!is_cancelled(worker))
        worker->clock->wait(worker->clock, &instance->wakeup, INT64_MAX);
}

/* Of what cannot be seen now no poll failed: it may be back in a moment. */
static bool is_failure(const struct detect_worker *worker, int32_t status)
{
    bool is_unavailable = status == CLB_UNAVAILABLE && worker->instance->state == INSTANCE_RUNNING;
    return status != CLB_OK && !is_unavailable;
}

static int64_t next_backoff_ms(const struct detect_worker *worker, int64_t backoff_ms)
{
    int64_t first_ms =
        worker->interval_ms > BACKOFF_FIRST_MS ? worker->interval_ms : BACKOFF_FIRST_MS;
    int64_t next_ms = backoff_ms == 0 ? first_ms : backoff_ms * 2;
    if (next_ms <= BACKOFF_MAX_MS)
        return next_ms;
    return first_ms > BACKOFF_MAX_MS ? first_ms : BACKOFF_MAX_MS;
}

static void work(void *argument)
{
    struct detect_worker *worker = argument;
    int64_t due_ms = now_ms(worker);
    int64_t backoff_ms = 0;
    while (!is_cancelled(worker)) {
        if (is_failure(worker, look(worker))) {
            backoff_ms = next_backoff_ms(worker, backoff_ms);
            due_ms = now_ms(worker) + backoff_ms;
        } else {
            backoff_ms = 0;
            due_ms += worker->interval_ms; /* from the previous due time: no drift */
            if (due_ms <= now_ms(worker))
                due_ms = now_ms(worker) + worker->interval_ms; /* missed ones are skipped */
        }
        if (!instance_is_out_of_service(worker->instance))
            rest(worker, due_ms);
        if (instance_is_out_of_service(worker->instance))
            retire(worker);
    }
    if (worker->instance->state == INSTANCE_RUNNING)
        instance_stop(worker->instance);
}

void detect_worker_init(struct detect_worker *worker, const struct detect_spec *spec,
                        struct clock *clock, struct wakeup *ready)
{
    assert(spec->interval_ms > 0);
    worker->instance = spec->instance;
    worker->clock = clock;
    worker->ready = ready;
    worker->interval_ms = spec->interval_ms;
    worker->deadline_ms = spec->interval_ms > DEADLINE_MIN_MS ? spec->interval_ms : DEADLINE_MIN_MS;
    mutex_init(&worker->lock);
    snprintf(worker->view.name, sizeof(worker->view.name), "%s", spec->name);
    worker->view.plugin = spec->plugin;
    if (spec->instance == NULL) {
        worker->view.state = spec->absence;
        memcpy(worker->view.reason, spec->reason, sizeof(worker->view.reason));
        return;
    }
    worker->view.is_evidence = spec->instance->plugin->detector->role == CLB_ROLE_EVIDENCE;
}

int detect_worker_start(struct detect_worker *worker)
{
    int result = thread_start(&worker->thread, worker->instance->name, work, worker);
    worker->running = result == 0;
    return result;
}

void detect_worker_finish(struct detect_worker *worker)
{
    instance_destroy(worker->instance);
    mutex_finish(&worker->lock);
}

void detect_worker_get(struct detect_worker *worker, struct detect_view *view)
{
    mutex_lock(&worker->lock);
    *view = worker->view;
    mutex_unlock(&worker->lock);
}
