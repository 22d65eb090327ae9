/* SPDX-License-Identifier: MIT */
/* Plugins that break the contract, each in one way. bad_name says which: it is linked once for each
 * name, and `clockblock plugins check` has to find every one of them. BAD_SINK: it is a sink. */
#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <clockblock/sink.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct instance {
    const clb_host *host;
    const clb_log *log;
    const clb_clock *clock;
    const clb_run *run;
    int starts;
};

extern const char bad_name[]; /* name.c */
static bool was_created;
static char *shared;             /* of all instances, which is wrong */
static const clb_poll *kept;     /* beyond the call, which is wrong */
static void *volatile kept_heap; /* the newest; the others are lost */

static bool is(const char *name)
{
    return strcmp(bad_name, name) == 0;
}

static void crash(void)
{
    static int *volatile nowhere;
    *nowhere = 1;
}

static void sleep_ms(int64_t ms)
{
    for (; ms > 0; ms -= 10)
        usleep(10 * 1000);
}

/* Of the CPU's time, however long that takes. */
static void work_ms(int64_t ms)
{
    struct timespec used;
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < ms);
}

static void hang(void)
{
    for (;;)
        sleep_ms(1000);
}

static int32_t fail(clb_error *error, const char *text)
{
    snprintf(error->text, sizeof(error->text), "%s", text);
    return CLB_FAILED;
}

/* ---- create and destroy ---- */

static void spoil_process(const struct instance *self)
{
    if (is("changes_folder") && chdir("/") != 0)
        crash();
    if (is("handles_signals"))
        signal(SIGUSR1, SIG_IGN);
    if (is("prints"))
        printf("hello\n");
    if (is("touches_host"))
        ((clb_host *)(uintptr_t)self->host)->host_data = NULL;
    if (is("waits_on_main"))
        self->run->wait(self->host, 1);
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    char short_text[64];
    struct instance *self = calloc(1, sizeof(*self));
    const char *text = clb_setting_text(settings, "must");
    if (self == NULL)
        return fail(error, "no memory");
    self->host = host;
    self->log = host->get_service(host, CLB_LOG);
    self->clock = host->get_service(host, CLB_CLOCK);
    self->run = host->get_service(host, CLB_RUN);
    bool lacks = self->log == NULL || self->clock == NULL || self->run == NULL;
    if (lacks && !is("uses_what_it_lacks")) {
        free(self);
        return fail(error, "the host lacks a service");
    }
    was_created = true;
    if (is("leaks_in_create"))
        kept_heap = malloc(100);
    spoil_process(self);
    if (is("crashes_in_create"))
        crash();
    if (is("hangs_in_create"))
        hang();
    if (is("needs_what_is_missing") && strlen(text) == 0)
        crash();
    if (is("trusts_lengths") && text != NULL)
        strcpy(short_text, text);
    if (is("shares") && shared == NULL)
        shared = calloc(1, 100);
    if (is("refuses_and_sets_instance"))
        *instance = self;
    if (is("refuses_and_sets_instance") || is("refuses")) {
        return fail(error, "not today");
    }
    if (!is("leaves_instance_unset"))
        *instance = self;
    return CLB_OK;
}

static void *log_later(void *argument)
{
    const struct instance copy = *(struct instance *)argument;
    free(argument);
    sleep_ms(50);
    copy.log->write(copy.host, CLB_LOG_INFO, "is anybody there?");
    return NULL;
}

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    pthread_t thread;
    if (is("logs_after_destroy") && pthread_create(&thread, NULL, log_later, self) == 0) {
        pthread_detach(thread);
        return;
    }
    if (is("shares")) {
        free(shared);
        shared = NULL;
    }
    free(self);
}

/* ---- start and stop ---- */

