/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { QUICK_MS = 1000, START_MS = 10000, STOP_MS = 1000, HURRY_MS = 1000 };

/* ---- What was left behind ---- */

static void check_sentence(const struct host *host, const char *function)
{
    const clb_error *said = &host->said;
    char what[64];
    snprintf(what, sizeof(what), "the error of %s", function);
    if (memchr(said->text, '\0', sizeof(said->text)) == NULL)
        check_fail("%s has no NUL at its end", what);
    bool is_cut = strlen(said->text) == sizeof(said->text) - 1; /* maybe inside a character */
    if (said->text[0] != '\0' && (is_cut || host->echoes))
        return;
    host_check_line(what, said->text, sizeof(said->text));
    if (said->text[strlen(said->text) - 1] == '.')
        check_fail("%s ends with a dot: \"%s\"", what, said->text);
}

static void check_untouched(const struct host *host, const char *function)
{
    if (memcmp(&host->abi, &host->given, sizeof(host->abi)) != 0)
        check_fail("%s wrote to the host's handle", function);
    if (host->said.size != sizeof(host->said))
        check_fail("%s changed the size of its clb_error", function);
}

static void enter(struct host *host, const char *function, int64_t limit_ms)
{
    host->said = (clb_error){.size = sizeof(host->said)};
    if (atomic_load(&host->cancelled) && limit_ms > HURRY_MS)
        limit_ms = HURRY_MS;
    watch_enter(&host->watch, function, limit_ms);
}

static void leave(struct host *host, const char *function)
{
    watch_leave(&host->watch);
    check_untouched(host, function);
}

/* ---- On main ---- */

bool call_create(struct host *host, const clb_settings *settings)
{
    static char untouched; /* its address is what nobody has set */
    assert(!host->is_created);
    host->instance = &untouched;
    atomic_store(&host->alive, true);
    enter(host, "create", QUICK_MS);
    int32_t status = host->calls.create(&host->abi, settings, &host->instance, &host->said);
    leave(host, "create");
    bool is_set = host->instance != &untouched;
    if (status == CLB_OK) {
        if (!is_set)
            check_fail("create returned CLB_OK and left *instance unset");
        host->is_created = true;
        return true;
    }
    if (status != CLB_FAILED && status != CLB_UNAVAILABLE)
        check_fail("create returned %d, which is not one of its results", status);
    if (is_set)
        check_fail("create failed, and set *instance all the same");
    check_sentence(host, "create");
    host->instance = NULL;
    atomic_store(&host->alive, false);
    return false;
}

void call_destroy(struct host *host)
{
    assert(host->is_created && !host->is_running);
    enter(host, "destroy", QUICK_MS);
    host->calls.destroy(host->instance);
    leave(host, "destroy");
    atomic_store(&host->alive, false);
    host->is_created = false;
    host->instance = NULL;
}

/* ---- On the worker ---- */

static void do_start(struct host *host, void *argument)
{
    int32_t *status = argument;
    enter(host, "start", START_MS);
    *status = host->calls.start(host->instance, &host->said);
    leave(host, "start");
    if (*status != CLB_OK && *status != CLB_FAILED && *status != CLB_UNAVAILABLE)
        check_fail("start returned %d, which is not one of its results", *status);
    if (*status != CLB_OK)
        check_sentence(host, "start");
}

int32_t call_start(struct host *host)
{
    int32_t status = CLB_FAILED;
    assert(host->is_created && !host->is_running);
    host_do(host, do_start, &status);
    host->is_running = status == CLB_OK;
    return status;
}

static void do_stop(struct host *host, void *argument)
{
    (void)argument;
    enter(host, "stop", STOP_MS);
    host->calls.stop(host->instance);
    leave(host, "stop");
}

void call_stop(struct host *host)
{
    assert(host->is_running);
    host_do(host, do_stop, NULL);
    host->is_running = false;
}

