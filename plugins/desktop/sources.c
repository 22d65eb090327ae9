/* SPDX-License-Identifier: MIT */
#include "sources.h"

#include "wait.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A display that went away is back in a moment or after a login. */
enum { PAUSE_FIRST_MS = 2000, PAUSE_MAX_MS = 60 * 1000 };
/* A title may change with every frame, also that of a window behind the others. */
enum { EVENT_GAP_MS = 1000 };
/* Who does not answer is waited for half a second; after one such wait there is time for one more
 * in a poll, and the others have theirs in the next. */
enum { POLL_MS = 450 };

static bool is_wanted(const clb_setting *wanted, const char *name)
{
    for (uint32_t i = 0; wanted != NULL && i < wanted->count; i++)
        if (strcmp(wanted->items[i], "all") == 0 || strcmp(wanted->items[i], name) == 0)
            return true;
    return false;
}

static bool check_names(const struct sources_entry *entries, int count, const clb_setting *wanted,
                        clb_error *error)
{
    for (uint32_t i = 0; wanted != NULL && i < wanted->count; i++) {
        int at = 0;
        while (at < count && strcmp(entries[at].name, wanted->items[i]) != 0)
            at++;
        if (at < count || strcmp("all", wanted->items[i]) == 0)
            continue;
        int length = snprintf(error->text, sizeof(error->text),
                              "sources: there is no \"%.40s\"; there are", wanted->items[i]);
        for (at = 0; at < count && length < (int)sizeof(error->text); at++)
            length += snprintf(error->text + length, sizeof(error->text) - (size_t)length, " %s,",
                               entries[at].name);
        if (length < (int)sizeof(error->text))
            snprintf(error->text + length, sizeof(error->text) - (size_t)length, " and all");
        return false;
    }
    return true;
}

bool sources_init(struct sources *sources, const struct sources_entry *entries, int count,
                  const clb_setting *wanted, const struct desktop_settings *settings,
                  const struct sources_host *in, clb_error *error)
{
    assert(count <= SOURCES_MAX);
    *sources = (struct sources){.settings = settings, .in = *in};
    if (!check_names(entries, count, wanted, error))
        return false;
    for (int i = 0; i < count; i++) {
        if (!is_wanted(wanted, entries[i].name))
            continue;
        struct sources_slot *slot = &sources->slots[sources->count++];
        *slot = (struct sources_slot){.name = entries[i].name, .source = entries[i].source};
        if (slot->source == NULL) {
            snprintf(slot->why, sizeof(slot->why), "this build of the plugin is without it");
            continue;
        }
        slot->data = slot->source->create(settings);
        if (slot->data == NULL) {
            snprintf(error->text, sizeof(error->text), "no memory");
            return false;
        }
    }
    if (sources->count == 0)
        snprintf(error->text, sizeof(error->text), "sources: there is none");
    return sources->count > 0;
}

void sources_finish(struct sources *sources)
{
    for (int i = 0; i < sources->count; i++)
        if (sources->slots[i].data != NULL)
            sources->slots[i].source->destroy(sources->slots[i].data);
    sources->count = 0;
}

void sources_start(struct sources *sources)
{
    for (int i = 0; i < sources->count; i++) {
        sources->slots[i].again_ms = INT64_MIN;
        sources->slots[i].pause_ms = PAUSE_FIRST_MS;
    }
}

static void close_slot(struct sources_slot *slot)
{
    if (slot->is_open)
        slot->source->close(slot->data);
    slot->is_open = false;
}

static void close_from(struct sources *sources, int first)
{
    for (int i = first; i < sources->count; i++)
        close_slot(&sources->slots[i]);
}

void sources_close(struct sources *sources)
{
    close_from(sources, 0);
}

static void try_later(struct sources_slot *slot, int64_t now_ms)
{
    slot->again_ms = now_ms + slot->pause_ms;
    slot->pause_ms = slot->pause_ms < PAUSE_MAX_MS / 2 ? slot->pause_ms * 2 : PAUSE_MAX_MS;
}

static bool open_slot(struct sources_slot *slot, int64_t now_ms)
{
    clb_error error = {.size = sizeof(error)};
    if (slot->is_open)
        return true;
    if (slot->source == NULL || now_ms < slot->again_ms)
        return false;
    slot->is_open = slot->source->open(slot->data, now_ms, &error);
    if (!slot->is_open) {
        snprintf(slot->why, sizeof(slot->why), "%.*s", SOURCES_WHY - 1, error.text);
        try_later(slot, now_ms);
    }
    return slot->is_open;
}

