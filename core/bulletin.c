/* SPDX-License-Identifier: MIT */
#include "bulletin.h"

#include "platform/service.h"
#include "record/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

/* ---- The sentence ---- */

struct draft {
    char text[2 * BULLETIN_CAPACITY];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void put(struct draft *draft, const char *format, ...)
{
    va_list arguments;
    size_t room = sizeof(draft->text) - draft->length;
    va_start(arguments, format);
    int length = vsnprintf(draft->text + draft->length, room, format, arguments);
    va_end(arguments);
    draft->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void put_today(struct draft *draft, const struct day_account *today)
{
    put(draft, "; today %" PRId64 " min used", today->used_ms / MINUTE_MS);
    if (today->allowance_ms == ALLOWANCE_UNLIMITED)
        return;
    put(draft, ", %" PRId64 " over, %" PRId64 " left", today->overdraft_ms / MINUTE_MS,
        allowance_left_ms(today) / MINUTE_MS);
}

static void put_waiting(struct draft *draft, int64_t waiting, int sinks)
{
    if (waiting > 0)
        put(draft, "; %" PRId64 " heartbeat%s %s for %d sink%s", waiting, waiting == 1 ? "" : "s",
            waiting == 1 ? "waits" : "wait", sinks, sinks == 1 ? "" : "s");
}

void bulletin_write(const struct bulletin_news *news, char text[BULLETIN_CAPACITY])
{
    const struct heartbeat *heartbeat = &news->view.heartbeat;
    struct draft draft = {"", 0};
    if (!news->view.has_heartbeat)
        put(&draft, "Starting");
    else if (heartbeat->is_playing && heartbeat->activity[0] != '\0')
        put(&draft, "Playing %s", heartbeat->activity);
    else
        put(&draft, "%s", heartbeat->is_playing ? "Playing" : "Not playing");
    if (news->view.has_heartbeat)
        put_today(&draft, &news->view.today);
    put_waiting(&draft, news->waiting, news->sinks);
    if (news->notice[0] != '\0')
        put(&draft, "; %s", news->notice);
    /* A line break would begin a word of its own to the service manager. */
    text_copy(text, BULLETIN_CAPACITY, draft.text);
}

/* ---- What is amiss ---- */

static bool sees_something(struct detect *detect)
{
    int evidence = 0;
    for (int i = 0; i < detect_count(detect); i++) {
        struct detect_view view;
        detect_get(detect, i, &view);
        if (view.is_evidence && (view.state == DETECT_OK || view.state == DETECT_STARTING))
            return true;
        evidence += view.is_evidence;
    }
    return evidence == 0;
}

static void take_notice(const struct bulletin *bulletin, const struct bulletin_source *source,
                        char notice[BULLETIN_CAPACITY])
{
    struct store_health health;
    struct draft draft = {"", 0};
    store_get_health(source->store, &health);
    if (!health.storing)
        put(&draft, "heartbeats cannot be stored, and wait in memory: %s; ", health.problem);
    if (!server_is_listening(source->server))
        put(&draft, "the API waits for port %d, which another program has; ",
            (int)source->generation->plan.config->api_port);
    if (!sees_something(source->generation->detect))
        put(&draft, "no detector works, `clockblock detect` says why; ");
    if (bulletin->has_old_plan)
        put(&draft,
            "the old configuration goes on, the log says why the new one is not in force; ");
    if (draft.length >= 2)
        draft.text[draft.length - 2] = '\0';
    text_copy(notice, BULLETIN_CAPACITY, draft.text);
}

static void count_waiting(const struct bulletin_source *source, struct bulletin_news *news)
{
    struct deliver *deliver = source->generation->deliver;
    for (int i = 0; i < deliver_count(deliver); i++) {
        struct deliver_view view;
        struct store_sink_state state;
        struct error ignored;
        deliver_get(deliver, i, &view);
        if (store_read_sink(source->reader, view.name, &state, &ignored) != 0 || state.pending == 0)
            continue;
        news->sinks++;
        if (state.pending > news->waiting)
            news->waiting = state.pending;
    }
}

/* ---- Telling ---- */

static void tell(struct bulletin *bulletin, const char *text)
{
    char words[BULLETIN_CAPACITY + 32];
    snprintf(words, sizeof(words), "%sSTATUS=%s", bulletin->is_up ? "" : "READY=1\n", text);
    bool is_told = service_tell(words);
    bulletin->is_owed = !is_told && !bulletin->is_up;
    if (!is_told)
        return;
    bulletin->is_up = true;
    memcpy(bulletin->text, text, BULLETIN_CAPACITY);
}

void bulletin_issue(struct bulletin *bulletin, const struct bulletin_source *source)
{
    char notice[BULLETIN_CAPACITY];
    char state[sizeof(bulletin->state)];
    char text[BULLETIN_CAPACITY];
    struct bulletin_news news = {.notice = notice};
    if (!service_is_managed())
        return;
    int64_t now_ms = source->clock->monotonic_ms(source->clock);
    sampler_get(source->sampler, &news.view);
    take_notice(bulletin, source, notice);
    snprintf(state, sizeof(state), "%d %.127s %.120s", news.view.heartbeat.is_playing,
             news.view.heartbeat.activity, notice);
    bool is_new = !bulletin->is_up || strcmp(state, bulletin->state) != 0;
    if (!is_new && now_ms - bulletin->told_ms < MINUTE_MS)
        return;
    count_waiting(source, &news);
    bulletin_write(&news, text);
    if (!bulletin->is_up || strcmp(text, bulletin->text) != 0)
        tell(bulletin, text);
    bulletin->told_ms = now_ms;
    memcpy(bulletin->state, state, sizeof(state));
}

bool bulletin_is_owed(const struct bulletin *bulletin)
{
    return bulletin->is_owed;
}

void bulletin_begin_reload(struct bulletin *bulletin)
{
    char words[96];
    snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reloading",
             service_now_us());
    (void)service_tell(words);
    bulletin->is_up = false;
}

void bulletin_end(void)
{
    (void)service_tell("STOPPING=1\nSTATUS=Stopping");
}
