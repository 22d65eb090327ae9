/* SPDX-License-Identifier: MIT */
#include "x11_lock.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Menus and hints of programs may be above, in some numbers; names have some length. */
enum { WINDOWS_MAX = 64, NAME_WORDS = 32, NAME_BYTES = 64 };

struct asked {
    xcb_window_t window;
    xcb_get_window_attributes_cookie_t attributes;
    xcb_get_property_cookie_t class;
};

bool x11_lock_is_news(const struct x11_lock *lock, const xcb_generic_event_t *event)
{
    switch (event->response_type & 0x7F) {
    case XCB_MAP_NOTIFY:
        return ((const xcb_map_notify_event_t *)event)->override_redirect != 0;
    case XCB_UNMAP_NOTIFY:
        return ((const xcb_unmap_notify_event_t *)event)->window == lock->window;
    case XCB_DESTROY_NOTIFY:
        return ((const xcb_destroy_notify_event_t *)event)->window == lock->window;
    default:
        return false;
    }
}

static bool is_name_of_lock(const char *name)
{
    static const char *const names[] = {"i3lock", "slock", "xlock", "xsecurelock",
                                        "kscreenlocker_greet"};
    static const char ending[] = "screensaver"; /* of xscreensaver, MATE, Xfce, Cinnamon */
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return length >= sizeof(ending) - 1 &&
           strcasecmp(name + length - (sizeof(ending) - 1), ending) == 0;
}

/* Either of the two names of a class: an instance, and what it is one of. */
static bool is_class_of_lock(const char *value, size_t bytes)
{
    char name[NAME_BYTES];
    for (size_t at = 0; at < bytes;) {
        size_t length = strnlen(value + at, bytes - at);
        if (length < sizeof(name)) {
            memcpy(name, value + at, length);
            name[length] = '\0';
            if (is_name_of_lock(name))
                return true;
        }
        at += length + 1;
    }
    return false;
}

static void ask(struct x11 *x11, xcb_window_t window, struct asked *asked)
{
    asked->window = window;
    asked->attributes = xcb_get_window_attributes(x11->connection, window);
    asked->class = xcb_get_property(x11->connection, 0, window, XCB_ATOM_WM_CLASS, XCB_ATOM_STRING,
                                    0, NAME_WORDS);
}

static bool is_lock(struct x11 *x11, const struct asked *asked)
{
    size_t bytes;
    xcb_get_window_attributes_reply_t *attributes = x11_reply(x11, asked->attributes.sequence);
    xcb_get_property_reply_t *class = x11_reply(x11, asked->class.sequence);
    const char *value = x11_value(class, 8, &bytes);
    bool is_it = attributes != NULL && attributes->override_redirect &&
                 attributes->map_state == XCB_MAP_STATE_VIEWABLE && value != NULL &&
                 is_class_of_lock(value, bytes);
    free(attributes);
    free(class);
    return is_it;
}

/* The last are on top. Returns how many were asked. */
static int ask_top(struct x11 *x11, struct asked asked[WINDOWS_MAX])
{
    xcb_query_tree_cookie_t cookie = xcb_query_tree(x11->connection, x11->root);
    x11_send(x11);
    xcb_query_tree_reply_t *reply = x11_reply(x11, cookie.sequence);
    if (reply == NULL)
        return 0;
    uint32_t told = reply->children_len;
    uint32_t count = told < reply->length ? told : reply->length; /* one word each */
    const xcb_window_t *windows = xcb_query_tree_children(reply);
    int asked_count = 0;
    while (count > 0 && asked_count < WINDOWS_MAX)
        ask(x11, windows[--count], &asked[asked_count++]);
    free(reply);
    x11_send(x11);
    return asked_count;
}

void x11_lock_find(struct x11_lock *lock, struct x11 *x11)
{
    struct asked asked[WINDOWS_MAX];
    int count = ask_top(x11, asked);
    lock->window = 0;
    for (int i = 0; i < count; i++)
        if (is_lock(x11, &asked[i]) && lock->window == 0)
            lock->window = asked[i].window;
}
