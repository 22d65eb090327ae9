/* SPDX-License-Identifier: MIT */
/* The sources of one detector: opened when they can be, tried again with growing pauses when not.
 */
#ifndef DESKTOP_SOURCES_H
#define DESKTOP_SOURCES_H

#include "people.h"
#include "source.h"

#include <clockblock/services.h>
#include <stddef.h>

enum { SOURCES_MAX = 6, SOURCES_WHY = 120 };

/* What there is to choose from, the most trusted first. */
struct sources_entry {
    const char *name;
    const struct desktop_source *source; /* NULL: it was left out when the plugin was built */
};

struct sources_slot {
    const char *name;                    /* static */
    const struct desktop_source *source; /* static; NULL as above */
    void *data;                          /* owned */
    bool is_open;
    int64_t again_ms; /* not opened before */
    int64_t pause_ms; /* and after the next failure so much later */
    char why[SOURCES_WHY];
};

/* Whom they run in. Everything is borrowed. */
struct sources_host {
    const clb_host *host;
    const clb_clock *clock;
    const clb_run *run;
};

struct sources {
    struct sources_slot slots[SOURCES_MAX];
    int count;
    struct sources_host in;
    const struct desktop_settings *settings; /* borrowed */
    int64_t until_ms;                        /* of this poll: no other is asked then */
    int64_t people[PEOPLE_MAX];              /* whose desktops they were opened for */
    int people_count;
};

/* Takes those that the option `wanted` names; "all": every one that was built in. False and a
 * sentence. Call sources_finish() either way. */
bool sources_init(struct sources *sources, const struct sources_entry *entries, int count,
                  const clb_setting *wanted, const struct desktop_settings *settings,
                  const struct sources_host *in, clb_error *error);
void sources_finish(struct sources *sources);

/* Forgets the pauses: all are tried at the next look. */
void sources_start(struct sources *sources);
void sources_close(struct sources *sources);

/* To call first in each poll. All are opened anew when another user came to the screen. */
void sources_begin(struct sources *sources);

/* Looks with one source, which is opened first when it is its time. False: `why` of the slot says
 * why; also when others did not answer for so long that the poll has to end, or the host wants it
 * to. */
bool sources_look(struct sources *sources, int at, void *seen);

/* A poll that takes the first which knows, and closes those behind it: nobody would take what comes
 * from them. False: none knows. */
bool sources_look_first(struct sources *sources, void *seen);

/* "x11: there is no display; wayland: ..." of all slots that were not able to look; "": all were.
 */
void sources_why(const struct sources *sources, char *text, size_t capacity);

/* The wait() of a detector: CLB_EVENT when a source has something new, which is looked for at most
 * once a second. */
int32_t sources_wait(struct sources *sources, int64_t max_ms);

#endif
