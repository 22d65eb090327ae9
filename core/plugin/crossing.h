/* SPDX-License-Identifier: MIT */
/*
 * Where this thread is right now: in which call into which plugin. Every call is between
 * crossing_enter() and crossing_leave(), so that a crash, a broken rule and a leak have a name.
 * Private to this folder.
 */
#ifndef PLUGIN_CROSSING_H
#define PLUGIN_CROSSING_H

#include "leaks.h"
#include "plugin.h"

enum crossing_phase {
    CROSSING_NONE,
    CROSSING_LOAD,
    CROSSING_CREATE,
    CROSSING_START,
    CROSSING_POLL,
    CROSSING_DELIVER,
    CROSSING_WAIT,
    CROSSING_STOP,
    CROSSING_DESTROY
};

struct crossing {
    enum crossing_phase phase;
    struct instance *instance;    /* NULL: CROSSING_LOAD */
    const char *name;             /* of the instance, or of the plugin */
    struct leaks_count resources; /* before the call */
    int64_t began_us;
};

/* Calls do not nest. `limit_ms`: how long it may take before the instance counts as late; 0: the
 * caller has set that already, or there is no limit. */
void crossing_enter(struct instance *instance, enum crossing_phase phase, int64_t limit_ms);
void crossing_leave(bool failed);
/* The same for a file, of which there is no instance yet. */
void crossing_enter_load(const char *name);
void crossing_leave_load(void);

/* The calling thread's; NULL: it is in none. Safe in a signal handler. */
const struct crossing *crossing_now(void);
bool crossing_is_in(const struct instance *instance, enum crossing_phase phase);

/* Counts a rule that was broken, and names it in /status and the log. [any thread] */
void crossing_break_rule(struct instance *instance, const char *rule);

const char *crossing_phase_name(enum crossing_phase phase); /* safe in a signal handler */

#endif
