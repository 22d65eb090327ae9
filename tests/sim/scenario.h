/* SPDX-License-Identifier: MIT */
/* Scenarios: what happens to the machine, and what has to be in the agent's books then. A text with
 * one statement a line; tests/sim/README.md lists them. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim.h"

/* Plays a scenario on a machine that was just initialised, and leaves the agent up. `name` stands
 * before each sentence on stderr, with the line. Returns how many expectations were not met, those
 * that always hold included; a text that is no scenario counts as one, and ends it. */
int scenario_play(struct sim *sim, const char *name, const char *text);

#endif
