/* SPDX-License-Identifier: MIT */
/* Windows of compositors of the wlroots family (sway, Hyprland, labwc, ...), which announce each
 * window and what becomes of it. Nobody says whose process a window is. */
#include "../desktop/wayland.h"
#include "../desktop/text.h"
#include "window.h"
#include "wlr-foreign-toplevel-management-unstable-v1-client-protocol.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOWS_MAX = 256, MANAGER_VERSION = 3 };

struct source;

struct toplevel {
    struct source *source;                          /* borrowed: whose it is */
    struct zwlr_foreign_toplevel_handle_v1 *handle; /* owned */
    struct window told; /* so far; it holds when the compositor says that it is complete */
    struct window shown;
    uint64_t focused_as;   /* the greatest got the focus last: each seat may have one */
    struct toplevel *next; /* owned */
};

struct source {
    const struct desktop_settings *settings; /* borrowed */
    struct wayland wayland;
    struct zwlr_foreign_toplevel_manager_v1 *manager; /* owned; NULL: it is not offered */
    struct toplevel *toplevels;                       /* owned */
    int count;
    uint64_t focus_changes;
    bool is_changed; /* what look() says is another one than before */
};

static void *create(const struct desktop_settings *settings)
{
    struct source *source = calloc(1, sizeof(*source));
    wayland_quiet();
    if (source != NULL)
        source->settings = settings;
    return source;
}

/* ---- Windows ---- */

static void hear_title(void *data, struct zwlr_foreign_toplevel_handle_v1 *handle,
                       const char *title)
{
    struct toplevel *toplevel = data;
    (void)handle;
    desktop_text_utf8(toplevel->told.title, sizeof(toplevel->told.title), title, strlen(title));
}

static void hear_app(void *data, struct zwlr_foreign_toplevel_handle_v1 *handle, const char *app)
{
    struct toplevel *toplevel = data;
    (void)handle;
    desktop_text_utf8(toplevel->told.app, sizeof(toplevel->told.app), app, strlen(app));
}

static void hear_output(void *data, struct zwlr_foreign_toplevel_handle_v1 *handle,
                        struct wl_output *output)
{
    (void)data;
    (void)handle;
    (void)output;
}

static void hear_state(void *data, struct zwlr_foreign_toplevel_handle_v1 *handle,
                       struct wl_array *state)
{
    struct toplevel *toplevel = data;
    const uint32_t *states = state->data;
    (void)handle;
    toplevel->told.is_focused = false;
    toplevel->told.is_fullscreen = false;
    for (size_t i = 0; i < state->size / sizeof(*states); i++) {
        if (states[i] == ZWLR_FOREIGN_TOPLEVEL_HANDLE_V1_STATE_ACTIVATED)
            toplevel->told.is_focused = true;
        if (states[i] == ZWLR_FOREIGN_TOPLEVEL_HANDLE_V1_STATE_FULLSCREEN)
            toplevel->told.is_fullscreen = true;
    }
}

static bool are_same(const struct window *one, const struct window *other)
{
    return one->is_focused == other->is_focused && one->is_fullscreen == other->is_fullscreen &&
           strcmp(one->title, other->title) == 0 && strcmp(one->app, other->app) == 0;
}

static void hear_done(void *data, struct zwlr_foreign_toplevel_handle_v1 *handle)
{
    struct toplevel *toplevel = data;
    struct source *source = toplevel->source;
    (void)handle;
    if (toplevel->told.is_focused && !toplevel->shown.is_focused)
        toplevel->focused_as = ++source->focus_changes;
    bool matters = toplevel->told.is_focused || toplevel->shown.is_focused;
    source->is_changed |= matters && !are_same(&toplevel->told, &toplevel->shown);
    toplevel->shown = toplevel->told;
}

static void drop(struct toplevel *toplevel)
{
    zwlr_foreign_toplevel_handle_v1_destroy(toplevel->handle);
    free(toplevel);
}

static void hear_closed(void *data, struct zwlr_foreign_toplevel_handle_v1 *handle)
{
    struct toplevel *toplevel = data;
    struct source *source = toplevel->source;
    struct toplevel **link = &source->toplevels;
    (void)handle;
    while (*link != toplevel)
        link = &(*link)->next;
    *link = toplevel->next;
    source->count--;
    source->is_changed |= toplevel->shown.is_focused;
    drop(toplevel);
}

static void hear_parent(void *data, struct zwlr_foreign_toplevel_handle_v1 *handle,
                        struct zwlr_foreign_toplevel_handle_v1 *parent)
{
    (void)data;
    (void)handle;
    (void)parent;
}

