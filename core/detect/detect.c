/* SPDX-License-Identifier: MIT */
#include "detect.h"

#include "log.h"
#include "platform/thread.h"
#include "worker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct detect {
    struct clock *clock;
    int count;
    struct detect_worker workers[]; /* count of them */
};

struct detect *detect_create(const struct detect_spec *specs, int count, struct clock *clock,
                             struct wakeup *ready)
{
    struct detect *detect = calloc(1, sizeof(*detect) + (size_t)count * sizeof(detect->workers[0]));
    assert(detect != NULL);
    detect->clock = clock;
    detect->count = count;
    for (int i = 0; i < count; i++)
        detect_worker_init(&detect->workers[i], &specs[i], clock, ready);
    return detect;
}

int detect_start(struct detect *detect, struct error *error)
{
    for (int i = 0; i < detect->count; i++) {
        struct detect_worker *worker = &detect->workers[i];
        int result = worker->instance != NULL ? detect_worker_start(worker) : 0;
        if (result != 0)
            return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made for detector %s: %s",
                             worker->instance->name, strerror(result));
    }
    return 0;
}

void detect_cancel(struct detect *detect)
{
    for (int i = 0; i < detect->count; i++)
        if (detect->workers[i].instance != NULL)
            instance_cancel(detect->workers[i].instance);
}

bool detect_stop(struct detect *detect, int64_t until_ms)
{
    bool all = true;
    detect_cancel(detect);
    for (int i = 0; i < detect->count; i++) {
        struct detect_worker *worker = &detect->workers[i];
        int64_t left_ms = until_ms - detect->clock->monotonic_ms(detect->clock);
        if (worker->running && !thread_join_within(&worker->thread, left_ms > 0 ? left_ms : 0)) {
            log_warning("detect", "detector %s does not come back, and is left behind",
                        worker->instance->name);
            all = false;
        }
        worker->running = false;
    }
    return all;
}

void detect_destroy(struct detect *detect)
{
    if (detect == NULL)
        return;
    for (int i = 0; i < detect->count; i++)
        detect_worker_finish(&detect->workers[i]);
    free(detect);
}

int detect_count(const struct detect *detect)
{
    return detect->count;
}

bool detect_is_ready(struct detect *detect)
{
    for (int i = 0; i < detect->count; i++) {
        struct detect_view view;
        detect_worker_get(&detect->workers[i], &view);
        if (view.state == DETECT_STARTING)
            return false;
    }
    return true;
}

/* A word that is too old says nothing any more, whoever is to blame. */
static void judge_age(const struct detect_worker *worker, int64_t now_ms, struct detect_view *view)
{
    int64_t limit_ms = 2 * worker->interval_ms + worker->deadline_ms;
    if (worker->instance == NULL)
        return;
    instance_get_account(worker->instance, &view->account);
    if (instance_is_wedged(worker->instance, now_ms)) {
        view->state = DETECT_WEDGED;
        snprintf(view->reason, sizeof(view->reason), "a call into the plugin does not return");
    } else if (view->state == DETECT_OK && now_ms - view->polled_ms > limit_ms) {
        view->state = DETECT_UNAVAILABLE;
        snprintf(view->reason, sizeof(view->reason), "its last word is %" PRId64 " s old",
                 (now_ms - view->polled_ms) / 1000);
    }
    view->fuse.available = view->state == DETECT_OK;
}

void detect_get(struct detect *detect, int index, struct detect_view *view)
{
    assert(index >= 0 && index < detect->count);
    struct detect_worker *worker = &detect->workers[index];
    detect_worker_get(worker, view);
    judge_age(worker, detect->clock->monotonic_ms(detect->clock), view);
}
