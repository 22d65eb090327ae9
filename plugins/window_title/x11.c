/* SPDX-License-Identifier: MIT */
/* The window that has the focus on X11, as its window manager tells. The server says when something
 * changes; only then it is asked for more than which window that is, which shows that it is alive.
 */
#include "x11_lock.h"
#include "x11_window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const atom_names[X11_ATOMS] = {"_NET_SUPPORTING_WM_CHECK", "_NET_ACTIVE_WINDOW",
                                                  "_NET_WM_NAME", "_NET_WM_STATE",
                                                  "_NET_WM_STATE_FULLSCREEN"};

/* How often it is asked anew when something changed meanwhile. */
enum { ASKS_MAX = 3 };

struct source {
    const struct desktop_settings *settings; /* borrowed */
    struct x11 *x11;                         /* owned; NULL: closed */
    xcb_atom_t atoms[X11_ATOMS];
    xcb_window_t active; /* whose events come, too; 0: none */
    struct x11_lock lock;
    bool is_stale;      /* something changed since it was asked */
    bool is_lock_stale; /* the screen may have been locked, or unlocked */
    bool is_told;       /* by a window manager */
    bool is_xwayland;   /* no window of its has the focus: then one of another kind may have it */
    struct window known;
};

static void *create(const struct desktop_settings *settings)
{
    struct source *source = calloc(1, sizeof(*source));
    if (source != NULL)
        source->settings = settings;
    return source;
}

static void close_source(void *data)
{
    struct source *source = data;
    x11_close(source->x11);
    source->x11 = NULL;
}

static void destroy(void *data)
{
    close_source(data);
    free(data);
}

/* ---- Events ---- */

static void want_events(const struct source *source, xcb_window_t window, uint32_t mask)
{
    xcb_change_window_attributes(source->x11->connection, window, XCB_CW_EVENT_MASK, &mask);
}

static bool is_of_interest(const struct source *source, const xcb_property_notify_event_t *event)
{
    const xcb_atom_t *atoms = source->atoms;
    if (event->window == source->x11->root)
        return event->atom == atoms[X11_MANAGER] || event->atom == atoms[X11_ACTIVE];
    return event->window == source->active &&
           (event->atom == atoms[X11_TITLE] || event->atom == atoms[X11_STATE] ||
            event->atom == XCB_ATOM_WM_NAME || event->atom == XCB_ATOM_WM_CLASS);
}

/* A window manager may go on naming a window that was destroyed, and the next window may get its
 * number: of that one no events were asked for. */
static bool is_destroyed(struct source *source, const xcb_destroy_notify_event_t *event)
{
    bool is_active = event->window == source->active;
    if (is_active)
        source->active = 0;
    return is_active;
}

static bool is_news(struct source *source, const xcb_generic_event_t *event)
{
    switch (event->response_type & 0x7F) {
    case XCB_PROPERTY_NOTIFY:
        return is_of_interest(source, (const xcb_property_notify_event_t *)event);
    case XCB_DESTROY_NOTIFY:
        return is_destroyed(source, (const xcb_destroy_notify_event_t *)event);
    default:
        return false;
    }
}

static void take_events(struct source *source)
{
    xcb_generic_event_t *event;
    while ((event = x11_next_event(source->x11)) != NULL) {
        source->is_lock_stale = source->is_lock_stale || x11_lock_is_news(&source->lock, event);
        source->is_stale = source->is_stale || source->is_lock_stale || is_news(source, event);
        free(event);
    }
}

/* ---- Asking ---- */