static void follow_people(struct sources *sources)
{
    int64_t people[PEOPLE_MAX] = {0};
    int count = people_here(sources->settings->run_root, people);
    if (count == sources->people_count &&
        memcmp(people, sources->people, (size_t)count * sizeof(people[0])) == 0)
        return;
    memcpy(sources->people, people, sizeof(people));
    sources->people_count = count;
    sources_close(sources);
    sources_start(sources);
}

static int64_t time_ms(const struct sources *sources)
{
    return sources->in.clock->monotonic_ms(sources->in.host);
}

void sources_begin(struct sources *sources)
{
    sources->until_ms = time_ms(sources) + POLL_MS;
    follow_people(sources);
}

static bool has_time(const struct sources *sources, struct sources_slot *slot, int64_t now_ms)
{
    if (now_ms < sources->until_ms && sources->in.run->cancelled(sources->in.host) == 0)
        return true;
    if (slot->why[0] == '\0') /* else it still holds, and a new one would be told in the log */
        snprintf(slot->why, sizeof(slot->why), "the others left it no time");
    return false;
}

bool sources_look(struct sources *sources, int at, void *seen)
{
    assert(at >= 0 && at < sources->count);
    struct sources_slot *slot = &sources->slots[at];
    clb_error error = {.size = sizeof(error)};
    bool is_lost = false;
    int64_t now_ms = time_ms(sources);
    if (!has_time(sources, slot, now_ms) || !open_slot(slot, now_ms))
        return false;
    now_ms = time_ms(sources);
    if (!has_time(sources, slot, now_ms))
        return false;
    if (slot->source->look(slot->data, now_ms, seen, &is_lost, &error)) {
        slot->pause_ms = PAUSE_FIRST_MS;
        slot->why[0] = '\0';
        return true;
    }
    snprintf(slot->why, sizeof(slot->why), "%.*s", SOURCES_WHY - 1, error.text);
    if (is_lost) {
        close_slot(slot);
        try_later(slot, now_ms);
    }
    return false;
}

bool sources_look_first(struct sources *sources, void *seen)
{
    int at = 0;
    sources_begin(sources);
    while (at < sources->count && !sources_look(sources, at, seen))
        at++;
    close_from(sources, at + 1);
    return at < sources->count;
}

void sources_why(const struct sources *sources, char *text, size_t capacity)
{
    size_t length = 0;
    text[0] = '\0';
    for (int i = 0; i < sources->count && length < capacity; i++)
        if (sources->slots[i].why[0] != '\0')
            length += (size_t)snprintf(text + length, capacity - length, "%s%s: %s",
                                       length > 0 ? "; " : "", sources->slots[i].name,
                                       sources->slots[i].why);
}

static bool dispatch_all(struct sources *sources, const bool *readable, int64_t now_ms)
{
    bool is_new = false;
    for (int i = 0; i < sources->count; i++)
        if (readable[i])
            is_new |= sources->slots[i].source->dispatch(sources->slots[i].data, now_ms);
    return is_new;
}

int32_t sources_wait(struct sources *sources, int64_t max_ms)
{
    const struct sources_host *in = &sources->in;
    int64_t begin_ms = time_ms(sources);
    int64_t end_ms = begin_ms + max_ms;
    int descriptors[SOURCES_MAX];
    bool readable[SOURCES_MAX];
    for (int i = 0; i < sources->count; i++) {
        const struct sources_slot *slot = &sources->slots[i];
        descriptors[i] = slot->is_open ? slot->source->descriptor(slot->data) : -1;
    }
    for (int64_t now_ms = begin_ms; now_ms < end_ms; now_ms = time_ms(sources)) {
        if (!desktop_wait(in->host, in->run, descriptors, sources->count, end_ms - now_ms,
                          readable))
            return CLB_OK;
        now_ms = time_ms(sources);
        bool is_new = dispatch_all(sources, readable, now_ms);
        int64_t until_ms = (is_new ? begin_ms : now_ms) + EVENT_GAP_MS;
        if (until_ms > end_ms)
            until_ms = end_ms;
        if (now_ms < until_ms) /* what else happens in this time is the same event */
            in->run->wait(in->host, until_ms - now_ms);
        if (is_new)
            return CLB_EVENT;
    }
    return CLB_OK;
}
