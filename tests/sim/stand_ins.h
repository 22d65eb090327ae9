/* SPDX-License-Identifier: MIT */
/* What stands in for the parts of the agent that would bring threads or chance: they are linked in
 * the place of core/detect and of the system's random bytes. */
#ifndef SIM_STAND_INS_H
#define SIM_STAND_INS_H

#include "sim.h"

/* From here on the same random bytes come as after the last call. */
void stand_ins_begin(void);

/* One detector, called "games", which sees what the simulation says; and a rule that asks it. */
struct detect *stand_ins_detect(struct sim *sim);
const struct fuse_rule *stand_ins_rule(void); /* static */

#endif
