/* SPDX-License-Identifier: MIT */
/* Where displays are: the environment of an agent that runs in somebody's session says it; one that
 * runs as a service finds their sockets. */
#ifndef DESKTOP_DISPLAYS_H
#define DESKTOP_DISPLAYS_H

#include "source.h"

#include <stddef.h>

/* Below /tmp, where SDDM leaves keys, too. */
#define DISPLAYS_X11_ROOT "/tmp/.X11-unix"

enum { DISPLAYS_MAX = 8, DISPLAYS_NAME = 256 };

struct desktop_display {
    char name[DISPLAYS_NAME];      /* X11: ":0"; Wayland: the path of the socket */
    char authority[DISPLAYS_NAME]; /* X11: the file with its key; "": where those of `uid` are */
    int64_t uid;                   /* whose it is */
    int64_t server_uid;            /* who runs it; -1: whoever does, as it was named to us */
    bool needs_key;                /* X11: the server is the system's; of `uid` with a key only */
};

/* At most DISPLAYS_MAX, the likeliest first; 0: there is none. Only of the agent's own user, and
 * for root of people, who are not system accounts. */
int displays_x11(const struct desktop_settings *settings, struct desktop_display *displays);
int displays_wayland(const struct desktop_settings *settings, struct desktop_display *displays);

/* The socket of an X server by its name: ":0", "unix:0", with or without the ".0" of a screen.
 * False: it is no name, or of another machine. */
bool displays_x11_socket(const struct desktop_settings *settings, const char *name,
                         char path[DISPLAYS_NAME], int *number);

#endif
