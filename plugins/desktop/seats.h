/* SPDX-License-Identifier: MIT */
/* Who is in front of the screens, by the files in which logind notes it. */
#ifndef DESKTOP_SEATS_H
#define DESKTOP_SEATS_H

#include <stdbool.h>
#include <stdint.h>

enum { SEATS_MAX = 16 };

struct seat {
    int64_t uid; /* whose desktop is in front; -1: nobody's, as when a greeter or a console is */
    int display; /* the number of its X server; -1: logind was not told of one */
};

/* Those that somebody is logged in at, seat0 first. None: where people are is not known. */
struct seats {
    struct seat seats[SEATS_MAX];
    int count;
    bool has_agent; /* the agent's own user is at one of them */
};

void seats_read(const char *run_root, struct seats *seats);

#endif
