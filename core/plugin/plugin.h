/* SPDX-License-Identifier: MIT */
/*
 * Plugins: finding their files, opening and checking them, and making instances of them.
 *
 * This folder knows the ABI, and nothing of storage or HTTP. `detect` and `deliver` own the
 * instances and call them through the crossings below, each on the thread that the ABI names.
 */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

#include "config/config.h"
#include "error.h"
#include "leaks.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "platform/wakeup.h"

#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <clockblock/sink.h>
#include <stdatomic.h>

/* ---- Files ----------------------------------------------------------------------------------- */

/* A plugin that was opened and found sound. Static: a file is never closed. */
struct plugin {
    char path[PATH_CAPACITY];     /* resolved */
    clb_plugin descriptor;        /* a copy, with what a shorter one lacks set to 0 */
    const clb_detector *detector; /* NULL: it offers none */
    const clb_sink *sink;         /* NULL: it offers none */
};

/* Where plugins are looked for, and those that were opened so far. Belongs to main. */
struct plugin_registry;

/* `folders` (NULL-terminated, may be NULL) are searched before the built-in place. */
struct plugin_registry *plugin_registry_create(char *const *folders);
void plugin_registry_destroy(struct plugin_registry *registry); /* NULL is fine; files stay open */

/* The plugin of this name, opened now unless it was before. NULL and a sentence when there is no
 * file of that name, the file is not safe to load, or it is no plugin that this agent can work
 * with. */
const struct plugin *plugin_find(struct plugin_registry *registry, const char *name,
                                 struct error *error);

/* Calls visit() with each file in the folders that may be a plugin, in order; opens none. */
void plugin_each(const struct plugin_registry *registry,
                 void (*visit)(const char *name, const char *path, void *context), void *context);

/* Opens the file at exactly this path, into `plugin`. */
int plugin_open(const char *path, struct plugin *plugin, struct error *error);

/* "detector", "sink", or "detector and sink". */
const char *plugin_kind(const struct plugin *plugin);

/* The name of a file without folder and suffix: what its plugin has to be called. */
void plugin_file_name(char name[INSTANCE_CAPACITY], const char *path);

/* ---- Instances ------------------------------------------------------------------------------- */

enum instance_kind { INSTANCE_DETECTOR, INSTANCE_SINK };
/* "detector" or "sink". Safe in a signal handler. */
const char *instance_kind_name(enum instance_kind kind);
enum instance_state { INSTANCE_CREATED, INSTANCE_RUNNING, INSTANCE_STOPPED };

/* What both kinds of tables have in common. */
struct instance_calls {
    int32_t(CLB_CALL *create)(const clb_host *host, const clb_settings *settings, void **instance,
                              clb_error *error);
    int32_t(CLB_CALL *start)(void *instance, clb_error *error);
    int32_t(CLB_CALL *wait)(void *instance, int64_t max_ms);
    void(CLB_CALL *stop)(void *instance);
    void(CLB_CALL *destroy)(void *instance);
};

/* What is seen of a plugin's conduct. */
struct instance_account {
    int64_t calls; /* but those of wait() */
    int64_t failures;
    int64_t busy_us; /* in those calls */
    int64_t slowest_us;
    int64_t broken_rules;
    char broken_rule[160]; /* the newest; "": none */
    char leak[160];        /* why it is out of service; "": it is not */
};

/* An observation, checked, copied and bounded. */
struct instance_observation {
    bool active;
    int32_t confidence;
    double value;
    char activity[ACTIVITY_CAPACITY]; /* "": none */
    char subject[ACTIVITY_CAPACITY];  /* "": none */
};
typedef void (*instance_see)(const struct instance_observation *observation, void *context);

struct instance {
    clb_host host; /* what the plugin holds of us */
    const struct plugin *plugin;
    enum instance_kind kind;
    enum instance_state state; /* the worker's, and main's when there is no worker */
    struct instance_calls calls;
    char name[INSTANCE_CAPACITY];
    void *data; /* the plugin's */
    struct clock *clock;
    struct wakeup wakeup;       /* rung when the host wants something of the instance */
    atomic_bool cancelled;      /* the call in progress should end */
    atomic_bool out_of_service; /* it leaks: nothing more is asked of it */
    atomic_llong busy_until_ms; /* deadline of the call in progress; 0: none is */

    /* The worker's, during poll(). They stay in place after it, for a plugin that emits too late.
     */
    clb_poll poll;
    instance_see see;
    void *see_context;
    struct leaks_account leaks; /* what its calls left behind */

    struct mutex lock;
    struct instance_account account; /* guarded by lock */
};

/* Makes an instance: the plugin's create(). `settings` are needed for this call only. Owned by the
 * caller. [main] */
int instance_create(struct instance **instance, const struct plugin *plugin,
                    enum instance_kind kind, const char *name, const clb_settings *settings,
                    struct clock *clock, struct error *error);
/* The plugin's destroy(). NULL is fine. [main] */
void instance_destroy(struct instance *instance);

/* The plugin's start(): a clb_status, with a sentence in `error` unless CLB_OK. [worker] */
int32_t instance_start(struct instance *instance, struct error *error);
/* The plugin's stop(). [worker] */
void instance_stop(struct instance *instance);
/* The plugin's wait() when it runs, the host's own else. CLB_EVENT, or CLB_OK. [worker] */
int32_t instance_wait(struct instance *instance, int64_t until_ms);

/* The plugin's poll(): calls see() with each observation. Returns a clb_status; unless it is CLB_OK
 * what was seen does not count. [worker] */
int32_t instance_poll(struct instance *instance, int64_t deadline_ms, instance_see see,
                      void *context, struct error *error);

/* The plugin's deliver(). What it answers is made consistent: never more accepted than were given,
 * never CLB_DELIVERED with some left over. [worker] */
void instance_deliver(struct instance *instance, const clb_batch *batch, clb_delivery *delivery,
                      struct error *error);

/* Asks the instance to come back from whatever it does. [any thread] */
void instance_cancel(struct instance *instance);

/* A call is past its deadline and its grace. [any thread] */
bool instance_is_wedged(const struct instance *instance, int64_t now_ms);

/* It leaks, and is to be stopped and left alone; the account says what. [any thread] */
bool instance_is_out_of_service(const struct instance *instance);
void instance_get_account(struct instance *instance, struct instance_account *account);

/* Looks how many descriptors and threads the process has, and whether calls have to be watched for
 * leaks. Costs some microseconds: once per heartbeat. [main] */
void leaks_look(void);

#endif
