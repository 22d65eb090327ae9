/* SPDX-License-Identifier: MIT */
/* Input as a Wayland compositor tells of it: it says when there was none for a short time, and when
 * there is some again. In between nothing wakes this up. */
#include "../desktop/wayland.h"
#include "idle-client-protocol.h"
#include "input.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEATS_MAX = 8 };
/* Somebody who reads moves something now and then: a shorter time would wake up the agent with each
 * pause, and a longer one would hide short absences. Compositors of KDE take less for this much. */
enum { SHORT_MS = 5000, SHORTEST_MS = 1000, LATE_MS = 1000 };

struct source;

/* Each seat has a keyboard and a mouse of its own; most have one seat. */
struct seat {
    struct source *source;                         /* borrowed: whose it is */
    uint32_t name;                                 /* of the registry */
    struct wl_seat *seat;                          /* owned; NULL: this place is free */
    struct ext_idle_notification_v1 *notification; /* owned; NULL: not asked for */
    struct org_kde_kwin_idle_timeout *timeout;     /* owned; NULL: not asked for */
    int64_t asked_ms;
    int64_t last_input_ms; /* while it is idle */
    bool is_idle;
    bool had_input; /* since it was asked for */
};

struct source {
    const struct desktop_settings *settings; /* borrowed */
    struct wayland wayland;
    struct ext_idle_notifier_v1 *notifier; /* owned; NULL: it is not offered */
    struct org_kde_kwin_idle *kde;         /* owned; NULL: it is not offered */
    struct seat seats[SEATS_MAX];
    int64_t short_ms; /* idle for so long, and the compositor says so */
    int64_t now_ms;   /* of the call in progress */
    bool is_changed;  /* somebody came back, or went away */
};

static void *create(const struct desktop_settings *settings)
{
    struct source *source = calloc(1, sizeof(*source));
    wayland_quiet();
    if (source == NULL)
        return NULL;
    source->settings = settings;
    source->short_ms = settings->idle_after_ms < SHORT_MS ? settings->idle_after_ms : SHORT_MS;
    if (source->short_ms < SHORTEST_MS)
        source->short_ms = SHORTEST_MS;
    return source;
}

/* ---- Seats ---- */

/* Silence means that there was input, once the compositor would have said that there was none. */
static bool was_silent_for_long(const struct source *source, const struct seat *seat)
{
    return source->now_ms - seat->asked_ms > source->short_ms + LATE_MS;
}

static void note_idle(struct seat *seat)
{
    struct source *source = seat->source;
    seat->had_input |= !seat->is_idle && was_silent_for_long(source, seat);
    seat->is_idle = true;
    seat->last_input_ms = source->now_ms - source->short_ms;
    source->is_changed |= source->short_ms >= source->settings->idle_after_ms;
}

static void note_input(struct seat *seat)
{
    struct source *source = seat->source;
    int64_t idle_ms = source->now_ms - seat->last_input_ms;
    source->is_changed |= seat->is_idle && idle_ms >= source->settings->idle_after_ms;
    seat->is_idle = false;
    seat->had_input = true;
}

static void hear_idled(void *data, struct ext_idle_notification_v1 *notification)
{
    (void)notification;
    note_idle(data);
}

static void hear_resumed(void *data, struct ext_idle_notification_v1 *notification)
{
    (void)notification;
    note_input(data);
}

static void hear_kde_idle(void *data, struct org_kde_kwin_idle_timeout *timeout)
{
    (void)timeout;
    note_idle(data);
}

static void hear_kde_resumed(void *data, struct org_kde_kwin_idle_timeout *timeout)
{
    (void)timeout;
    note_input(data);
}

/* The second version leaves out what keeps a screen on: a film is no input. */
static void ask_notifier(struct source *source, struct seat *seat)
{
    static const struct ext_idle_notification_v1_listener listener = {.idled = hear_idled,
                                                                      .resumed = hear_resumed};
    uint32_t version = wl_proxy_get_version((struct wl_proxy *)source->notifier);
    seat->notification = version >= EXT_IDLE_NOTIFIER_V1_GET_INPUT_IDLE_NOTIFICATION_SINCE_VERSION
                             ? ext_idle_notifier_v1_get_input_idle_notification(
                                   source->notifier, (uint32_t)source->short_ms, seat->seat)
                             : ext_idle_notifier_v1_get_idle_notification(
                                   source->notifier, (uint32_t)source->short_ms, seat->seat);
    if (seat->notification != NULL)
        ext_idle_notification_v1_add_listener(seat->notification, &listener, seat);
}

static void ask_kde(struct source *source, struct seat *seat)
{
    static const struct org_kde_kwin_idle_timeout_listener listener = {.idle = hear_kde_idle,
                                                                       .resumed = hear_kde_resumed};
    seat->timeout =
        org_kde_kwin_idle_get_idle_timeout(source->kde, seat->seat, (uint32_t)source->short_ms);
    if (seat->timeout != NULL)
        org_kde_kwin_idle_timeout_add_listener(seat->timeout, &listener, seat);
}

/* Once it is known who can be asked. */
static void ask(struct source *source, struct seat *seat)
{
    if (seat->seat == NULL || seat->notification != NULL || seat->timeout != NULL)
        return;
    seat->asked_ms = source->now_ms;
    if (source->notifier != NULL)
        ask_notifier(source, seat);
    else if (source->kde != NULL)
        ask_kde(source, seat);
}

