/* SPDX-License-Identifier: MIT */
/*
 * clockblock/detector.h: clockblock.detector/1, a plugin that notices what is being played.
 *
 * Life of an instance:
 *
 *   create ----> start ----> poll, wait, poll, wait ... ----> stop ----> destroy
 *   [main]       [worker]    [worker]                         [worker]   [main]
 *
 * start() may fail and is then tried again, with growing pauses. create() and destroy() may be
 * called without a start() between them. While one instance is created, workers of others may be
 * running.
 */
#ifndef CLOCKBLOCK_DETECTOR_H
#define CLOCKBLOCK_DETECTOR_H

#include "plugin.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define CLB_DETECTOR "clockblock.detector/1"

/* What the word of a detector is worth. Carried as int32_t. */
enum clb_detector_role {
    CLB_ROLE_EVIDENCE = 1, /* may decide that someone plays: a process, a window */
    CLB_ROLE_CONTEXT = 2,  /* only qualifies what others see: idle time, GPU load */
    CLB_ROLE_FORCE_32_BITS = 0x7FFFFFFF
};

/* Is it true now? Carried as int32_t. */
enum clb_observation_state {
    CLB_INACTIVE = 1,
    CLB_ACTIVE = 2,
    CLB_OBSERVATION_STATE_FORCE_32_BITS = 0x7FFFFFFF
};

/* One thing that a detector sees. The host copies it, checks that its strings are UTF-8 and cuts
 * them at 127 bytes; it stamps the time itself. */
typedef struct clb_observation {
    uint32_t size;
    int32_t state;        /* enum clb_observation_state */
    int32_t confidence;   /* 0..100: of several active ones the highest names the activity */
    uint32_t reserved;    /* 0 */
    double value;         /* a measure, for context: seconds idle, percent of GPU; else 0 */
    const char *activity; /* what is played, as the user calls it: "Minecraft"; NULL: not known */
    const char *subject;  /* what it was seen by: "java (pid 4711)"; NULL: nothing to tell */
} clb_observation;

/* What poll() works with. Host-owned, borrowed for the call. */
typedef struct clb_poll {
    uint32_t size;
    uint32_t reserved;   /* 0 */
    int64_t deadline_ms; /* on clockblock.clock/1: return by then */
    void *host_data;     /* the host's own */

    /* Reports one observation; call it any number of times before poll() returns, and never after.
     * [worker, inside poll, quick] */
    void(CLB_CALL *emit)(const struct clb_poll *poll, const clb_observation *observation);
} clb_poll;

/* The table. Every member is set; the host refuses a table with a NULL in it. Static. */
typedef struct clb_detector {
    int32_t role;      /* enum clb_detector_role */
    uint32_t reserved; /* 0 */

    /* Makes an instance from checked settings: copies what it keeps, opens nothing. On failure it
     * cleans up, leaves *instance alone, and says why in `error`. [main, none yet, quick] */
    int32_t(CLB_CALL *create)(const clb_host *host, const clb_settings *settings, void **instance,
                              clb_error *error);

    /* Opens what polling needs. CLB_OK, CLB_FAILED or CLB_UNAVAILABLE; it is tried again later
     * unless CLB_OK. [worker, created or stopped, bounded to 10 s] */
    int32_t(CLB_CALL *start)(void *instance, clb_error *error);

    /* Looks once. What it emits is the complete picture: nothing emitted means that nothing is
     * played. When the result is not CLB_OK, what was emitted is thrown away: CLB_UNAVAILABLE is
     * shown with its reason, CLB_FAILED also doubles the time to the next poll. [worker, running,
     * bounded] */
    int32_t(CLB_CALL *poll)(void *instance, const clb_poll *poll, clb_error *error);

    /* Called instead of sleeping until the next poll. Returns CLB_EVENT when it is worth polling at
     * once, else CLB_OK. Without events of its own: return run->wait(host, max_ms).
     * [worker, running, bounded by max_ms] */
    int32_t(CLB_CALL *wait)(void *instance, int64_t max_ms);

    /* Closes what start() opened, and joins threads of the plugin's own. [worker, running, bounded
     * to 1 s] */
    void(CLB_CALL *stop)(void *instance);

    /* Frees the instance. [main, created or stopped, quick] */
    void(CLB_CALL *destroy)(void *instance);
} clb_detector;

#if defined(__cplusplus)
}
#endif

#endif