static void ask_all(struct source *source)
{
    uint32_t manager;
    uint32_t active;
    struct x11 *x11 = source->x11;
    xcb_get_property_cookie_t managed =
        x11_window_ask(x11, x11->root, source->atoms[X11_MANAGER], 1);
    xcb_get_property_cookie_t focused =
        x11_window_ask(x11, x11->root, source->atoms[X11_ACTIVE], 1);
    x11_send(x11);
    bool is_managed = x11_window_number(x11, managed, &manager);
    bool is_told = x11_window_number(x11, focused, &active);
    source->is_told = is_managed || is_told;
    source->known = (struct window){.is_focused = false};
    if (active != source->active) {
        if (source->active != 0)
            want_events(source, source->active, XCB_EVENT_MASK_NO_EVENT);
        if (active != 0)
            want_events(source, active,
                        XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY);
        source->active = active;
    }
    if (active != 0) /* the events come first: what changes from here on is not missed */
        source->known = x11_window_look(x11, source->atoms, active);
    if (!source->known.is_focused)
        source->active = 0; /* it is gone, and was so when its events were asked for */
    if (source->is_lock_stale) {
        source->is_lock_stale = false;
        x11_lock_find(&source->lock, x11);
    }
    if (source->lock.window != 0)
        source->known = (struct window){.is_focused = false};
}

/* One question at each look: is it still this window, and is the server alive? */
static bool is_another_named(const struct source *source)
{
    uint32_t active;
    xcb_get_property_cookie_t focused =
        x11_window_ask(source->x11, source->x11->root, source->atoms[X11_ACTIVE], 1);
    x11_send(source->x11);
    x11_window_number(source->x11, focused, &active);
    return active != source->active;
}

/* ---- The source ---- */

/* False: the server is lost. */
static bool take_atoms(struct source *source)
{
    clb_error error;
    xcb_intern_atom_cookie_t cookies[X11_ATOMS];
    for (int i = 0; i < X11_ATOMS; i++)
        cookies[i] = xcb_intern_atom(source->x11->connection, 0, (uint16_t)strlen(atom_names[i]),
                                     atom_names[i]);
    want_events(source, source->x11->root, XCB_EVENT_MASK_PROPERTY_CHANGE | X11_LOCK_EVENTS);
    x11_send(source->x11);
    for (int i = 0; i < X11_ATOMS; i++) {
        xcb_intern_atom_reply_t *reply = x11_reply(source->x11, cookies[i].sequence);
        source->atoms[i] = reply != NULL ? reply->atom : XCB_ATOM_NONE;
        free(reply);
    }
    return !x11_is_lost(source->x11, &error);
}

static bool open_source(void *data, int64_t now_ms, clb_error *error)
{
    struct source *source = data;
    (void)now_ms;
    source->active = 0;
    source->lock = (struct x11_lock){0};
    source->is_stale = source->is_lock_stale = true;
    source->x11 = x11_open(source->settings, error);
    if (source->x11 == NULL)
        return false;
    source->is_xwayland = x11_is_xwayland(source->x11);
    if (take_atoms(source))
        return true;
    x11_is_lost(source->x11, error);
    close_source(source);
    return false;
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct source *source = data;
    (void)now_ms;
    x11_begin(source->x11);
    take_events(source);
    source->is_stale = source->is_stale || is_another_named(source);
    for (int i = 0; i < ASKS_MAX && source->is_stale; i++) {
        source->is_stale = false;
        ask_all(source);
        take_events(source); /* which came along with the answers */
    }
    *is_lost = x11_is_lost(source->x11, error);
    if (*is_lost)
        return false;
    if (source->is_told && (source->known.is_focused || !source->is_xwayland)) {
        memcpy(seen, &source->known, sizeof(source->known));
        return true;
    }
    snprintf(error->text, sizeof(error->text),
             source->is_told ? "no window of the X server %s has the focus, and it sees no others"
                             : "no window manager tells the X server %s which window has the focus",
             source->x11->name);
    return false;
}

static int descriptor(void *data)
{
    const struct source *source = data;
    return x11_descriptor(source->x11);
}

static bool dispatch(void *data, int64_t now_ms)
{
    struct source *source = data;
    clb_error error;
    (void)now_ms;
    x11_begin(source->x11);
    take_events(source);
    return source->is_stale || x11_is_lost(source->x11, &error);
}

const struct desktop_source window_x11 = {.name = "x11",
                                          .create = create,
                                          .destroy = destroy,
                                          .open = open_source,
                                          .close = close_source,
                                          .look = look,
                                          .descriptor = descriptor,
                                          .dispatch = dispatch};
