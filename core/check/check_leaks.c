/* SPDX-License-Identifier: MIT */
/* What a plugin leaves behind: threads, descriptors, memory, printed text, a changed process. */
#include "given.h"
#include "platform/process.h"
#include "platform/resources.h"
#include "session.h"

#include <string.h>

enum {
    CYCLES = 100,
    WARM = CYCLES / 5, /* from here on it is measured, in two halves */
    STEP = (CYCLES - WARM) / 2,
    ROUNDS = 4,
    SETTLE_MS = 1000, /* for a thread to be gone from the system's list */
    USE_MS = 20,      /* a use that takes longer is not repeated a hundred times */
    SMALLEST_ALLOCATION = 16
};

struct reading {
    int threads;
    int handles;
    int64_t heap_bytes;
};

static struct reading read_meters(void)
{
    return (struct reading){process_threads(), process_descriptors(), resources_heap_bytes()};
}

static void pause_ms(int64_t ms)
{
    struct wakeup never;
    if (wakeup_init(&never) != 0)
        return;
    (void)wakeup_wait(&never, ms);
    wakeup_finish(&never);
}

/* A thread that was joined may still be listed for a moment. */
static int settled_threads(int expected)
{
    enum { STEP_MS = 5 };
    int threads = process_threads();
    for (int waited_ms = 0; threads > expected && waited_ms < SETTLE_MS; waited_ms += STEP_MS) {
        pause_ms(STEP_MS);
        threads = process_threads();
    }
    return threads;
}

/* What grows a second time by as much as it did the first time grows for ever. */
static void check_handles(const struct reading readings[3], const char *what)
{
    const struct reading *first = &readings[0];
    const struct reading *middle = &readings[1];
    const struct reading *last = &readings[2];
    char name[128];
    if (settled_threads(middle->threads) > middle->threads && middle->threads > first->threads)
        check_fail("%d times %s leaves %d more threads", STEP, what,
                   last->threads - middle->threads);
    if (last->handles > middle->handles && middle->handles > first->handles) {
        resources_name_handle(middle->handles, name, sizeof(name));
        check_fail("%d times %s leaves %d more descriptors, such as %s", STEP, what,
                   last->handles - middle->handles, name);
    }
}

/* How much memory the later half has left, when both have left some; 0: it is flat, or unknown. */
static int64_t heap_growth(const struct reading readings[3])
{
    int64_t allowed = (int64_t)STEP * SMALLEST_ALLOCATION;
    int64_t early = readings[1].heap_bytes - readings[0].heap_bytes;
    int64_t late = readings[2].heap_bytes - readings[1].heap_bytes;
    return readings[0].heap_bytes >= 0 && early >= allowed && late >= allowed ? late : 0;
}

/* Repeats a cycle a hundred times, and measures. Memory that an allocator keeps at hand fills up
 * some time: only what grows in every round is a leak. */
static void check_growth(void (*cycle)(struct host *host, void *context, int number),
                         struct host *host, void *context, const char *what)
{
    int64_t grown = 1;
    for (int round = 0; round < ROUNDS && grown > 0; round++) {
        struct reading readings[3];
        int count = 0;
        for (int number = 0; number < CYCLES; number++) {
            if (number % STEP == WARM)
                readings[count++] = read_meters();
            cycle(host, context, number);
        }
        readings[count] = read_meters();
        check_handles(readings, what);
        grown = heap_growth(readings);
    }
    if (grown > 0)
        check_fail("%d times %s leaves %lld more bytes of memory", STEP, what, (long long)grown);
}

static bool is_fast(struct host *host)
{
    int64_t begin_ms = check_now_ms();
    session_use(host);
    return check_now_ms() - begin_ms <= USE_MS;
}

static void create_and_destroy(struct host *host, void *settings, int number)
{
    if (!call_create(host, settings))
        check_fail("create %d of %d fails: %s", number + 1, CYCLES, host->said.text);
    call_destroy(host);
}

void check_create_destroy(struct subject *subject)
{
    struct host *host = session_create(subject); /* another one is there all the time */
    struct host *again = host_create(subject);
    clb_settings *settings = given_settings(subject);
    check_growth(create_and_destroy, again, settings, "create and destroy");
    config_settings_destroy(settings);
    session_end(again);
    session_end(host);
}

static void stop_and_start(struct host *host, void *use, int number)
{
    if (*(bool *)use)
        session_use(host);
    call_stop(host);
    if (call_start(host) != CLB_OK)
        check_fail("start %d of %d fails: %s", number + 1, CYCLES, host->said.text);
}

void check_start_stop_100(struct subject *subject)
{
    struct host *host = session_start(subject);
    bool use = is_fast(host);
    check_growth(stop_and_start, host, &use, "start and stop");
    session_end(host);
}

/* ---- After destroy ---- */

static void live_once(struct subject *subject)
{
    struct host *host = session_create(subject);
    if (call_start(host) == CLB_OK)
        session_use(host);
    session_end(host);
}

void check_threads_left(struct subject *subject)
{
    int at_first = process_threads();
    live_once(subject); /* what is made once for all instances may stay */
    int before = settled_threads(at_first);
    live_once(subject);
    int after = settled_threads(before);
    if (after > before)
        check_fail("%d threads run on after destroy: join them in stop", after - before);
}

void check_descriptors_left(struct subject *subject)
{
    char name[128];
    live_once(subject);
    int before = process_descriptors();
    live_once(subject);
    int after = process_descriptors();
    if (after <= before)
        return;
    resources_name_handle(before, name, sizeof(name));
    check_fail("%d descriptors stay open after destroy, such as %s", after - before, name);
}

/* ---- The process ---- */

void check_process_state(struct subject *subject)
{
    char now[RESOURCES_STATE_CAPACITY];
    live_once(subject);
    resources_state(now);
    const char *before = subject->state;
    for (const char *after = now; *after != '\0'; after++, before++) {
        size_t length = strcspn(after, "\n");
        if (strncmp(after, before, length + 1) != 0)
            check_fail("it changed the process: %.*s, and before: %.*s", (int)length, after,
                       (int)strcspn(before, "\n"), before);
        after += length;
        before += length;
    }
}

/* The parent sees what is printed, here and in all checks before. */
void check_stdout(struct subject *subject)
{
    live_once(subject);
}
