/* SPDX-License-Identifier: MIT */
/*
 * The control socket, `<db_path>.sock`: how commands of the same user reach the running agent. One
 * request, one answer, both one JSON object: {"command":"status"} gets the JSON of /status,
 * whatever became of the HTTP port. A command may have arguments, that are strings.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONTROL_ARGUMENTS_MAX = 8 };

/* A command that the agent serves. `arguments` are NULL-terminated. The answer is JSON, freed by
 * the caller; control_problem() makes one. */
struct control_command {
    const char *name;
    char *(*serve)(void *context, const char *const *arguments);
    int user_argument; /* the place of the one that names who asks, which only root may choose; 0 */
};

/* {"error":"...","code":64}: the sentence, and the exit code of the command that asked. */
char *control_fail(const struct error *error);
char *control_problem(const char *sentence); /* EXIT_CODE_UNAVAILABLE */

struct control;

/* Listens beside the database. `commands` (ended by a NULL name) and `context` are borrowed. Owned
 * by the caller. */
int control_open(struct control **control, const char *db_path,
                 const struct control_command *commands, void *context, struct error *error);
void control_close(struct control *control);          /* NULL is fine */
bool control_is_there(const struct control *control); /* can it be found? False for NULL */

intptr_t control_handle(const struct control *control); /* readable when somebody asks */
void control_serve(struct control *control);            /* answers one of them */

/* The other side: asks the agent that runs on this database. `arguments` are NULL-terminated; NULL:
 * none. The answer is the caller's, free with free(). CONTROL_NOBODY, and an error with
 * EXIT_CODE_UNAVAILABLE, when no agent listens. Any other code: one was reached and gave no answer
 * within patience_sec, and may carry the command out all the same. */
enum { CONTROL_NOBODY = -1 };
enum { CONTROL_LOOK_SEC = 5, CONTROL_CHANGE_SEC = 60, CONTROL_REPAIR_SEC = 600 };
int control_ask(const char *db_path, const char *command, const char *const *arguments,
                int patience_sec, char **answer, struct error *error);

#endif
