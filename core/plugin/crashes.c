/* SPDX-License-Identifier: MIT */
#include "crashes.h"

#include "crossing.h"
#include "log.h"
#include "platform/crash.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_CAPACITY = 192, FILE_MAX = 256 * 1024 };

/* ---- When it happens: only what is safe in a signal handler ---- */

static char watched_path[PATH_CAPACITY];

struct line {
    char text[LINE_CAPACITY];
    size_t length;
};

static void put(struct line *line, const char *text)
{
    while (*text != '\0' && line->length < LINE_CAPACITY - 1)
        line->text[line->length++] = *text++;
}

static void put_number(struct line *line, int64_t number)
{
    char digits[21];
    int at = sizeof(digits) - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && at > 0);
    put(line, digits + at);
}

static void put_who(struct line *line, const char *kind, const char *name, const char *phase)
{
    put(line, kind);
    put(line, " ");
    put(line, name);
    put(line, " ");
    put(line, phase);
    put(line, " ");
}

/* A thread that a plugin made has no crossing, but bears the name of the one that made it. */
static void put_culprit(struct line *line, const struct crossing *crossing, const char *thread)
{
    if (crossing == NULL)
        put_who(line, "thread", thread, "thread");
    else if (crossing->instance == NULL)
        put_who(line, "plugin", crossing->name, crossing_phase_name(crossing->phase));
    else
        put_who(line, instance_kind_name(crossing->instance->kind), crossing->name,
                crossing_phase_name(crossing->phase));
}

/* Another process ends the agent, such as a service manager whose watchdog it did not feed. A
 * plugin that some thread is in just now has no part in that, unless the agent stands still in it:
 * in a call of main's own. */
static bool is_held_up(const struct crossing *crossing)
{
    enum { HELD_UP_US = 2000 * 1000 };
    return crossing != NULL &&
           (crossing->phase == CROSSING_LOAD || crossing->phase == CROSSING_CREATE ||
            crossing->phase == CROSSING_DESTROY) &&
           clock_measure_us() - crossing->began_us > HELD_UP_US;
}

/* Main is asked first by the system, but it may be any thread that gets the signal. */
static bool tell_sent(const char *cause)
{
    struct line said = {"", 0};
    put(&said, log_is_journal() ? "<3>" : "");
    put(&said, "clockblock: another process ends this one: ");
    put(&said, cause);
    put(&said, "\n");
    crash_print(said.text, said.length);
    return true;
}

static bool on_crash(enum crash_kind kind, const char *cause)
{
    const struct crossing *crossing = crossing_now();
    if (crossing == NULL && kind == CRASH_EXIT)
        return false; /* the agent's own */
    if (kind == CRASH_SENT && !is_held_up(crossing))
        return tell_sent(cause);

    char thread[16];
    struct line said = {"", 0};
    struct line kept = {"", 0};
    crash_thread_name(thread);
    put_number(&kept, crash_time_sec());
    put(&kept, " ");
    put_culprit(&kept, crossing, thread);
    put(&kept, cause);
    put(&kept, "\n");
    put(&said, log_is_journal() ? "<3>" : "");
    put(&said, "clockblock: ");
    put_culprit(&said, crossing, thread);
    put(&said, kind == CRASH_SENT ? "holds the agent up, and another process ends it: "
                                  : "ends the process: ");
    put(&said, cause);
    put(&said, "\n");
    if (watched_path[0] != '\0')
        crash_append(watched_path, kept.text, kept.length);
    crash_print(said.text, said.length);
    return true;
}

void crashes_watch(const char *path)
{
    static bool is_watching;
    if (is_watching)
        return;
    is_watching = true;
    snprintf(watched_path, sizeof(watched_path), "%s", path);
    crash_watch(on_crash);
}

/* ---- What the file says ---- */

struct crash {
    long long time_sec;
    char kind[12];
    char name[INSTANCE_CAPACITY];
    char phase[12];
    char cause[16];
};

struct crashes {
    int count;
    struct crash entries[]; /* in order of the file */
};

bool crashes_path(char path[PATH_CAPACITY], const char *db_path)
{
    return snprintf(path, PATH_CAPACITY, "%s.crashes", db_path) < PATH_CAPACITY;
}

static bool parse(const char *line, struct crash *crash)
{
    static_assert(INSTANCE_CAPACITY == 64, "the format below reads names of 63 bytes");
    return sscanf(line, "%lld %11s %63s %11s %15s", &crash->time_sec, crash->kind, crash->name,
                  crash->phase, crash->cause) == 5;
}

struct crashes *crashes_read(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    if (!file_exists(path) || file_read(path, FILE_MAX, &text, &length, NULL) != 0)
        return NULL;
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    struct crashes *crashes =
        calloc(1, sizeof(*crashes) + (size_t)lines * sizeof(crashes->entries[0]));
    assert(crashes != NULL);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && crashes->count < lines;)
        crashes->count += parse(line, &crashes->entries[crashes->count]);
    free(text);
    return crashes;
}