static void *idle(void *argument)
{
    (void)argument;
    hang();
    return NULL;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    pthread_t thread;
    if (is("uses_what_it_lacks"))
        self->log->write(self->host, CLB_LOG_INFO, "starting");
    if (is("aborts_in_start"))
        abort();
    if (is("starts_once") && self->starts > 0)
        return fail(error, "it was started before");
    if (is("leaks_descriptors") && open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
        crash();
    if (is("leaks_heap"))
        kept_heap = malloc(100);
    if (is("leaks_threads") && pthread_create(&thread, NULL, idle, NULL) == 0)
        pthread_detach(thread);
    self->starts++;
    return is("starts_strangely") ? 17 : CLB_OK;
}

static void CLB_CALL stop(void *data)
{
    (void)data;
    if (is("crashes_in_stop"))
        crash();
    if (is("hangs_in_stop"))
        hang();
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    if (is("waits_deaf")) {
        sleep_ms(max_ms);
        return CLB_OK;
    }
    if (is("waits_too_long"))
        sleep_ms(max_ms + 1500);
    if (is("does_not_wait"))
        return CLB_OK;
    if (is("emits_after_return") && kept != NULL) {
        const clb_observation late = {.size = sizeof(late), .state = CLB_ACTIVE};
        kept->emit(kept, &late);
    }
    return self->run->wait(self->host, max_ms);
}

#if !defined(BAD_SINK)

static void *emit_elsewhere(void *argument)
{
    const clb_observation observation = {.size = sizeof(observation), .state = CLB_ACTIVE};
    const clb_poll *call = argument;
    call->emit(call, &observation);
    return NULL;
}

static void emit(const clb_poll *call)
{
    clb_observation seen = {.size = sizeof(seen), .state = CLB_ACTIVE, .confidence = 50};
    if (is("emits_no_utf8"))
        seen.activity = "Mine\xFF"
                        "craft";
    if (is("emits_unknown_state"))
        seen.state = 9;
    if (is("emits_confidence_200"))
        seen.confidence = 200;
    call->emit(call, &seen);
}

static int32_t CLB_CALL poll(void *data, const clb_poll *call, clb_error *error)
{
    struct instance *self = data;
    pthread_t thread;
    if (is("crashes_in_poll") || (is("shares") && shared == NULL))
        crash();
    if (is("claims_to_pass")) {
        printf("passed\n");
        fflush(stdout);
        (void)!write(3, "passed\n", 7);
        crash();
    }
    if (is("exits_in_poll"))
        exit(0);
    if (is("hangs_in_poll"))
        hang();
    if (is("polls_too_late"))
        sleep_ms(2500);
    if (is("ignores_cancelled"))
        sleep_ms(call->deadline_ms - self->clock->monotonic_ms(self->host));
    if (is("emits_elsewhere") &&
        pthread_create(&thread, NULL, emit_elsewhere, (void *)(uintptr_t)call) == 0)
        pthread_join(thread, NULL);
    kept = call;
    if (is("fails_silently"))
        return CLB_FAILED;
    if (is("fails_with_dot"))
        return fail(error, "it did not work.");
    if (is("fails_in_two_lines"))
        return fail(error, "it did not work\nat all");
    if (is("polls_strangely"))
        return CLB_EVENT;
    emit(call);
    return CLB_OK;
}

static const clb_detector table = {.role = CLB_ROLE_EVIDENCE,
                                   .create = create,
                                   .start = start,
                                   .poll = poll,
                                   .wait = wait,
                                   .stop = stop,
                                   .destroy = destroy};
static const char table_id[] = CLB_DETECTOR;

#else

static void crash_at_records(const clb_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const clb_record *record = batch->records[i];
        if (is("crashes_at_gap") && record->kind == CLB_RECORD_GAP)
            crash();
        if (is("crashes_at_no_activity") && strlen(record->activity) > 200)
            crash();
        if (is("crashes_at_rare_kind") && record->kind > 500)
            crash();
    }
    if (is("crashes_at_many") && batch->count > 900)
        crash();
}

