/* SPDX-License-Identifier: MIT */
/* What the control socket serves: commands of the same user to the running agent. Their context is
 * a struct status_source. */
#ifndef CORE_CONTROLS_H
#define CORE_CONTROLS_H

#include "control/control.h"
#include "status.h"

extern const struct control_command controls[]; /* ended by a NULL name */

/* Parts of them: grants. */
char *controls_grant(void *context, const char *const *arguments);
char *controls_grants(void *context, const char *const *arguments);

/* Serves one of them. NULL: there is none of that name. Freed by the caller. */
char *controls_serve(struct status_source *source, const char *command,
                     const char *const *arguments);

/* Of those that can be served without an agent: it changes nothing, and needs a reader only. */
bool controls_only_look(const char *command);

#endif
