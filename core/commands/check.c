/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <stdio.h>

int command_check(const struct command_line *line)
{
    struct plan plan;
    int result = command_plan(line, &plan);
    if (result != 0)
        return result;
    printf("%s: fine\n", plan.config->file);
    plan_finish(&plan);
    return 0;
}