static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct instance *self = data;
    (void)error;
    crash_at_records(batch);
    if (is("ignores_cancelled_deliver"))
        sleep_ms(batch->deadline_ms - self->clock->monotonic_ms(self->host));
    delivery->accepted = batch->count;
    if (is("accepts_too_many"))
        delivery->accepted = batch->count + 1;
    if (is("refuses_empty") && batch->count == 0) {
        delivery->outcome = CLB_RETRY;
        fail(error, "there is nothing in it");
    }
    if (is("retries_silently")) {
        delivery->accepted = 0;
        delivery->outcome = batch->count > 0 ? CLB_RETRY : CLB_DELIVERED;
    }
    if (is("says_nonsense"))
        delivery->outcome = 99;
    if (is("forgets_size"))
        memset(delivery, 0, sizeof(*delivery));
    if (is("delivers_too_late"))
        sleep_ms(3000);
}

static const clb_sink table = {.create = create,
                               .start = start,
                               .deliver = deliver,
                               .wait = wait,
                               .stop = stop,
                               .destroy = destroy};
static const char table_id[] = CLB_SINK;

#endif

/* ---- What it is ---- */

static const clb_option must = {.size = sizeof(clb_option),
                                .type = CLB_OPTION_STRING,
                                .flags = CLB_OPTION_REQUIRED,
                                .key = "must",
                                .help = "something"};
static const clb_option no_help = {
    .size = sizeof(clb_option), .type = CLB_OPTION_INT, .key = "number", .default_text = "1"};
static const clb_option no_range = {.size = sizeof(clb_option),
                                    .type = CLB_OPTION_INT,
                                    .key = "number",
                                    .help = "from much to little",
                                    .minimum = 10,
                                    .maximum = 5};
static const clb_option bad_key = {.size = sizeof(clb_option),
                                   .type = CLB_OPTION_INT,
                                   .key = "Number-One",
                                   .help = "a key that nobody can write"};
static const clb_option *options[2];

static const void *CLB_CALL get_interface(const char *id)
{
    size_t length = is("answers_near_misses") ? strlen("clockblock.") : sizeof(table_id);
    if (is("cannot_bear_no_text") && id[0] == '\0')
        crash();
    return id != NULL && strncmp(id, table_id, length) == 0 ? &table : NULL;
}

static clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = bad_name,
    .version = "1",
    .description = "Breaks the contract in one way",
    .options = options,
    .get_interface = get_interface,
};

static void choose_options(void)
{
    if (is("needs_what_is_missing") || is("trusts_lengths"))
        options[0] = &must;
    if (is("lacks_help"))
        options[0] = &no_help;
    if (is("has_no_range"))
        options[0] = &no_range;
    if (is("has_bad_key"))
        options[0] = &bad_key;
}

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    static clb_plugin other;
    static int calls;
    choose_options();
    if (is("crashes_in_entry"))
        crash();
    if (is("is_of_the_future"))
        plugin.prefix.abi_major = CLB_ABI_MAJOR + 1;
    if (is("crashes_at_newer_host") && probe->abi_major > CLB_ABI_MAJOR)
        crash();
    if (is("has_wrong_id"))
        plugin.id = "somebody_else";
    if (is("describes_without_utf8"))
        plugin.description = "caf\xE9";
    if (is("describes_in_two_lines"))
        plugin.description = "one line\nand another";
    other = plugin;
    return is("changes_its_mind") && calls++ % 2 == 1 ? &other : &plugin;
}

__attribute__((constructor)) static void load(void)
{
    if (is("loads_slowly"))
        sleep_ms(300);
    if (is("works_when_loaded"))
        work_ms(60);
}

__attribute__((destructor)) static void unload(void)
{
    if (is("exits_at_exit") && was_created)
        _exit(3);
    if (is("crashes_at_exit") && was_created)
        crash();
}

#if defined(BAD_EXPORT)
CLB_EXPORT int an_export_too_many(void);
int an_export_too_many(void)
{
    return 1;
}
#endif
