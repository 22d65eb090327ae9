/* SPDX-License-Identifier: MIT */
/* `clockblock plugins check FILE`: does a plugin keep the contract? */
#include "check/check.h"
#include "commands.h"
#include "platform/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool read_seed(const char *text, uint32_t *seed)
{
    char *end;
    if (text == NULL) {
        process_random(seed, sizeof(*seed));
        return true;
    }
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *seed = (uint32_t)value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value <= UINT32_MAX;
}

static int unknown_check(const char *name, const char *nearest)
{
    fprintf(stderr, "clockblock plugins check: there is no check \"%s\"%s%s%s\n", name,
            nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
            nearest != NULL ? "\"?)" : "");
    return EXIT_CODE_USAGE;
}

int command_plugins_check(const struct command_line *line)
{
    const char *nearest = NULL;
    struct check_options options = {.file = line->arguments_count == 2 ? line->arguments[1] : NULL,
                                    .only = line->only,
                                    .sets = line->sets,
                                    .json = line->json};
    if (options.file == NULL) {
        fprintf(stderr, "clockblock plugins check: which file? clockblock plugins check FILE\n");
        return EXIT_CODE_USAGE;
    }
    if (!read_seed(line->seed, &options.seed)) {
        fprintf(stderr, "clockblock plugins check: --seed %s: expected a number from 0 to %u\n",
                line->seed, UINT32_MAX);
        return EXIT_CODE_USAGE;
    }
    if (options.only != NULL && !check_is_known(options.only, &nearest))
        return unknown_check(options.only, nearest);
    if (line->in_child && options.only != NULL)
        return check_run_in_child(&options);
    return check_run(&options);
}
