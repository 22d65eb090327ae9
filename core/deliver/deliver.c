/* SPDX-License-Identifier: MIT */
#include "deliver.h"

#include "log.h"
#include "worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int deliver_create(struct deliver **deliver, const struct deliver_spec *specs, int count,
                   struct store *store, const char *db_path, struct clock *clock,
                   deliver_today today, void *today_context, struct error *error)
{
    struct deliver *made = calloc(1, sizeof(*made) + (size_t)count * sizeof(made->workers[0]));
    assert(made != NULL);
    made->store = store;
    made->clock = clock;
    made->today = today;
    made->today_context = today_context;
    for (int i = 0; i < count; i++) {
        int result = deliver_worker_init(&made->workers[i], made, &specs[i], db_path, error);
        if (result != 0) {
            /* The instances stay the caller's. */
            for (int j = 0; j < i; j++) {
                made->workers[j].instance = NULL;
                deliver_worker_finish(&made->workers[j]);
            }
            free(made);
            return result;
        }
    }
    made->count = count;
    *deliver = made;
    return 0;
}

int deliver_start(struct deliver *deliver, struct error *error)
{
    for (int i = 0; i < deliver->count; i++) {
        struct deliver_worker *worker = &deliver->workers[i];
        int result = worker->instance != NULL ? deliver_worker_start(worker) : 0;
        if (result != 0)
            return error_set(error, EXIT_CODE_SOFTWARE, "no thread can be made for sink %s: %s",
                             worker->instance->name, strerror(result));
    }
    return 0;
}

int deliver_once(struct deliver *deliver)
{
    int failed = 0;
    for (int i = 0; i < deliver->count; i++)
        if (deliver->workers[i].instance == NULL || !deliver_worker_drain(&deliver->workers[i]))
            failed++;
    return failed;
}

bool deliver_stop(struct deliver *deliver, int64_t until_ms)
{
    for (int i = 0; i < deliver->count; i++)
        if (deliver->workers[i].instance != NULL)
            instance_cancel(deliver->workers[i].instance);

    bool all = true;
    for (int i = 0; i < deliver->count; i++) {
        struct deliver_worker *worker = &deliver->workers[i];
        int64_t left_ms = until_ms - deliver->clock->monotonic_ms(deliver->clock);
        if (worker->running && !thread_join_within(&worker->thread, left_ms > 0 ? left_ms : 0)) {
            log_warning("deliver", "sink %s does not come back, and is left behind",
                        worker->instance->name);
            all = false;
        }
        worker->running = false;
    }
    return all;
}

void deliver_destroy(struct deliver *deliver)
{
    if (deliver == NULL)
        return;
    for (int i = 0; i < deliver->count; i++)
        deliver_worker_finish(&deliver->workers[i]);
    free(deliver);
}

int deliver_count(const struct deliver *deliver)
{
    return deliver->count;
}

void deliver_get(struct deliver *deliver, int index, struct deliver_view *view)
{
    assert(index >= 0 && index < deliver->count);
    struct deliver_worker *worker = &deliver->workers[index];
    mutex_lock(&worker->lock);
    *view = worker->view;
    mutex_unlock(&worker->lock);
    if (worker->instance == NULL)
        return;
    instance_get_account(worker->instance, &view->account);
    if (instance_is_wedged(worker->instance, deliver->clock->monotonic_ms(deliver->clock)))
        view->state = DELIVER_WEDGED;
}

const char *deliver_state_name(enum deliver_state state)
{
    static const char *const names[] = {"starting", "ok",      "retrying",   "holding",
                                        "wedged",   "refused", "quarantined"};
    return names[state];
}

void deliver_network_changed(struct deliver *deliver)
{
    for (int i = 0; i < deliver->count; i++) {
        struct deliver_worker *worker = &deliver->workers[i];
        if (worker->instance == NULL || !worker->view.is_network)
            continue;
        atomic_store(&worker->network_changed, true);
        wakeup_signal(&worker->instance->wakeup);
    }
}

static struct deliver_worker *find(struct deliver *deliver, const char *sink)
{
    for (int i = 0; i < deliver->count; i++)
        if (strcmp(deliver->workers[i].view.name, sink) == 0)
            return &deliver->workers[i];
    return NULL;
}

int deliver_start_replay(struct deliver *deliver, const char *sink, int64_t seq,
                         struct error *error)
{
    struct deliver_worker *worker = find(deliver, sink);
    if (worker == NULL)
        return error_set(error, EXIT_CODE_CONFIG, "no sink that is enabled has the name %s", sink);
    if (worker->instance == NULL)
        return error_set(error, EXIT_CODE_UNAVAILABLE, "sink %s does not run: %s", sink,
                         worker->view.reason);
    mutex_lock(&worker->lock);
    worker->replay = (struct deliver_replay){.seq = seq, .is_busy = true};
    mutex_unlock(&worker->lock);
    atomic_store(&worker->replay_wanted, true);
    wakeup_signal(&worker->instance->wakeup);
    return 0;
}

void deliver_replay_once(struct deliver *deliver)
{
    for (int i = 0; i < deliver->count; i++)
        if (atomic_load(&deliver->workers[i].replay_wanted))
            deliver_worker_replay(&deliver->workers[i]);
}

bool deliver_get_replay(struct deliver *deliver, const char *sink, struct deliver_replay *replay)
{
    struct deliver_worker *worker = find(deliver, sink);
    if (worker == NULL)
        return false;
    mutex_lock(&worker->lock);
    *replay = worker->replay;
    mutex_unlock(&worker->lock);
    return true;
}
