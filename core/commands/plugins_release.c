/* SPDX-License-Identifier: MIT */
/* `clockblock plugins release NAME`: lets a plugin run again that ended the agent too often. */
#include "commands.h"
#include "control/control.h"
#include "plugin/crashes.h"

#include <stdio.h>
#include <stdlib.h>

int plugins_release(const struct command_line *line, const char *name)
{
    char db_path[PATH_CAPACITY];
    char path[PATH_CAPACITY];
    struct error error = {0};
    int result = command_db_path(line, db_path);
    if (result != 0)
        return result;
    if (!crashes_path(path, db_path))
        return command_fail(&(struct error){EXIT_CODE_CONFIG, "db_path is too long"});
    if (crashes_release(path, name, &error) != 0)
        return command_fail(&error);

    char *answer = NULL;
    bool is_running =
        control_ask(db_path, "reload", NULL, CONTROL_CHANGE_SEC, &answer, &error) != CONTROL_NOBODY;
    free(answer);
    printf("%s is released, and runs again %s\n", name,
           is_running ? "now: the agent reloads its configuration" : "from the next start on");
    return 0;
}
