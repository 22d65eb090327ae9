/* SPDX-License-Identifier: MIT */
/* A Wayland compositor without a screen, in a process of its own: it offers what a test wants it
 * to, and says what it is told to say, sense or not. */
#ifndef TESTS_COMPOSITOR_H
#define TESTS_COMPOSITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct compositor_offer {
    uint32_t windows;  /* the version of its manager of windows; 0: none */
    uint32_t notifier; /* of ext_idle_notifier_v1; 0: none */
    uint32_t kde;      /* of org_kde_kwin_idle; 0: none */
    int seats;
    const char *title; /* of a window that is there and has the focus; NULL: none */
    uid_t owner;       /* of its socket, where it also listens as that one; 0: who runs the test */
};

struct compositor {
    struct compositor_offer offer;
    pid_t pid; /* 0: it does not run */
    int orders;
    int descriptors; /* open in this process when it was made */
    char folder[64];
    char path[80]; /* of its socket */
};

/* Once with a folder of its own; then it may end and run again. In the end nothing is open that was
 * not so at the begin. */
void compositor_make(struct compositor *compositor);
void compositor_drop(struct compositor *compositor);
void compositor_run(struct compositor *compositor, struct compositor_offer offer);
/* No compositor at all: whoever connects gets these bytes, and again and again if `is_endless`. */
void compositor_babble(struct compositor *compositor, const void *bytes, size_t length,
                       bool is_endless);
void compositor_end(struct compositor *compositor);
/* A new socket, as of the owner of an offer. */
int compositor_listen(const char *path, uid_t owner);
void compositor_signal(struct compositor *compositor, int signal);

/*
 * One of these; returns when it has been sent to the client, with what is to be said about it, ""
 * for most. N is the number of a window or a seat, from 0.
 *
 *   windows N           so many more of them
 *   title N TEXT        app N TEXT
 *   states N BYTES      done N                 closed N
 *   finished            no more windows
 *   seat                one more of them       unseat N
 *   idle N              resumed N              of this seat
 *   asked N             says how its client asked for idleness of this seat: "input 5000"
 *   error               ends the connection by an error of the protocol
 */
const char *compositor_do(struct compositor *compositor, const char *order, int number,
                          const void *bytes, size_t length);

#endif