static void hear_toplevel(void *data, struct zwlr_foreign_toplevel_manager_v1 *manager,
                          struct zwlr_foreign_toplevel_handle_v1 *handle)
{
    static const struct zwlr_foreign_toplevel_handle_v1_listener listener = {
        .title = hear_title,
        .app_id = hear_app,
        .output_enter = hear_output,
        .output_leave = hear_output,
        .state = hear_state,
        .done = hear_done,
        .closed = hear_closed,
        .parent = hear_parent};
    struct source *source = data;
    struct toplevel *toplevel = source->count < WINDOWS_MAX ? calloc(1, sizeof(*toplevel)) : NULL;
    (void)manager;
    if (toplevel == NULL) { /* the one that has the focus may be unknown from here on */
        wayland_lose(&source->wayland, "there are too many windows");
        zwlr_foreign_toplevel_handle_v1_destroy(handle);
        return;
    }
    toplevel->source = source;
    toplevel->handle = handle;
    toplevel->next = source->toplevels;
    source->toplevels = toplevel;
    source->count++;
    zwlr_foreign_toplevel_handle_v1_add_listener(handle, &listener, toplevel);
}

static void hear_finished(void *data, struct zwlr_foreign_toplevel_manager_v1 *manager)
{
    struct source *source = data;
    (void)manager;
    wayland_lose(&source->wayland, "the compositor tells no more of windows");
}

/* ---- Connection ---- */

static void hear_global(void *data, struct wl_registry *registry, uint32_t name,
                        const char *interface, uint32_t version)
{
    static const struct zwlr_foreign_toplevel_manager_v1_listener listener = {
        .toplevel = hear_toplevel, .finished = hear_finished};
    struct source *source = data;
    if (source->manager != NULL ||
        strcmp(interface, zwlr_foreign_toplevel_manager_v1_interface.name) != 0)
        return;
    source->manager = wl_registry_bind(registry, name, &zwlr_foreign_toplevel_manager_v1_interface,
                                       version < MANAGER_VERSION ? version : MANAGER_VERSION);
    if (source->manager != NULL)
        zwlr_foreign_toplevel_manager_v1_add_listener(source->manager, &listener, source);
}

/* A manager that is taken away says that it is finished. */
static void hear_global_remove(void *data, struct wl_registry *registry, uint32_t name)
{
    (void)data;
    (void)registry;
    (void)name;
}

/* Only after this round all windows have been told, and none may mean that there is none. */
static bool set_up(void *data, int64_t until_ms, clb_error *error)
{
    struct source *source = data;
    if (source->manager == NULL) {
        snprintf(error->text, sizeof(error->text), "this compositor does not tell of windows");
        return false;
    }
    return wayland_round(&source->wayland, until_ms);
}

static void forget(void *data)
{
    struct source *source = data;
    while (source->toplevels != NULL) {
        struct toplevel *toplevel = source->toplevels;
        source->toplevels = toplevel->next;
        drop(toplevel);
    }
    source->count = 0;
    if (source->manager != NULL)
        zwlr_foreign_toplevel_manager_v1_destroy(source->manager);
    source->manager = NULL;
}

static bool open(void *data, int64_t now_ms, clb_error *error)
{
    static const struct wl_registry_listener registry = {.global = hear_global,
                                                         .global_remove = hear_global_remove};
    static const struct wayland_user user = {
        .registry = &registry, .set_up = set_up, .close = forget};
    struct source *source = data;
    (void)now_ms;
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

static const struct toplevel *focused(const struct source *source)
{
    const struct toplevel *found = NULL;
    for (const struct toplevel *at = source->toplevels; at != NULL; at = at->next)
        if (at->shown.is_focused && (found == NULL || at->focused_as > found->focused_as))
            found = at;
    return found;
}

static bool look(void *data, int64_t now_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct source *source = data;
    (void)now_ms;
    *is_lost = !wayland_look(&source->wayland);
    if (*is_lost) {
        snprintf(error->text, sizeof(error->text), "%s", source->wayland.lost);
        return false;
    }
    const struct toplevel *toplevel = focused(source);
    *(struct window *)seen = toplevel != NULL ? toplevel->shown : (struct window){0};
    source->is_changed = false;
    return true;
}

static int descriptor(void *data)
{
    struct source *source = data;
    return wl_display_get_fd(source->wayland.display);
}

static bool dispatch(void *data, int64_t now_ms)
{
    struct source *source = data;
    (void)now_ms;
    return !wayland_take(&source->wayland) || source->is_changed;
}

const struct desktop_source window_wayland = {.name = "wayland",
                                              .create = create,
                                              .destroy = destroy,
                                              .open = open,
                                              .close = close,
                                              .look = look,
                                              .descriptor = descriptor,
                                              .dispatch = dispatch};
