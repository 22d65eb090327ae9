/* SPDX-License-Identifier: MIT */
/* Scenarios by chance: all that can happen to a machine, in any order. */
#ifndef SIM_GENERATE_H
#define SIM_GENERATE_H

#include <stdint.h>

/* The text of a scenario, the same for the same seed. Owned by the caller, free with free(). */
char *generate_scenario(uint64_t seed);

#endif
