/* SPDX-License-Identifier: MIT */
/*
 * A generation: all that one configuration brings to life. A reload makes the next one completely,
 * and only then ends this one, so that a configuration that does not work leaves everything as it
 * was. The store, the sampler and the lock outlive generations.
 */
#ifndef CORE_GENERATION_H
#define CORE_GENERATION_H

#include "config/config.h"
#include "deliver/deliver.h"
#include "detect/detect.h"
#include "household.h"
#include "plugin/crashes.h"
#include "sampler.h"

/* A configuration that was read and checked in full, with the plugins that it names. */
struct plan {
    struct config *config;            /* owned */
    struct plugin_registry *registry; /* owned */
    struct crashes *crashes;          /* owned; what plugins did to the agent; NULL: nothing */
};

enum plan_scope {
    PLAN_ENABLED, /* what is to run */
    PLAN_TRIAL,   /* the same, and leaves no trace on the disk */
    PLAN_ALL      /* also the settings of what is switched off, for a person who asks */
};

/* Reads the configuration and checks all of it, with the settings of the plugins it names. Makes no
 * instance. EXIT_CODE_CONFIG, and everything that is wrong in `problems`; `plan` is then empty.
 *
 * A plugin that cannot be loaded is a problem for PLAN_ALL. For the others it is a warning, as
 * long as one detector is left: better to count the minutes without it than not at all. A plugin in
 * quarantine is not even opened. */
int plan_load(struct plan *plan, const struct config_options *options, enum plan_scope scope,
              struct config_problems *problems);
void plan_finish(struct plan *plan);

/* The plugin of an instance. NULL: the agent has to run without it, for the reason in `error`, and
 * *in_quarantine says whether that is because of what it did. */
const struct plugin *plan_plugin(const struct plan *plan, enum instance_kind kind,
                                 const struct config_instance *instance, bool *in_quarantine,
                                 struct error *error);
/* The expression playing_when, over the enabled detectors in their order. */
int plan_rule(struct plan *plan, struct fuse_rule *rule, struct error *error);

struct generation {
    struct plan plan;            /* owned */
    struct household *household; /* owned */
    struct fuse_rule rule;
    struct detect *detect;   /* owned */
    struct deliver *deliver; /* owned; NULL: without a store there is none */
    char *api_token;         /* owned; NULL: none */
};

/* What a generation is built on. All borrowed. */
struct generation_base {
    struct clock *clock;
    struct wakeup *wakeup;   /* of main: rung when a detector has its first word */
    struct store *store;     /* NULL: no sinks */
    struct sampler *sampler; /* where sinks get today's totals from; NULL without a store */
};

/* Makes the instances and what holds them; starts nothing. Takes the plan over when it succeeds,
 * and leaves it when it fails. */
int generation_create(struct generation **generation, struct plan *plan,
                      const struct generation_base *base, struct error *error);

/* Starts the workers. */
int generation_start(struct generation *generation, struct error *error);

/* Stops the workers: false when one does not come back by then. The generation must then be left as
 * it is. */
bool generation_stop(struct generation *generation, int64_t until_ms);
void generation_destroy(struct generation *generation); /* NULL is fine */

#endif
