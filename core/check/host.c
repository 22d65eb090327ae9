/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "record/text.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HURRY_MS = 1000, LOG_MAX_BYTES = 64 * 1024, TEXT_MAX_BYTES = 64 * 1024, EMITS_MAX = 100000 };

static _Atomic(struct host *) hosts;          /* only ever grows, at its head */
static _Thread_local struct host *own_worker; /* whose worker this thread is; NULL: of none */

static const char poison; /* its address is a pointer that nobody may follow */

/* ---- What the plugin hands over ---- */

void host_check_text(const char *what, const char *text, size_t max_bytes)
{
    size_t used = 0;
    if (text == NULL)
        return;
    while (used <= max_bytes && text[used] != '\0') {
        size_t length = text_character(text + used);
        if (length == 0)
            check_fail("%s is not UTF-8 at its byte %zu", what, used);
        used += length;
    }
    if (used > max_bytes)
        check_fail("%s is longer than %zu bytes", what, max_bytes);
}

void host_check_line(const char *what, const char *text, size_t max_bytes)
{
    if (text == NULL || text[0] == '\0')
        check_fail("%s is empty", what);
    host_check_text(what, text, max_bytes);
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            check_fail("%s is not one line: it holds the control character %d", what, *c);
}

/* The host whose handle this is, alive or not; compared without being read. */
static struct host *host_of(const void *handle, const char *function)
{
    for (struct host *host = atomic_load(&hosts); host != NULL; host = host->next)
        if (handle == (const void *)&host->abi || handle == (const void *)&host->poll)
            return host;
    check_fail("%s was called with a handle that is none of the host's", function);
}

static struct host *living(const clb_host *handle, const char *function)
{
    struct host *host = host_of(handle, function);
    if (!atomic_load(&host->alive))
        check_fail("%s was called after destroy had returned", function);
    return host;
}

static struct host *on_worker(const clb_host *handle, const char *function)
{
    struct host *host = living(handle, function);
    if (own_worker != host)
        check_fail("%s was called on another thread than the instance's worker", function);
    return host;
}

/* ---- Services ---- */

static int32_t CLB_CALL service_log_enabled(const clb_host *handle, int32_t level)
{
    (void)living(handle, "log->enabled");
    return level >= CLB_LOG_ERROR && level <= CLB_LOG_DEBUG;
}

static void CLB_CALL service_log_write(const clb_host *handle, int32_t level, const char *text)
{
    (void)living(handle, "log->write");
    if (level < CLB_LOG_ERROR || level > CLB_LOG_DEBUG)
        check_fail("log->write was called with the level %d, which there is not", level);
    host_check_line("a line for the log", text, LOG_MAX_BYTES);
}

static int64_t CLB_CALL service_monotonic_ms(const clb_host *handle)
{
    (void)living(handle, "clock->monotonic_ms");
    return check_now_ms();
}

static int64_t CLB_CALL service_wall_ms(const clb_host *handle)
{
    (void)living(handle, "clock->wall_ms");
    return check_clock()->wall_ms(check_clock());
}

static int32_t CLB_CALL service_cancelled(const clb_host *handle)
{
    return atomic_load(&living(handle, "run->cancelled")->cancelled);
}

static int32_t CLB_CALL service_wait(const clb_host *handle, int64_t max_ms)
{
    struct host *host = on_worker(handle, "run->wait");
    if (max_ms > 0)
        (void)wakeup_wait(&host->bell, max_ms);
    return CLB_OK;
}

static intptr_t CLB_CALL service_wake_handle(const clb_host *handle)
{
    return on_worker(handle, "run->wake_handle")->bell.handle;
}

static const void *CLB_CALL get_service(const clb_host *handle, const char *id)
{
    static const clb_log log = {service_log_enabled, service_log_write};
    static const clb_clock clock = {service_monotonic_ms, service_wall_ms};
    static const clb_run run = {service_cancelled, service_wait, service_wake_handle};
    const struct host *host = living(handle, "get_service");
    host_check_line("the id of a service", id, TEXT_MAX_BYTES);
    if (host->lacks != NULL && strcmp(id, host->lacks) == 0)
        return NULL;
    if (strcmp(id, CLB_LOG) == 0)
        return &log;
    if (strcmp(id, CLB_CLOCK) == 0)
        return &clock;
    return strcmp(id, CLB_RUN) == 0 ? &run : NULL;
}

