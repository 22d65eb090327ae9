/* SPDX-License-Identifier: MIT */
#include "agent.h"
#include "commands.h"
#include "control/control.h"
#include "controls.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long the agent may take. What only looks is known at once, a repair reads every heartbeat. */
static int patience_sec(const char *command)
{
    if (strcmp(command, "repair") == 0)
        return CONTROL_REPAIR_SEC;
    return controls_only_look(command) ? CONTROL_LOOK_SEC : CONTROL_CHANGE_SEC;
}

int command_ask(const struct command_line *line, const char *command, const char *const *arguments,
                struct json_object **answer)
{
    char db_path[PATH_CAPACITY];
    struct error error = {0};
    struct json_object *problem = NULL;
    char *text = NULL;
    int result = command_db_path(line, db_path);
    if (result != 0)
        return result;
    result = control_ask(db_path, command, arguments, patience_sec(command), &text, &error);
    if (result == CONTROL_NOBODY) {
        struct config_options options = command_config(line);
        result = agent_serve(&options, command, arguments, &text, &error);
    }
    if (result != 0)
        return command_fail(&error);
    *answer = json_tokener_parse(text);
    free(text);
    if (*answer != NULL && !json_object_object_get_ex(*answer, "error", &problem))
        return 0;
    struct json_object *code = NULL;
    bool has_code = json_object_object_get_ex(*answer, "code", &code);
    error_set(&error, has_code ? json_object_get_int(code) : EXIT_CODE_UNAVAILABLE, "%s",
              problem != NULL ? json_object_get_string(problem) : "the agent gave no clear answer");
    json_object_put(*answer);
    *answer = NULL;
    return command_fail(&error);
}
