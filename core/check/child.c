/* SPDX-License-Identifier: MIT */
/* The child: one check of one plugin. */
#include "platform/child.h"
#include "check.h"
#include "list.h"
#include "platform/process.h"
#include "platform/thread.h"
#include "record/text.h"
#include "verdict.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A call may be this late on a busy machine; past the second it hangs. */
enum { LATE_MS = 1000, STUCK_MS = 2500, LOOK_MS = 20, QUICK_MS = 1000 };

static struct clock the_clock;
static _Atomic(struct watch *) watches; /* only ever grows, at its head */
static struct wakeup end_of_watch;
struct watch watch_of_plugin;

struct clock *check_clock(void)
{
    return &the_clock;
}

int64_t check_now_ms(void)
{
    return the_clock.monotonic_ms(&the_clock);
}

/* ---- Verdicts ---- */

__attribute__((format(printf, 2, 0))) static void say(const char *verdict, const char *format,
                                                      va_list arguments)
{
    char text[1024];
    char clean[1024];
    char line[1100];
    vsnprintf(text, sizeof(text), format, arguments);
    text_copy(clean, sizeof(clean), text);
    snprintf(line, sizeof(line), "%s %s", verdict, clean);
    child_report(line);
}

void check_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("failed", format, arguments);
    va_end(arguments);
    fflush(stdout); /* what the plugin printed is evidence */
    process_exit_now(0);
}

void check_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("skipped", format, arguments);
    va_end(arguments);
    fflush(stdout);
    process_exit_now(0);
}

void check_fact(const char *name, const char *value)
{
    char line[512];
    char clean[256];
    text_copy(clean, sizeof(clean), value);
    snprintf(line, sizeof(line), "fact %s %s", name, clean);
    child_report(line);
}

void check_circumstance(const char *what)
{
    char line[512];
    snprintf(line, sizeof(line), "when %s", what != NULL ? what : "");
    child_report(line);
}

/* ---- Watching ---- */

void watch_add(struct watch *watch)
{
    watch->next = atomic_load(&watches);
    atomic_store(&watches, watch);
}

void watch_enter(struct watch *watch, const char *function, int64_t limit_ms)
{
    char line[64];
    snprintf(line, sizeof(line), "in %s", function);
    child_report(line); /* should it be the last */
    atomic_store(&watch->until_ms, check_now_ms() + (limit_ms > 0 ? limit_ms : 0));
    atomic_store(&watch->function, function);
}

void watch_hurry(struct watch *watch, int64_t limit_ms)
{
    long long until_ms = check_now_ms() + limit_ms;
    if (atomic_load(&watch->until_ms) > until_ms)
        atomic_store(&watch->until_ms, until_ms);
}

void watch_leave(struct watch *watch)
{
    int64_t late_ms = check_now_ms() - atomic_load(&watch->until_ms);
    const char *function = atomic_exchange(&watch->function, NULL);
    if (late_ms > LATE_MS)
        check_fail("%s returned %lld ms later than it had to", function, (long long)late_ms);
    child_report("in nothing");
}

static void look(const struct watch *watch)
{
    const char *function = atomic_load(&watch->function);
    int64_t late_ms = check_now_ms() - atomic_load(&watch->until_ms);
    if (function != NULL && late_ms > STUCK_MS)
        check_fail("%s hangs: it had to be back %lld ms ago", function, (long long)late_ms);
}

static void keep_watch(void *argument)
{
    (void)argument;
    while (!wakeup_wait(&end_of_watch, LOOK_MS))
        for (const struct watch *watch = atomic_load(&watches); watch != NULL; watch = watch->next)
            look(watch);
}

/* ---- One check ---- */

static void run_for_each_interface(const struct check *check, struct subject *subject)
{
    const struct plugin *plugin = &subject->plugin;
    if (plugin->detector != NULL && (check->flags & CHECK_SINK) == 0) {
        subject->kind = INSTANCE_DETECTOR;
        check->run(subject);
    }
    if (plugin->sink != NULL && (check->flags & CHECK_DETECTOR) == 0) {
        subject->kind = INSTANCE_SINK;
        check->run(subject);
    }
}

static void run(const struct check *check, struct subject *subject)
{
    struct error error;
    resources_state(subject->state);
    if ((check->flags & CHECK_UNOPENED) == 0) {
        watch_enter(&watch_of_plugin, "loading", QUICK_MS);
        if (plugin_open(subject->file, &subject->plugin, &error) != 0)
            check_skip("the plugin cannot be used, see the check prefix");
        watch_leave(&watch_of_plugin);
    }
    if ((check->flags & (CHECK_UNOPENED | CHECK_ONCE)) != 0)
        check->run(subject);
    else
        run_for_each_interface(check, subject);
}

int check_run_in_child(const struct check_options *options)
{
    const struct check *check = check_find(options->only);
    struct thread watcher;
    struct subject subject = {.file = options->file, .sets = options->sets, .seed = options->seed};
    assert(check != NULL);
    child_report_open();
    clock_init_system(&the_clock);
    watch_add(&watch_of_plugin);
    if (wakeup_init(&end_of_watch) != 0 || thread_start(&watcher, "watch", keep_watch, NULL) != 0)
        check_skip("this machine has no room for another thread");

    run(check, &subject);

    wakeup_signal(&end_of_watch);
    thread_join(&watcher);
    wakeup_finish(&end_of_watch);
    fflush(stdout);
    child_report("passed");
    return 0; /* the end of the process is part of the check: destructors, leaks */
}
