/* SPDX-License-Identifier: MIT */
/* The parts of an agent, in the order in which they are built: what run and once have in common.
 * Private to agent.c and once.c. Everything here belongs to main. */
#ifndef CORE_PARTS_H
#define CORE_PARTS_H

#include "bulletin.h"
#include "generation.h"
#include "platform/lock_file.h"
#include "server.h"
#include "status.h"
#include "watch.h"

/* How long a stop waits for workers; the whole stop is to take under 2 s. */
enum { PARTS_STOP_MS = 1500 };

struct agent {
    struct config_options options;
    struct clock clock;
    struct wakeup wakeup; /* main sleeps by it */
    struct lock_file lock;
    char log_file[PATH_CAPACITY]; /* that the log goes to; "": standard error */
    struct store *store;
    struct store_reader *sampler_reader;
    struct store_reader *server_reader;
    struct sampler *sampler;
    struct generation *generation;
    struct server *server;
    struct api *api;
    struct control *control;   /* NULL: it could not be opened */
    struct wakeup server_bell; /* rung by the store for as long as that is there */
    struct status_source status;
    struct watch watch;
    struct bulletin bulletin;
    struct file_identity zone_file; /* that the household's days come from */
    bool left_behind;               /* a worker did not come back: end with process_exit_now() */
};

/* The clock, the log and the signals. */
int parts_init(struct agent *agent, const struct config_options *options);

/* Reads and checks the configuration; what is wrong with it is logged. */
int parts_load_plan(struct agent *agent, struct plan *plan, enum plan_scope scope);

/* Lets the log go to a file; NULL: to standard error. The old one goes on when that fails. A disk
 * that takes no file is no failure: the log then stays where it is. */
int parts_direct_log(struct agent *agent, const char *path, struct error *error);
/* Opens the same file again, which may have been moved away, as logrotate does. */
void parts_reopen_log(struct agent *agent);

/* Takes the lock, opens the database and its readers. */
int parts_open_store(struct agent *agent, const struct config *config, struct error *error);

/* As generation_create(). */
int parts_make_generation(struct agent *agent, struct plan *plan, struct generation **generation,
                          struct error *error);

/* Lets the sampler ask the detectors of the generation, about the days of its household. */
void parts_configure_sampler(struct agent *agent);

/* Did another file take the place of the zone's, since the last call? */
bool parts_zone_changed(struct agent *agent);

/* Waits until every detector has had its first word, or a signal came, or it takes too long. */
void parts_wait_for_first_words(struct agent *agent);

/* Tears down what is there, in the mirrored order. Returns `code`, or a worse one. */
int parts_stop(struct agent *agent, int code);

#endif
