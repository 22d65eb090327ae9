/* SPDX-License-Identifier: MIT */
/* How what several sources see becomes one answer: is nobody at the machine? Pure. */
#ifndef IDLE_COMBINE_H
#define IDLE_COMBINE_H

#include "input.h"

#include <stddef.h>

/* A source that was able to look, and what it saw. */
struct combine_seen {
    const char *name; /* static */
    struct input input;
};

struct combine_answer {
    int64_t idle_ms;       /* INT64_MAX: not known */
    const char *by;        /* who saw the last input; NULL: nobody knows */
    const char *locked_by; /* who says that the screen is locked; NULL: it is not */
    bool is_exact;
};

/* The last input that anybody saw counts, and one lock is enough. A hint counts where no source
 * knows exactly; who only knows of input when there is some (a game pad) can end idleness, and not
 * show it. False: neither input nor a lock is known. */
bool combine(const struct combine_seen *seen, int count, struct combine_answer *answer);

/* "no input for 312 s (x11)", "the screen is locked (logind)", "input 5 s ago (x11)". */
void combine_subject(const struct combine_answer *answer, bool is_active, char *text,
                     size_t capacity);

#endif
