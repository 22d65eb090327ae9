/* SPDX-License-Identifier: MIT */
/* One way to look at somebody's desktop: an X server, a Wayland compositor, a service on a bus. The
 * plugins window_title and idle each have a list of them; what they see differs, how they live does
 * not. All of it is called by one thread, the worker of the detector. */
#ifndef DESKTOP_SOURCE_H
#define DESKTOP_SOURCE_H

#include <clockblock/plugin.h>
#include <stdbool.h>
#include <stdint.h>

/* What every source may be told. Owned by the plugin, which outlives its sources. */
struct desktop_settings {
    const char *x11_display;     /* NULL: find it */
    const char *wayland_display; /* NULL: find it */
    const char *session_bus;     /* its address; NULL: that of the environment, or the user's */
    const char *system_bus;      /* its address; NULL: the usual one */
    const char *run_root;        /* "/run": sockets of the users, and logind's own files */
    const char *x11_root;        /* sockets of X servers; NULL: where they always are */
    const char *sys_root;        /* "/sys": which input devices there are */
    const char *dev_root;        /* "/dev": to read them */
    int64_t idle_after_ms;       /* what the user calls idle */
};

/* The table of a source. Static; every member is set. */
struct desktop_source {
    const char *name; /* as users write it: "x11" */

    /* Opens nothing. NULL: no memory. */
    void *(*create)(const struct desktop_settings *settings);
    void (*destroy)(void *source);

    /* Opens what looking needs, in well under a second also when the other side does not answer.
     * False and one sentence without a name before it: it cannot be, and nothing stays open. */
    bool (*open)(void *source, int64_t now_ms, clb_error *error);
    void (*close)(void *source);

    /* Fills `seen`, of the type that its plugin says. False and a sentence: nothing is known,
     * either because nothing was told yet, with `*is_lost` false, or because the other side went
     * away. */
    bool (*look)(void *source, int64_t now_ms, void *seen, bool *is_lost, clb_error *error);

    /* What becomes readable when something happened; -1: it is only ever asked. */
    int (*descriptor)(void *source);
    /* Takes what has come, without waiting. True: look at once; also when the other side is gone.
     */
    bool (*dispatch)(void *source, int64_t now_ms);
};

#endif
