/* SPDX-License-Identifier: MIT */
/* When there was input last on X11, as its screen saver counts it: exact to the millisecond. */
#include "input.h"

#include "../desktop/x11.h"

#include <stdio.h>
#include <stdlib.h>
#include <xcb/screensaver.h>

struct source {
    const struct desktop_settings *settings; /* borrowed */
    struct x11 *x11;                         /* owned; NULL: closed */
    bool is_xwayland;                        /* it does not see all input */
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

static bool open_source(void *data, int64_t now_ms, clb_error *error)
{
    struct source *source = data;
    (void)now_ms;
    source->x11 = x11_open(source->settings, error);
    if (source->x11 == NULL)
        return false;
    source->is_xwayland = x11_is_xwayland(source->x11);
    if (x11_has(source->x11, &xcb_screensaver_id))
        return true;
    if (!x11_is_lost(source->x11, error))
        snprintf(error->text, sizeof(error->text),
                 "the X server %s is without the extension MIT-SCREEN-SAVER", source->x11->name);
    close_source(source);
    return false;
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct source *source = data;
    struct x11 *x11 = source->x11;
    (void)now_ms;
    x11_begin(x11);
    xcb_screensaver_query_info_cookie_t cookie =
        xcb_screensaver_query_info(x11->connection, x11->root);
    x11_send(x11);
    xcb_screensaver_query_info_reply_t *reply = x11_reply(x11, cookie.sequence);
    *is_lost = x11_is_lost(x11, error);
    if (reply == NULL && !*is_lost)
        snprintf(error->text, sizeof(error->text), "the X server %s does not tell", x11->name);
    if (reply != NULL)
        *(struct input *)seen =
            (struct input){.knowledge = source->is_xwayland ? INPUT_UNKNOWN : INPUT_EXACTLY,
                           .idle_ms = (int64_t)reply->ms_since_user_input};
    bool is_known = reply != NULL;
    free(reply);
    return is_known;
}

static int descriptor(void *data)
{
    const struct source *source = data;
    return x11_descriptor(source->x11);
}

/* It only ever answers: what comes unasked is its end, or says nothing about input. */
static bool dispatch(void *data, int64_t now_ms)
{
    struct source *source = data;
    clb_error error;
    (void)now_ms;
    x11_begin(source->x11);
    x11_drop_events(source->x11);
    return x11_is_lost(source->x11, &error);
}

const struct desktop_source input_x11 = {.name = "x11",
                                         .create = create,
                                         .destroy = destroy,
                                         .open = open_source,
                                         .close = close_source,
                                         .look = look,
                                         .descriptor = descriptor,
                                         .dispatch = dispatch};
