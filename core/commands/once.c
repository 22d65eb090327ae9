/* SPDX-License-Identifier: MIT */
#include "agent.h"
#include "commands.h"

int command_once(const struct command_line *line)
{
    if (line->detector != NULL)
        return command_detect(line);
    struct config_options options = command_config(line);
    return agent_once(&options, line->dry_run);
}
