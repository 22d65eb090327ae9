/* SPDX-License-Identifier: MIT */
/* A detector and a sink that do the wrong thing which the setting `trick` names. Without one they
 * behave: the detector sees nobody play, the sink takes everything. */
#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <clockblock/sink.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HUGE_BYTES = 100 * 1000 * 1000, LEAKED_AT_ONCE = 5 };

struct instance {
    const clb_host *host;
    const clb_run *run;
    char trick[32];
    const clb_poll *last_poll;
    char *huge;
};

static const char *const tricks[] = {"none",           "hang_poll",      "hang_stop",
                                     "crash_create",   "hang_create",    "crash_start",
                                     "crash_poll",     "crash_wait",     "crash_thread",
                                     "stack_overflow", "crash_deliver",  "huge_text",
                                     "invalid_utf8",   "emit_late",      "emit_thread",
                                     "leak_threads",   "thread_at_exit", "exit",
                                     "abort",          "fail",           "leak_descriptors",
                                     "take_too_many",  "hang_deliver",   NULL};
static const clb_option option_trick = {.size = sizeof(clb_option),
                                        .type = CLB_OPTION_ENUM,
                                        .key = "trick",
                                        .default_text = "none",
                                        .choices = tricks,
                                        .help = "what to do wrong"};
static const clb_option *const options[] = {&option_trick, NULL};

static int is(const struct instance *self, const char *trick)
{
    return strcmp(self->trick, trick) == 0;
}

/* Not through NULL, where a sanitizer would end the process before the system does. */
static void crash(void)
{
    volatile int *nowhere = (volatile int *)(uintptr_t)4096;
    *nowhere = 1;
}

static int overflow(volatile char *above, int depth)
{
    volatile char here[4096];
    here[0] = above[0];
    return depth > 0 ? overflow(here, depth - 1) + here[0] : 0;
}

static void hang(void)
{
    for (;;)
        pause();
}

static void *crash_in_thread(void *argument)
{
    crash();
    return argument;
}

static void *sleep_in_thread(void *argument)
{
    hang();
    return argument;
}

/* As a library does that another thread of the plugin is still inside of when the process ends. */
static int library_value;
static int *_Atomic library = &library_value;
static atomic_int is_used;

static void *use_library(void *argument)
{
    for (;;) {
        (void)*(volatile int *)atomic_load(&library);
        usleep(1000);
    }
    return argument;
}

__attribute__((destructor)) static void clean_library_up(void)
{
    if (!atomic_load(&is_used))
        return;
    atomic_store(&library, NULL);
    usleep(300 * 1000);
}

static void *emit_in_thread(void *argument)
{
    const clb_poll *poll = argument;
    const clb_observation seen = {
        .size = sizeof(seen), .state = CLB_ACTIVE, .confidence = 100, .activity = "Forbidden"};
    poll->emit(poll, &seen);
    return NULL;
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    struct instance *self = calloc(1, sizeof(*self));
    (void)error;
    if (self == NULL)
        return CLB_FAILED;
    self->host = host;
    self->run = host->get_service(host, CLB_RUN);
    snprintf(self->trick, sizeof(self->trick), "%s", clb_setting_text(settings, "trick"));
    if (is(self, "crash_create"))
        crash();
    if (is(self, "hang_create"))
        hang();
    *instance = self;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    (void)error;
    if (is(self, "crash_start"))
        crash();
    return CLB_OK;
}

static void start_thread(void *(*function)(void *), void *argument, int is_joined)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    if (pthread_create(&thread, &attributes, function, argument) == 0) {
        if (is_joined)
            pthread_join(thread, NULL);
        else
            pthread_detach(thread);
    }
    pthread_attr_destroy(&attributes);
}

static void emit_text(const clb_poll *poll, const char *text)
{
    const clb_observation seen = {
        .size = sizeof(seen), .state = CLB_INACTIVE, .activity = text, .subject = text};
    poll->emit(poll, &seen);
}

static void emit_huge(struct instance *self, const clb_poll *poll)
{
    if (self->huge == NULL)
        self->huge = malloc(HUGE_BYTES);
    if (self->huge == NULL)
        return;
    memset(self->huge, 'x', HUGE_BYTES);
    self->huge[HUGE_BYTES - 1] = '\0';
    emit_text(poll, self->huge);
}

static void misbehave(struct instance *self, const clb_poll *poll)
{
    char here = 0;
    if (is(self, "crash_poll"))
        crash();
    else if (is(self, "crash_thread"))
        start_thread(crash_in_thread, NULL, 1);
    else if (is(self, "stack_overflow"))
        overflow(&here, 1000 * 1000);
    else if (is(self, "exit"))
        exit(0);
    else if (is(self, "abort"))
        abort();
    else if (is(self, "hang_poll"))
        hang();
    else if (is(self, "huge_text"))
        emit_huge(self, poll);
    else if (is(self, "invalid_utf8"))
        emit_text(poll, "\xC0\x80 \xFF\xFE caf\xE9");
    else if (is(self, "emit_thread"))
        start_thread(emit_in_thread, (void *)poll, 1);
    else if (is(self, "leak_threads"))
        for (int i = 0; i < LEAKED_AT_ONCE; i++)
            start_thread(sleep_in_thread, NULL, 0);
    else if (is(self, "thread_at_exit") && !atomic_exchange(&is_used, 1))
        start_thread(use_library, NULL, 0);
    else if (is(self, "leak_descriptors"))
        for (int i = 0; i < LEAKED_AT_ONCE; i++)
            (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static int32_t CLB_CALL poll_once(void *data, const clb_poll *poll, clb_error *error)
{
    struct instance *self = data;
    self->last_poll = poll;
    misbehave(self, poll);
    if (!is(self, "fail"))
        return CLB_OK;
    snprintf(error->text, sizeof(error->text), "it never works");
    return CLB_FAILED;
}

static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct instance *self = data;
    (void)error;
    if (is(self, "crash_deliver"))
        crash();
    if (is(self, "hang_deliver"))
        hang();
    delivery->accepted = batch->count + (is(self, "take_too_many") ? 7 : 0);
}

static int32_t CLB_CALL wait_for(void *data, int64_t max_ms)
{
    struct instance *self = data;
    if (is(self, "crash_wait"))
        crash();
    if (is(self, "emit_late"))
        emit_in_thread((void *)self->last_poll);
    return self->run->wait(self->host, max_ms);
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    if (is(self, "hang_stop"))
        hang();
}

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    free(self->huge);
    free(self);
}

static const void *CLB_CALL get_interface(const char *id)
{
    static const clb_detector detector = {.role = CLB_ROLE_EVIDENCE,
                                          .create = create,
                                          .start = start,
                                          .poll = poll_once,
                                          .wait = wait_for,
                                          .stop = stop,
                                          .destroy = destroy};
    static const clb_sink sink = {.create = create,
                                  .start = start,
                                  .deliver = deliver,
                                  .wait = wait_for,
                                  .stop = stop,
                                  .destroy = destroy};
    if (strcmp(id, CLB_DETECTOR) == 0)
        return &detector;
    return strcmp(id, CLB_SINK) == 0 ? (const void *)&sink : NULL;
}

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    static const clb_plugin plugin = {
        .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
        .id = "misbehaving",
        .version = "1",
        .description = "Does the wrong thing",
        .options = options,
        .get_interface = get_interface};
    (void)probe;
    return &plugin;
}
