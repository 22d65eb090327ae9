/* SPDX-License-Identifier: MIT */
#include "x11_window.h"

#include "../desktop/text.h"

#include <stdlib.h>
#include <string.h>

/* In words of four bytes. */
enum { TITLE_WORDS = WINDOW_TITLE_BYTES, CLASS_WORDS = 128, STATE_WORDS = 64 };

xcb_get_property_cookie_t x11_window_ask(struct x11 *x11, xcb_window_t window, xcb_atom_t property,
                                         uint32_t words)
{
    return xcb_get_property(x11->connection, 0, window, property, XCB_GET_PROPERTY_TYPE_ANY, 0,
                            words);
}

bool x11_window_number(struct x11 *x11, xcb_get_property_cookie_t cookie, uint32_t *number)
{
    size_t bytes;
    xcb_get_property_reply_t *reply = x11_reply(x11, cookie.sequence);
    const void *value = x11_value(reply, 32, &bytes);
    bool is_there = value != NULL && bytes >= sizeof(*number);
    *number = 0;
    if (is_there)
        memcpy(number, value, sizeof(*number));
    free(reply);
    return is_there;
}

static bool take_title(struct x11 *x11, xcb_get_property_cookie_t cookie,
                       char title[WINDOW_TITLE_BYTES])
{
    size_t bytes;
    xcb_get_property_reply_t *reply = x11_reply(x11, cookie.sequence);
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
static bool take_class(struct x11 *x11, xcb_get_property_cookie_t cookie,
                       char app[WINDOW_APP_BYTES])
{
    size_t bytes;
    xcb_get_property_reply_t *reply = x11_reply(x11, cookie.sequence);
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

static bool take_fullscreen(struct x11 *x11, xcb_get_property_cookie_t cookie,
                            xcb_atom_t fullscreen)
{
    size_t bytes;
    bool is_fullscreen = false;
    xcb_get_property_reply_t *reply = x11_reply(x11, cookie.sequence);
    const xcb_atom_t *states = x11_value(reply, 32, &bytes);
    for (size_t i = 0; states != NULL && i < bytes / sizeof(states[0]); i++)
        is_fullscreen = is_fullscreen || states[i] == fullscreen;
    free(reply);
    return is_fullscreen;
}

struct window x11_window_look(struct x11 *x11, const xcb_atom_t atoms[X11_ATOMS],
                              xcb_window_t window)
{
    struct window seen = {.is_focused = false};
    xcb_get_property_cookie_t title = x11_window_ask(x11, window, atoms[X11_TITLE], TITLE_WORDS);
    xcb_get_property_cookie_t name = x11_window_ask(x11, window, XCB_ATOM_WM_NAME, TITLE_WORDS);
    xcb_get_property_cookie_t class = x11_window_ask(x11, window, XCB_ATOM_WM_CLASS, CLASS_WORDS);
    xcb_get_property_cookie_t state = x11_window_ask(x11, window, atoms[X11_STATE], STATE_WORDS);
    x11_send(x11);
    char old_title[WINDOW_TITLE_BYTES] = "";
    bool has_title = take_title(x11, title, seen.title);
    if (take_title(x11, name, old_title) && !has_title)
        memcpy(seen.title, old_title, sizeof(old_title));
    seen.is_focused = take_class(x11, class, seen.app);
    seen.is_fullscreen = take_fullscreen(x11, state, atoms[X11_FULLSCREEN]);
    return seen;
}
