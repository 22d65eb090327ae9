/* SPDX-License-Identifier: MIT */
/* `clockblock backup FILE`: a consistent copy of the database, also while the agent runs. */
#include "commands.h"
#include "platform/clock.h"
#include "store/store.h"

#include <stdio.h>

int command_backup(const struct command_line *line)
{
    char db_path[PATH_CAPACITY];
    struct clock clock;
    struct error error = {0};
    struct store_reader *reader = NULL;
    if (line->arguments_count != 1) {
        fprintf(stderr, "clockblock backup: name the file that the copy goes into\n");
        return EXIT_CODE_USAGE;
    }
    int code = command_db_path(line, db_path);
    if (code != 0)
        return code;
    clock_init_system(&clock);
    code = store_reader_open(&reader, db_path, &error);
    if (code == 0)
        code = store_backup(reader, line->arguments[0], clock.wall_ms(&clock), &error);
    store_reader_close(reader);
    return code == 0 ? 0 : command_fail(&error);
}