static void drop(struct seat *seat)
{
    if (seat->notification != NULL)
        ext_idle_notification_v1_destroy(seat->notification);
    if (seat->timeout != NULL)
        org_kde_kwin_idle_timeout_release(seat->timeout);
    if (seat->seat != NULL)
        wl_seat_destroy(seat->seat);
    *seat = (struct seat){0};
}

/* ---- Connection ---- */

static void add_seat(struct source *source, struct wl_registry *registry, uint32_t name)
{
    int at = 0;
    while (at < SEATS_MAX && source->seats[at].seat != NULL)
        at++;
    if (at == SEATS_MAX) {
        wayland_lose(&source->wayland, "there are too many seats");
        return;
    }
    source->seats[at] =
        (struct seat){.source = source,
                      .name = name,
                      .seat = wl_registry_bind(registry, name, &wl_seat_interface, 1)};
}

static void hear_global(void *data, struct wl_registry *registry, uint32_t name,
                        const char *interface, uint32_t version)
{
    struct source *source = data;
    if (strcmp(interface, wl_seat_interface.name) == 0)
        add_seat(source, registry, name);
    else if (strcmp(interface, ext_idle_notifier_v1_interface.name) == 0 &&
             source->notifier == NULL)
        source->notifier = wl_registry_bind(registry, name, &ext_idle_notifier_v1_interface,
                                            version < 2 ? version : 2);
    else if (strcmp(interface, org_kde_kwin_idle_interface.name) == 0 && source->kde == NULL)
        source->kde = wl_registry_bind(registry, name, &org_kde_kwin_idle_interface, 1);
}

static void hear_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
    struct source *source = data;
    (void)registry;
    for (int i = 0; i < SEATS_MAX; i++)
        if (source->seats[i].seat != NULL && source->seats[i].name == name)
            drop(&source->seats[i]);
}

static bool set_up(void *data, int64_t until_ms, clb_error *error)
{
    struct source *source = data;
    if (source->notifier == NULL && source->kde == NULL) {
        snprintf(error->text, sizeof(error->text), "this compositor does not tell of input");
        return false;
    }
    for (int i = 0; i < SEATS_MAX; i++)
        ask(source, &source->seats[i]);
    return wayland_round(&source->wayland, until_ms);
}

static void forget(void *data)
{
    struct source *source = data;
    for (int i = 0; i < SEATS_MAX; i++)
        drop(&source->seats[i]);
    if (source->notifier != NULL)
        ext_idle_notifier_v1_destroy(source->notifier);
    if (source->kde != NULL)
        org_kde_kwin_idle_destroy(source->kde);
    source->notifier = NULL;
    source->kde = NULL;
}

static bool open(void *data, int64_t now_ms, clb_error *error)
{
    static const struct wl_registry_listener registry = {.global = hear_global,
                                                         .global_remove = hear_global_remove};
    static const struct wayland_user user = {
        .registry = &registry, .set_up = set_up, .close = forget};
    struct source *source = data;
    source->now_ms = now_ms;
    return wayland_open(&source->wayland, source->settings, &user, source, error);
}

static void close(void *data)
{
    struct source *source = data;
    forget(source);
    wayland_close(&source->wayland);
}

static void destroy(void *data)
{
    if (data != NULL)
        close(data);
    free(data);
}

/* ---- Looking ---- */

static struct input judge(const struct source *source, const struct seat *seat)
{
    bool is_known = seat->had_input || (!seat->is_idle && was_silent_for_long(source, seat));
    struct input input = {.knowledge = is_known ? INPUT_EXACTLY : INPUT_ROUGHLY};
    if (seat->is_idle)
        input.idle_ms = source->now_ms - seat->last_input_ms;
    else if (!is_known) /* before it was asked there may have been none for long */
        input.idle_ms = source->now_ms - seat->asked_ms;
    return input;
}

/* Of seats that came meanwhile; they are silent from now on, not from the next look. */
static bool ask_new(struct source *source)
{
    for (int i = 0; i < SEATS_MAX; i++)
        ask(source, &source->seats[i]);
    return wayland_flush(&source->wayland);
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct source *source = data;
    struct input *input = seen;
    source->now_ms = now_ms;
    *is_lost = !wayland_look(&source->wayland) || !ask_new(source);
    if (*is_lost) {
        snprintf(error->text, sizeof(error->text), "%s", source->wayland.lost);
        return false;
    }
    *input = (struct input){.knowledge = INPUT_UNKNOWN, .idle_ms = INT64_MAX};
    for (int i = 0; i < SEATS_MAX; i++) {
        if (source->seats[i].seat == NULL)
            continue;
        struct input one = judge(source, &source->seats[i]);
        if (one.idle_ms < input->idle_ms)
            *input = one;
    }
    source->is_changed = false;
    if (input->knowledge == INPUT_UNKNOWN)
        snprintf(error->text, sizeof(error->text), "the compositor has no seat");
    return input->knowledge != INPUT_UNKNOWN;
}

static int descriptor(void *data)
{
    struct source *source = data;
    return wl_display_get_fd(source->wayland.display);
}

static bool dispatch(void *data, int64_t now_ms)
{
    struct source *source = data;
    source->now_ms = now_ms;
    return !wayland_take(&source->wayland) || source->is_changed;
}

const struct desktop_source input_wayland = {.name = "wayland",
                                             .create = create,
                                             .destroy = destroy,
                                             .open = open,
                                             .close = close,
                                             .look = look,
                                             .descriptor = descriptor,
                                             .dispatch = dispatch};
