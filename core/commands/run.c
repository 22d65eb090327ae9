/* SPDX-License-Identifier: MIT */
#include "agent.h"
#include "commands.h"

int command_run(const struct command_line *line)
{
    if (line->once || line->dry_run)
        return command_once(line);
    struct config_options options = command_config(line);
    return agent_run(&options);
}
