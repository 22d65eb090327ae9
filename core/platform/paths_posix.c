/* SPDX-License-Identifier: MIT */
#include "paths.h"

#include "clockblock_paths.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool paths_join(char joined[PATH_CAPACITY], const char *folder, const char *path)
{
    int length = path[0] == '/' ? snprintf(joined, PATH_CAPACITY, "%s", path)
                                : snprintf(joined, PATH_CAPACITY, "%s/%s", folder, path);
    return length < PATH_CAPACITY;
}

void paths_parent(char parent[PATH_CAPACITY], const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(parent, PATH_CAPACITY, ".");
    else if (slash == path)
        snprintf(parent, PATH_CAPACITY, "/");
    else
        snprintf(parent, PATH_CAPACITY, "%.*s", (int)(slash - path), path);
}

void paths_state_folder(char path[PATH_CAPACITY])
{
    const char *given = environment("STATE_DIRECTORY");
    const char *xdg = environment("XDG_STATE_HOME");
    const char *home = environment("HOME");
    if (given != NULL) /* of several, separated by colons, the first */
        snprintf(path, PATH_CAPACITY, "%.*s", (int)strcspn(given, ":"), given);
    else if (xdg != NULL && xdg[0] == '/')
        snprintf(path, PATH_CAPACITY, "%s/clockblock", xdg);
    else if (geteuid() != 0 && home != NULL && home[0] == '/')
        snprintf(path, PATH_CAPACITY, "%s/.local/state/clockblock", home);
    else
        snprintf(path, PATH_CAPACITY, "/var/lib/clockblock"); /* where root meets the service */
}

bool paths_config_candidate(int index, char path[PATH_CAPACITY])
{
    const char *xdg = environment("XDG_CONFIG_HOME");
    const char *home = environment("HOME");
    switch (index) {
    case 0:
        if (xdg != NULL && xdg[0] == '/')
            snprintf(path, PATH_CAPACITY, "%s/clockblock/clockblock.conf", xdg);
        else
            snprintf(path, PATH_CAPACITY, "%s/.config/clockblock/clockblock.conf",
                     home != NULL ? home : "");
        return true;
    case 1:
        snprintf(path, PATH_CAPACITY, "%s/clockblock/clockblock.conf", CLOCKBLOCK_SYSCONFDIR);
        return true;
    default:
        return false;
    }
}

static void program_folder(char folder[PATH_CAPACITY])
{
    char program[PATH_CAPACITY];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[length > 0 ? length : 0] = '\0';
    paths_parent(folder, program);
}

void paths_plugin_folder(char path[PATH_CAPACITY])
{
    char folder[PATH_CAPACITY];
    program_folder(folder);
    if (paths_join(path, folder, "plugins") && file_exists(path))
        return;
    /* Relative to the program, so that an installed tree may be moved as a whole. */
    if (!paths_join(path, folder, CLOCKBLOCK_PLUGINS_FROM_BINDIR))
        snprintf(path, PATH_CAPACITY, "%s", CLOCKBLOCK_PLUGINDIR);
}

void paths_host_name(char *name, size_t capacity)
{
    assert(capacity > 0);
    if (gethostname(name, capacity) != 0 || name[0] == '\0')
        snprintf(name, capacity, "pc-01");
    name[capacity - 1] = '\0';
}