static void do_poll(struct host *host, void *argument)
{
    struct task *task = argument;
    host->emitted = 0;
    host->poll.deadline_ms = check_now_ms() + task->limit_ms;
    const clb_poll given = host->poll;
    enter(host, "poll", task->limit_ms);
    atomic_store(&host->is_polling, true);
    task->status = host->detector->poll(host->instance, &host->poll, &host->said);
    atomic_store(&host->is_polling, false);
    leave(host, "poll");
    if (memcmp(&given, &host->poll, sizeof(given)) != 0)
        check_fail("poll wrote to its clb_poll");
    if (task->status != CLB_OK && task->status != CLB_FAILED && task->status != CLB_UNAVAILABLE)
        check_fail("poll returned %d, which is not one of its results", task->status);
    if (task->status != CLB_OK)
        check_sentence(host, "poll");
}

static void do_wait(struct host *host, void *argument)
{
    struct task *task = argument;
    enter(host, "wait", task->limit_ms);
    task->status = host->calls.wait(host->instance, task->limit_ms);
    leave(host, "wait");
    wakeup_clear(&host->bell);
    if (task->status != CLB_OK && task->status != CLB_EVENT)
        check_fail("wait returned %d, which is not one of its results", task->status);
}

static void check_delivery(const struct host *host, const clb_batch *batch,
                           const clb_delivery *delivery)
{
    int32_t outcome = delivery->outcome;
    if (delivery->size != sizeof(*delivery) || delivery->reserved != 0)
        check_fail("deliver changed the size or the reserved member of its clb_delivery");
    if (delivery->accepted > batch->count)
        check_fail("deliver accepted %u records of %u", (unsigned)delivery->accepted,
                   (unsigned)batch->count);
    if (outcome < CLB_DELIVERED || outcome > CLB_CONFLICT)
        check_fail("deliver says %d, which is not one of its outcomes", outcome);
    if ((outcome == CLB_DELIVERED) != (delivery->accepted == batch->count))
        check_fail("deliver accepted %u records of %u, and its outcome is %d",
                   (unsigned)delivery->accepted, (unsigned)batch->count, outcome);
    if (delivery->retry_after_ms < 0 || (delivery->retry_after_ms > 0 && outcome != CLB_RETRY))
        check_fail("deliver asks to be left alone for %lld ms, with the outcome %d",
                   (long long)delivery->retry_after_ms, outcome);
    if (outcome != CLB_DELIVERED)
        check_sentence(host, "deliver");
}

static void do_deliver(struct host *host, void *argument)
{
    struct task *task = argument;
    struct {
        clb_batch batch;
        unsigned char later[32]; /* what only a newer host would put there */
    } handed, given;
    memset(&handed, 0xA5, sizeof(handed));
    handed.batch = *task->batch;
    handed.batch.deadline_ms = check_now_ms() + task->limit_ms;
    memcpy(&given, &handed, sizeof(given));
    task->delivery = (clb_delivery){.size = sizeof(task->delivery)};
    enter(host, "deliver", task->limit_ms);
    host->sink->deliver(host->instance, &handed.batch, &task->delivery, &host->said);
    leave(host, "deliver");
    if (memcmp(&given, &handed, sizeof(handed)) != 0)
        check_fail("deliver wrote to its clb_batch");
    check_delivery(host, &handed.batch, &task->delivery);
}

void call_poll_begin(struct host *host, struct task *task)
{
    assert(host->is_running && host->detector != NULL);
    host_begin(host, do_poll, task);
}

void call_wait_begin(struct host *host, struct task *task)
{
    assert(host->is_running);
    host_begin(host, do_wait, task);
}

void call_deliver_begin(struct host *host, struct task *task)
{
    assert(host->is_running && host->sink != NULL);
    host_begin(host, do_deliver, task);
}

int32_t call_poll(struct host *host, int64_t limit_ms)
{
    struct task task = {.limit_ms = limit_ms};
    call_poll_begin(host, &task);
    (void)host_await(host, -1);
    return task.status;
}

int32_t call_wait(struct host *host, int64_t max_ms)
{
    struct task task = {.limit_ms = max_ms};
    call_wait_begin(host, &task);
    (void)host_await(host, -1);
    return task.status;
}

void call_deliver(struct host *host, const clb_batch *batch, clb_delivery *delivery)
{
    struct task task = {.limit_ms = 1000, .batch = batch};
    call_deliver_begin(host, &task);
    (void)host_await(host, -1);
    *delivery = task.delivery;
}
