/* SPDX-License-Identifier: MIT */
/* The window that has the focus on X11, as its window manager tells. The server says when something
 * changes; only then it is asked. */
#include "window.h"

#include "../desktop/text.h"
#include "../desktop/x11.h"
#include "x11_lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum atom {
    MANAGER, /* who tells of the others */
    ACTIVE,
    TITLE,
    PID,
    STATE,
    FULLSCREEN,
    ATOMS
};
static const char *const atom_names[ATOMS] = {"_NET_SUPPORTING_WM_CHECK",
                                              "_NET_ACTIVE_WINDOW",
                                              "_NET_WM_NAME",
                                              "_NET_WM_PID",
                                              "_NET_WM_STATE",
                                              "_NET_WM_STATE_FULLSCREEN"};

/* How often it is asked anew when something changed meanwhile. */
enum { ASKS_MAX = 3 };
/* In words of four bytes. */
enum { TITLE_WORDS = WINDOW_TITLE_BYTES, CLASS_WORDS = 128, STATE_WORDS = 64 };

struct source {
    const struct desktop_settings *settings; /* borrowed */
    struct x11 *x11;                         /* owned; NULL: closed */
    xcb_atom_t atoms[ATOMS];
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
        return event->atom == atoms[MANAGER] || event->atom == atoms[ACTIVE];
    return event->window == source->active &&
           (event->atom == atoms[TITLE] || event->atom == atoms[PID] ||
            event->atom == atoms[STATE] || event->atom == XCB_ATOM_WM_NAME ||
            event->atom == XCB_ATOM_WM_CLASS);
}

/* A window manager may go on naming a window that was destroyed. */
static bool is_news(const struct source *source, const xcb_generic_event_t *event)
{
    switch (event->response_type & 0x7F) {
    case XCB_PROPERTY_NOTIFY:
        return is_of_interest(source, (const xcb_property_notify_event_t *)event);
    case XCB_DESTROY_NOTIFY:
        return ((const xcb_destroy_notify_event_t *)event)->window == source->active;
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

static xcb_get_property_cookie_t ask(const struct source *source, xcb_window_t window,
                                     xcb_atom_t property, uint32_t words)
{
    return xcb_get_property(source->x11->connection, 0, window, property, XCB_GET_PROPERTY_TYPE_ANY,
                            0, words);
}

static xcb_get_property_reply_t *answer(const struct source *source,
                                        xcb_get_property_cookie_t cookie)
{
    return x11_reply(source->x11, cookie.sequence);
}

/* False: there is no such number. */
static bool take_number(const struct source *source, xcb_get_property_cookie_t cookie,
                        uint32_t *number)
{
    size_t bytes;
    xcb_get_property_reply_t *reply = answer(source, cookie);
    const void *value = x11_value(reply, 32, &bytes);
    bool is_there = value != NULL && bytes >= sizeof(*number);
    *number = 0;
    if (is_there)
        memcpy(number, value, sizeof(*number));
    free(reply);
    return is_there;
}

static bool take_title(const struct source *source, xcb_get_property_cookie_t cookie,
                       char title[WINDOW_TITLE_BYTES])
{
    size_t bytes;
    xcb_get_property_reply_t *reply = answer(source, cookie);
    const char *value = x11_value(reply, 8, &bytes);
    if (value != NULL && reply->type == XCB_ATOM_STRING)
        desktop_text_latin1(title, WINDOW_TITLE_BYTES, value, bytes);
    else if (value != NULL)
        desktop_text_utf8(title, WINDOW_TITLE_BYTES, value, bytes);
    free(reply);
    return value != NULL && title[0] != '\0';
}

/* Two texts with a NUL behind each: an instance, and the class, which is the better known.
 * False: the window is gone, so that it does not even say that it has none. */
static bool take_class(const struct source *source, xcb_get_property_cookie_t cookie,
                       char app[WINDOW_APP_BYTES])
{
    size_t bytes;
    xcb_get_property_reply_t *reply = answer(source, cookie);
    bool is_there = reply != NULL;
    const char *value = x11_value(reply, 8, &bytes);
    if (value != NULL) {
        size_t instance = strnlen(value, bytes);
        size_t begin = instance + 1 < bytes && value[instance + 1] != '\0' ? instance + 1 : 0;
        desktop_text_latin1(app, WINDOW_APP_BYTES, value + begin,
                            strnlen(value + begin, bytes - begin));
    }
    free(reply);
    return is_there;
}

static bool take_fullscreen(const struct source *source, xcb_get_property_cookie_t cookie)
{
    size_t bytes;
    bool is_fullscreen = false;
    xcb_get_property_reply_t *reply = answer(source, cookie);
    const xcb_atom_t *states = x11_value(reply, 32, &bytes);
    for (size_t i = 0; states != NULL && i < bytes / sizeof(states[0]); i++)
        is_fullscreen = is_fullscreen || states[i] == source->atoms[FULLSCREEN];
    free(reply);
    return is_fullscreen;
}

/* It may be gone already: then the window manager will tell of another. */
static struct window ask_window(const struct source *source, xcb_window_t window)
{
    struct window seen = {.is_focused = false};
    uint32_t pid;
    xcb_get_property_cookie_t title = ask(source, window, source->atoms[TITLE], TITLE_WORDS);
    xcb_get_property_cookie_t name = ask(source, window, XCB_ATOM_WM_NAME, TITLE_WORDS);
    xcb_get_property_cookie_t class = ask(source, window, XCB_ATOM_WM_CLASS, CLASS_WORDS);
    xcb_get_property_cookie_t process = ask(source, window, source->atoms[PID], 1);
    xcb_get_property_cookie_t state = ask(source, window, source->atoms[STATE], STATE_WORDS);
    x11_send(source->x11);
    char old_title[WINDOW_TITLE_BYTES] = "";
    bool has_title = take_title(source, title, seen.title);
    if (take_title(source, name, old_title) && !has_title)
        memcpy(seen.title, old_title, sizeof(old_title));
    seen.is_focused = take_class(source, class, seen.app);
    seen.pid = take_number(source, process, &pid) && pid <= INT32_MAX ? (int64_t)pid : 0;
    seen.is_fullscreen = take_fullscreen(source, state);
    return seen;
}

static void ask_all(struct source *source)
{
    uint32_t manager;
    uint32_t active;
    xcb_window_t root = source->x11->root;
    xcb_get_property_cookie_t managed = ask(source, root, source->atoms[MANAGER], 1);
    xcb_get_property_cookie_t focused = ask(source, root, source->atoms[ACTIVE], 1);
    x11_send(source->x11);
    bool is_managed = take_number(source, managed, &manager);
    bool is_told = take_number(source, focused, &active);
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
        source->known = ask_window(source, active);
    if (source->is_lock_stale) {
        source->is_lock_stale = false;
        x11_lock_find(&source->lock, source->x11);
    }
    if (source->lock.window != 0)
        source->known = (struct window){.is_focused = false};
}

/* ---- The source ---- */

/* False: the server is lost. */
static bool take_atoms(struct source *source)
{
    clb_error error;
    xcb_intern_atom_cookie_t cookies[ATOMS];
    for (int i = 0; i < ATOMS; i++)
        cookies[i] = xcb_intern_atom(source->x11->connection, 0, (uint16_t)strlen(atom_names[i]),
                                     atom_names[i]);
    want_events(source, source->x11->root, XCB_EVENT_MASK_PROPERTY_CHANGE | X11_LOCK_EVENTS);
    x11_send(source->x11);
    for (int i = 0; i < ATOMS; i++) {
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
