/* SPDX-License-Identifier: MIT */
/* The agent: builds the parts in order, runs, and tears down in the mirrored order. */
#ifndef CORE_AGENT_H
#define CORE_AGENT_H

#include "config/config.h"

/* Runs until it is asked to stop. Returns an exit code; what went wrong was logged. */
int agent_run(const struct config_options *options);

/* Takes one heartbeat, stores it, offers what waits to the sinks once, and prints the heartbeat as
 * JSON. With `dry_run` it is only printed: nothing is written or sent. */
int agent_once(const struct config_options *options, bool dry_run);

/* Serves a command of the control socket while no agent runs, under its lock. The answer is JSON,
 * and the caller's. */
int agent_serve(const struct config_options *options, const char *command,
                const char *const *arguments, char **answer, struct error *error);

#endif
