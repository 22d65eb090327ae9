/* SPDX-License-Identifier: MIT */
/*
 * The detectors: one worker thread each, the newest word of each, and the expression playing_when.
 *
 * A worker polls its detector in its own rhythm and publishes what it saw. Main reads the newest
 * words when it samples, and never waits for a detector.
 */
#ifndef DETECT_DETECT_H
#define DETECT_DETECT_H

#include "error.h"
#include "platform/clock.h"
#include "plugin/plugin.h"
#include "record/fuse.h"

struct detect;

enum detect_state {
    DETECT_STARTING,
    DETECT_OK,
    DETECT_UNAVAILABLE,
    DETECT_FAILED,
    DETECT_WEDGED,
    DETECT_REFUSED,    /* its plugin cannot be loaded */
    DETECT_QUARANTINED /* its plugin did harm, and is not called */
};

/* What a detector is, apart from what it sees. */
struct detect_spec {
    const char *name;   /* both borrowed for as long as the detector lives */
    const char *plugin; /* its plugin's name */
    int64_t interval_ms;
    struct instance *instance; /* owned by the caller until detect_create() succeeded; NULL: the
                                  agent runs without it */
    enum detect_state absence; /* then: DETECT_REFUSED or DETECT_QUARANTINED */
    char reason[512];          /* and why */
};

/* Takes over the instances. `clock` and `ready` are borrowed: `ready` is rung each time a detector
 * has its first word. [main] */
struct detect *detect_create(const struct detect_spec *specs, int count, struct clock *clock,
                             struct wakeup *ready);
int detect_start(struct detect *detect, struct error *error); /* the workers. [main] */

/* Asks all workers to stop, and does not wait. [main] */
void detect_cancel(struct detect *detect);

/* Stopping has two phases, so that every instance has stopped before the first is destroyed. The
 * first asks all workers to stop, and waits until `until_ms` of the monotonic clock at most. False:
 * a worker did not come back. Then nothing may be destroyed, and the process has to end with
 * process_exit_now(). [main] */
bool detect_stop(struct detect *detect, int64_t until_ms);
/* Destroys the instances. NULL is fine. [main] */
void detect_destroy(struct detect *detect);

int detect_count(const struct detect *detect);
/* Every detector has polled once, or failed to. [main] */
bool detect_is_ready(struct detect *detect);

enum { DETECT_SIGHTS_MAX = 8, DETECT_WHY_CAPACITY = 2048 };

/* The newest word of a detector. */
struct detect_view {
    char name[INSTANCE_CAPACITY];
    const char *plugin; /* static */
    bool is_evidence;
    enum detect_state state;
    struct fuse_view fuse; /* what counts */
    double value;
    char subject[ACTIVITY_CAPACITY];
    struct instance_observation sights[DETECT_SIGHTS_MAX]; /* all that it sees, as it tells them */
    int sights_count;                                      /* may be more than fit */
    char reason[512];                                      /* "": none; why it is not DETECT_OK */
    int64_t polled_ms;                                     /* monotonic; 0: never */
    int64_t polls;
    int64_t poll_us; /* how long the newest of them took */
    int64_t failures;
    struct instance_account account;
};

/* A word older than two intervals and the deadline counts as unavailable. [any thread] */
void detect_get(struct detect *detect, int index, struct detect_view *view);
const char *detect_state_name(enum detect_state state);

/* ---- playing_when ---- */

/* Parses an expression over the names of detectors: and, or, not, parentheses. `text` NULL: the
 * `or` of all that give evidence. The sentence of an error names the column. */
struct detect_name {
    const char *name;
    bool is_evidence;
};
int playing_when_parse(const char *text, const struct detect_name *names, int count,
                       struct fuse_rule *rule, struct error *error);

/* What each detector of the rule says, in its order: "games sees Minecraft by java (pid 4711); idle
 * is not active". "": the rule names none. Pure. */
void detect_why(const struct fuse_rule *rule, const struct detect_view *views,
                char text[DETECT_WHY_CAPACITY]);

#endif
