/* SPDX-License-Identifier: MIT */
/*
 * A machine and the agent on it in simulated time: the agent's own sampler, household, credit,
 * allowance and store, on a real database, in one thread. What is simulated are the clocks and what
 * the detectors see. Time passes only in the calls below, so weeks take seconds, and the same calls
 * make the same rows.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "config/config.h"
#include "oracle.h"
#include "sampler.h"
#include "store/account.h"

enum { SIM_DATES_MAX = 16, SIM_ZONE_CAPACITY = 64 };
/* From power-on until the agent is up, if nothing else is said. */
enum { SIM_BOOT_MS = 20 * 1000 };

struct sim {
    struct clock clock; /* first: a pointer to it is a pointer to the whole */
    int64_t monotonic_ms;
    int64_t boottime_ms;
    int64_t wall_ms;
    int boots;
    int64_t awake_ms; /* how long the machine was awake, over all boots */

    struct oracle oracle;

    /* What the one detector sees. */
    bool is_playing;
    char activity[ACTIVITY_CAPACITY];

    /* The configuration, and whether the agent has still to hear of it. */
    struct config config;
    struct config_allowance_date dates[SIM_DATES_MAX];
    char zone[SIM_ZONE_CAPACITY];
    bool has_news;
    int64_t commit_interval_ms; /* 0: each tick by itself */

    /* The agent; NULL while it is not up. */
    const char *path; /* of its database; borrowed */
    struct store *store;
    struct store_reader *reader;
    struct sampler *sampler;
    struct household *household;
    bool has_ticked;   /* since it was configured */
    int64_t due_ms;    /* monotonic: when the next tick is due */
    int64_t delay_ms;  /* and how much later it will come */
    int64_t commit_ms; /* monotonic: when the ring is to be committed */
};

/* A machine that is off, and an agent that was never started. `path` is where its database will be;
 * borrowed. */
void sim_init(struct sim *sim, const char *path);
void sim_finish(struct sim *sim); /* stops the agent */

/* All of these give up with a sentence on stderr when the agent fails. Durations are not negative.
 */
void sim_start(struct sim *sim, int64_t wall_ms); /* the machine, and at once the agent on it */
void sim_run(struct sim *sim, int64_t ms);        /* with the ticks up to and at the end of it */
void sim_sleep(struct sim *sim, int64_t ms);      /* the machine, with the agent on it */
void sim_off(struct sim *sim, int64_t ms);        /* the agent is stopped for so long */
/* The agent ends without a word, and is started again at once. */
void sim_crash(struct sim *sim);
/* It takes so long until the agent is up again, and the last `up_ms` of that the machine is.
 * `notice`: the agent was stopped before. */
void sim_reboot(struct sim *sim, int64_t ms, int64_t up_ms, bool notice);
void sim_step_clock(struct sim *sim, int64_t ms); /* the wall clock only; may be negative */

/* Bonus minutes for a day. */
void sim_grant(struct sim *sim, struct store_grant *grant);

/* Commits what the agent has sampled, so that it can be read. */
void sim_settle(struct sim *sim);

#endif
