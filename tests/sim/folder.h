/* SPDX-License-Identifier: MIT */
/* A folder for databases that nobody needs afterwards. */
#ifndef SIM_FOLDER_H
#define SIM_FOLDER_H

#include <stdbool.h>

enum { FOLDER_CAPACITY = 256 };

/* Below TMPDIR, or else /tmp. `database` is a path in it. */
bool folder_make(char folder[FOLDER_CAPACITY], char database[FOLDER_CAPACITY + 16]);
void folder_empty(const char *folder);  /* of its files */
void folder_remove(const char *folder); /* with them */

#endif
