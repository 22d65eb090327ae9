/* SPDX-License-Identifier: MIT */
#include "folder.h"

#include "platform/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool folder_make(char folder[FOLDER_CAPACITY], char database[FOLDER_CAPACITY + 16])
{
    const char *base = getenv("TMPDIR");
    int written = snprintf(folder, FOLDER_CAPACITY, "%s/clb_sim-XXXXXX", base ? base : "/tmp");
    if (written >= FOLDER_CAPACITY || mkdtemp(folder) == NULL) {
        perror(folder);
        return false;
    }
    snprintf(database, FOLDER_CAPACITY + 16, "%s/sim.db", folder);
    return true;
}

static bool remove_entry(const char *name, void *context)
{
    char path[PATH_CAPACITY];
    snprintf(path, sizeof(path), "%s/%s", (const char *)context, name);
    (void)unlink(path);
    return true;
}

void folder_empty(const char *folder)
{
    char path[FOLDER_CAPACITY];
    snprintf(path, sizeof(path), "%s", folder);
    file_list(folder, remove_entry, path);
}

void folder_remove(const char *folder)
{
    folder_empty(folder);
    (void)rmdir(folder);
}