void crashes_destroy(struct crashes *crashes)
{
    free(crashes);
}

/* ---- Who did it ---- */

static bool is_of_thread(const struct crash *crash, const char *name)
{
    char thread[16];
    snprintf(thread, sizeof(thread), "clb-%.11s", name);
    return strcmp(crash->kind, "thread") == 0 && strcmp(crash->name, thread) == 0;
}

/* Is this line about that instance, or about its plugin as a whole? */
static bool is_about(const struct crash *crash, enum instance_kind kind, const char *name,
                     const char *plugin)
{
    if (strcmp(crash->kind, "plugin") == 0)
        return plugin != NULL && strcmp(crash->name, plugin) == 0;
    return is_of_thread(crash, name) ||
           (strcmp(crash->kind, instance_kind_name(kind)) == 0 && strcmp(crash->name, name) == 0);
}

/* The newest times of somebody, for as many as it takes. */
struct times {
    long long ring[CRASHES_MAX];
    int count;
    bool is_too_often;
};

static void add_time(struct times *times, long long time_sec)
{
    times->ring[times->count++ % CRASHES_MAX] = time_sec;
    long long oldest = times->ring[times->count % CRASHES_MAX];
    if (times->count >= CRASHES_MAX && llabs(time_sec - oldest) <= CRASHES_WITHIN_SEC)
        times->is_too_often = true;
}

void crashes_get(const struct crashes *crashes, enum instance_kind kind, const char *name,
                 const char *plugin, struct crashes_view *view)
{
    struct times times = {{0}, 0, false};
    const struct crash *newest = NULL;
    for (int i = 0; crashes != NULL && i < crashes->count; i++) {
        if (!is_about(&crashes->entries[i], kind, name, plugin))
            continue;
        newest = &crashes->entries[i];
        add_time(&times, newest->time_sec);
    }
    *view = (struct crashes_view){.count = times.count, .is_barred = times.is_too_often};
    if (newest == NULL)
        return;
    snprintf(view->text, sizeof(view->text), "ended the agent %d times, at last in %s (%s)",
             times.count, newest->phase, newest->cause);
    snprintf(view->name, sizeof(view->name), "%s",
             strcmp(newest->kind, "plugin") == 0 ? plugin : name);
}

/* ---- Taking lines out ---- */

static int write_without(const char *path, const struct crashes *crashes, const bool *gone,
                         struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    for (int i = 0; i < crashes->count; i++) {
        const struct crash *crash = &crashes->entries[i];
        if (!gone[i])
            fprintf(out, "%lld %s %s %s %s\n", crash->time_sec, crash->kind, crash->name,
                    crash->phase, crash->cause);
    }
    fclose(out);
    int result = file_write(path, text, length, error);
    free(text);
    return result;
}

int crashes_release(const char *path, const char *name, struct error *error)
{
    struct crashes *crashes = crashes_read(path);
    int count = crashes != NULL ? crashes->count : 0;
    bool *gone = calloc((size_t)count + 1, sizeof(gone[0]));
    assert(gone != NULL);
    int found = 0;
    for (int i = 0; i < count; i++) {
        const struct crash *crash = &crashes->entries[i];
        gone[i] = strcmp(crash->name, name) == 0 || is_of_thread(crash, name);
        found += gone[i];
    }
    int result = 0;
    if (found == 0)
        result =
            error_set(error, EXIT_CODE_CONFIG, "nothing is known against \"%s\" in %s", name, path);
    else
        result = write_without(path, crashes, gone, error);
    free(gone);
    crashes_destroy(crashes);
    return result;
}

static bool keeps_in_quarantine(const struct crashes *crashes, const struct crash *crash)
{
    struct times times = {{0}, 0, false};
    for (int i = 0; i < crashes->count; i++) {
        const struct crash *other = &crashes->entries[i];
        if (strcmp(other->kind, crash->kind) == 0 && strcmp(other->name, crash->name) == 0)
            add_time(&times, other->time_sec);
    }
    return times.is_too_often;
}

void crashes_tidy(const char *path, int64_t now_sec)
{
    struct crashes *crashes = crashes_read(path);
    int count = crashes != NULL ? crashes->count : 0;
    bool *gone = calloc((size_t)count + 1, sizeof(gone[0]));
    assert(gone != NULL);
    int found = 0;
    for (int i = 0; i < count; i++) {
        const struct crash *crash = &crashes->entries[i];
        gone[i] = llabs(now_sec - crash->time_sec) > CRASHES_WITHIN_SEC &&
                  !keeps_in_quarantine(crashes, crash);
        found += gone[i];
    }
    struct error error = {0};
    if (found > 0 && write_without(path, crashes, gone, &error) != 0)
        log_warning("plugins", "%s", error.text);
    free(gone);
    crashes_destroy(crashes);
}
