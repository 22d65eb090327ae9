/* SPDX-License-Identifier: MIT */
/* Where things are on this machine. Every function writes a NUL-terminated path into the caller's
 * buffer of PATH_CAPACITY bytes. */
#ifndef PLATFORM_PATHS_H
#define PLATFORM_PATHS_H

#include "file.h"

/* Folder for the database when db_path is relative: $STATE_DIRECTORY, else
 * $XDG_STATE_HOME/clockblock, else ~/.local/state/clockblock; for root, who looks after the service
 * of the machine, and for who has no home /var/lib/clockblock. */
void paths_state_folder(char path[PATH_CAPACITY]);

/* The index-th place where a clockblock.conf is looked for, best first; false: no more places. */
bool paths_config_candidate(int index, char path[PATH_CAPACITY]);

/* Folder with our plugins: "plugins" beside the program in a build tree, the installed one else. */
void paths_plugin_folder(char path[PATH_CAPACITY]);

/* The name of this machine, UTF-8, or "pc-01" when it has none. */
void paths_host_name(char *name, size_t capacity);

/* Joins a folder and a path, unless the path is absolute. False: too long. */
bool paths_join(char joined[PATH_CAPACITY], const char *folder, const char *path);

/* The part of `path` before its last separator; "." when it has none. */
void paths_parent(char parent[PATH_CAPACITY], const char *path);

#endif
