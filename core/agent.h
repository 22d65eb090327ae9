/* SPDX-License-Identifier: MIT */
/* The agent: builds the parts in order, runs, and tears down in the mirrored order. */
#ifndef CORE_AGENT_H
#define CORE_AGENT_H

#include "config/config.h"
#include "detect/detect.h"

/* Runs until it is asked to stop. Returns an exit code; what went wrong was logged. */
int agent_run(const struct config_options *options);

/* Takes one heartbeat, stores it, offers what waits to the sinks once, and prints the heartbeat as
 * JSON. With `dry_run` it is only printed: nothing is written or sent. */
int agent_once(const struct config_options *options, bool dry_run);

/* What the detectors see, and what that means. All borrowed for the call. */
struct agent_sight {
    const struct detect_view *views;
    int count;
    struct fuse_verdict verdict;
    const char *why;          /* as detect_why() */
    const char *playing_when; /* NULL: unset */
    const char *problem;      /* "": none; the configuration as it is now cannot be used, and why */
};
typedef void (*agent_show)(const struct agent_sight *sight, void *context);

/* Asks the detectors of the configuration, or the one called `only` (NULL: all). Nothing is stored
 * or sent. Shows what they see: once, or again and again until a signal comes, with what stands in
 * the configuration by then. */
int agent_detect(const struct config_options *options, const char *only, bool is_watching,
                 agent_show show, void *context, struct error *error);

/* Serves a command of the control socket while no agent runs, under its lock. The answer is JSON,
 * and the caller's. */
int agent_serve(const struct config_options *options, const char *command,
                const char *const *arguments, char **answer, struct error *error);

#endif