static void check_observation(const clb_observation *given)
{
    clb_observation copy = {0};
    if (given == NULL || given->size < offsetof(clb_observation, value))
        check_fail("an observation does not begin with its size");
    memcpy(&copy, given, given->size < sizeof(copy) ? given->size : sizeof(copy));
    if (copy.state != CLB_INACTIVE && copy.state != CLB_ACTIVE)
        check_fail("an observation has the state %d, which there is not", copy.state);
    if (copy.confidence < 0 || copy.confidence > 100)
        check_fail("an observation has the confidence %d; it goes from 0 to 100", copy.confidence);
    if (copy.reserved != 0)
        check_fail("an observation has %u in its reserved member", (unsigned)copy.reserved);
    if (!isfinite(copy.value))
        check_fail("an observation has a value that is no number");
    host_check_text("the activity of an observation", copy.activity, TEXT_MAX_BYTES);
    host_check_text("the subject of an observation", copy.subject, TEXT_MAX_BYTES);
}

static void CLB_CALL on_emit(const clb_poll *poll, const clb_observation *observation)
{
    struct host *host = host_of(poll, "emit");
    if (own_worker != host)
        check_fail("emit was called on another thread than the instance's worker");
    if (!atomic_load(&host->is_polling))
        check_fail("emit was called outside poll");
    check_observation(observation);
    if (++host->emitted > EMITS_MAX)
        check_fail("one poll emitted more than %d observations", EMITS_MAX);
}

/* ---- The worker ---- */

static void work(void *argument)
{
    struct host *host = argument;
    own_worker = host;
    for (;;) {
        (void)wakeup_wait(&host->job_given, -1);
        if (host->job == NULL)
            return;
        host->job(host, host->argument);
        wakeup_signal(&host->job_done);
    }
}

void host_begin(struct host *host, void (*job)(struct host *host, void *argument), void *argument)
{
    host->job = job;
    host->argument = argument;
    wakeup_signal(&host->job_given);
}

bool host_await(struct host *host, int64_t timeout_ms)
{
    return wakeup_wait(&host->job_done, timeout_ms);
}

void host_do(struct host *host, void (*job)(struct host *host, void *argument), void *argument)
{
    host_begin(host, job, argument);
    (void)host_await(host, -1);
}

void host_ring(struct host *host)
{
    watch_hurry(&host->watch, HURRY_MS);
    wakeup_signal(&host->bell);
}

void host_cancel(struct host *host)
{
    atomic_store(&host->cancelled, true);
    host_ring(host);
}

/* ---- Its life ---- */

static void choose_calls(struct host *host, const struct subject *subject)
{
    if (subject->kind == INSTANCE_DETECTOR) {
        const clb_detector *table = subject->plugin.detector;
        host->detector = table;
        host->calls = (struct instance_calls){table->create, table->start, table->wait, table->stop,
                                              table->destroy};
        return;
    }
    const clb_sink *table = subject->plugin.sink;
    host->sink = table;
    host->calls = (struct instance_calls){table->create, table->start, table->wait, table->stop,
                                          table->destroy};
}

struct host *host_create(const struct subject *subject)
{
    struct host *host = calloc(1, sizeof(*host));
    assert(host != NULL);
    host->kind = subject->kind;
    choose_calls(host, subject);
    host->abi = (clb_host){.size = sizeof(clb_host),
                           .abi_major = CLB_ABI_MAJOR,
                           .abi_minor = CLB_ABI_MINOR,
                           .instance_name = "checked",
                           .host_data = (void *)(uintptr_t)&poison,
                           .get_service = get_service};
    host->given = host->abi;
    host->poll = (clb_poll){
        .size = sizeof(clb_poll), .host_data = (void *)(uintptr_t)&poison, .emit = on_emit};
    if (wakeup_init(&host->bell) != 0 || wakeup_init(&host->job_given) != 0 ||
        wakeup_init(&host->job_done) != 0)
        check_skip("this machine has no descriptor left");
    watch_add(&host->watch);
    host->next = atomic_load(&hosts);
    atomic_store(&hosts, host);
    if (thread_start(&host->thread, "checked", work, host) != 0)
        check_skip("this machine has no room for another thread");
    return host;
}

void host_finish(struct host *host)
{
    if (host == NULL)
        return;
    assert(!host->is_created);
    host_begin(host, NULL, NULL);
    thread_join(&host->thread);
    wakeup_finish(&host->bell);
    wakeup_finish(&host->job_given);
    wakeup_finish(&host->job_done);
}
