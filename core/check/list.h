/* SPDX-License-Identifier: MIT */
/* The checks by name. Private to this folder. */
#ifndef CHECK_LIST_H
#define CHECK_LIST_H

#include "platform/resources.h"
#include "plugin/plugin.h"

/* What a check has to work with, in the child. */
struct subject {
    const char *file;        /* as it was given */
    const char *const *sets; /* as they were given */
    uint32_t seed;
    struct plugin plugin;                 /* opened, for checks that ask for it */
    enum instance_kind kind;              /* the interface that is being checked */
    char state[RESOURCES_STATE_CAPACITY]; /* of the process, before the plugin was loaded */
};

enum check_flag {
    CHECK_UNOPENED = 1, /* works on the file, and opens it itself if at all */
    CHECK_ONCE = 2,     /* about the plugin, whatever it offers; else once for each interface */
    CHECK_DETECTOR = 4, /* detectors only */
    CHECK_SINK = 8      /* sinks only */
};

struct check {
    const char *name;
    unsigned flags;
    int attempts;      /* how often it may fail: more than 1 for what measures time */
    const char *shows; /* what it means that it passed, for people */
    void (*run)(struct subject *subject);
};

extern const struct check check_list[]; /* up to one without a name */
const struct check *check_find(const char *name);

/* The checks, each in the file that is named for them. They return when all is well. */
void check_file(struct subject *subject); /* check_file.c */
void check_exports(struct subject *subject);
void check_prefix(struct subject *subject);
void check_load_time(struct subject *subject);
void check_ids(struct subject *subject); /* check_tables.c */
void check_strings(struct subject *subject);
void check_options_table(struct subject *subject);
void check_settings_missing(struct subject *subject); /* check_settings.c */
void check_settings_hostile(struct subject *subject);
void check_services_missing(struct subject *subject);
void check_lifecycle(struct subject *subject); /* check_life.c */
void check_two_instances(struct subject *subject);
void check_create_destroy(struct subject *subject); /* check_leaks.c */
void check_start_stop_100(struct subject *subject);
void check_threads_left(struct subject *subject);
void check_descriptors_left(struct subject *subject);
void check_process_state(struct subject *subject);
void check_stdout(struct subject *subject);
void check_poll(struct subject *subject); /* check_calls.c */
void check_poll_cancelled(struct subject *subject);
void check_deliver_cancelled(struct subject *subject);
void check_wait(struct subject *subject);
void check_wait_woken(struct subject *subject);
void check_batches(struct subject *subject); /* check_batches.c */
void check_batch_sizes(struct subject *subject);
void check_fuzz(struct subject *subject); /* check_fuzz.c */

#endif
