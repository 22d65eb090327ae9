/* SPDX-License-Identifier: MIT */
/* A connection to one Wayland compositor, which may hang, talk nonsense or go away: nothing here
 * waits for longer than it is told. Used by one thread. */
#ifndef DESKTOP_WAYLAND_H
#define DESKTOP_WAYLAND_H

#include "source.h"

#include <wayland-client.h>

/* For opening, and for one look. */
enum { WAYLAND_LIMIT_MS = 500 };

struct wayland {
    struct wl_display *display;   /* owned; NULL: it is not open */
    struct wl_registry *registry; /* owned */
    const char *lost;             /* static: a sentence why nothing more will come; NULL: it may */
};

/* What a source asks of a compositor, in well under the time that is left until `until_ms`, of
 * limit_begin(). False
 * and a sentence: it cannot be used; close() is called either way before the connection ends. */
struct wayland_user {
    /* Called during rounds, for each thing the compositor offers and what it takes back. */
    const struct wl_registry_listener *registry;
    bool (*set_up)(void *data, int64_t until_ms, clb_error *error);
    void (*close)(void *data); /* destroys what was bound */
};

/* To call when a source is created. The library would write to stderr what a compositor tells it
 * to; whom it writes for belongs to the whole process, in which workers of others run later. */
void wayland_quiet(void);

/* Tries the displays that the settings lead to until one has what the user of it needs. `data` is
 * given to all three functions, and borrowed until wayland_close(). False and a sentence. */
bool wayland_open(struct wayland *wayland, const struct desktop_settings *settings,
                  const struct wayland_user *user, void *data, clb_error *error);

/* All that was bound has been destroyed before. */
void wayland_close(struct wayland *wayland);

/* Until the compositor has done what it was asked so far, and all that it said before was taken.
 * False: it is lost, also when it did not answer in time. */
bool wayland_round(struct wayland *wayland, int64_t until_ms);

/* The same for a look, in the usual time. */
bool wayland_look(struct wayland *wayland);

/* Sends what it is asked without waiting for an answer. False: it is lost. */
bool wayland_flush(struct wayland *wayland);

/* Takes what has come, without waiting. False: it is lost. */
bool wayland_take(struct wayland *wayland);

/* From within a listener: what it says makes no sense, or is too much. */
void wayland_lose(struct wayland *wayland, const char *why);

#endif
