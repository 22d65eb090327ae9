/* SPDX-License-Identifier: MIT */
/* clb_sim SCENARIO [DATABASE]: plays a scenario file; the database is left at that path, or else
 * made in a folder of its own and removed. 0: every expectation was met. See README.md. */
#include "folder.h"
#include "platform/file.h"
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>

enum { SCENARIO_MAX_BYTES = 1024 * 1024 };

static int play_file(const char *file, const char *database)
{
    char *text = NULL;
    size_t length = 0;
    struct error error = {0};
    struct sim sim;
    if (file_read(file, SCENARIO_MAX_BYTES, &text, &length, &error) != 0) {
        fprintf(stderr, "clb_sim: %s\n", error.text);
        return 2;
    }
    sim_init(&sim, database);
    int failures = scenario_play(&sim, file, text);
    sim_finish(&sim);
    free(text);
    return failures == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char folder[FOLDER_CAPACITY];
    char database[FOLDER_CAPACITY + 16];
    if (argc == 3)
        return play_file(argv[1], argv[2]);
    if (argc != 2) {
        fprintf(stderr, "usage: clb_sim SCENARIO [DATABASE]\n");
        return 2;
    }
    if (!folder_make(folder, database))
        return 2;
    int code = play_file(argv[1], database);
    folder_remove(folder);
    return code;
}
