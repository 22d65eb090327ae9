/* SPDX-License-Identifier: MIT */
/* Whose desktops an agent looks at: its own user's, and as root those of people who are logged in.
 */
#ifndef DESKTOP_PEOPLE_H
#define DESKTOP_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEOPLE_MAX = 16 };

/* Whether that is the number of a person, and not of root or another account of the system's. */
bool people_has(int64_t uid);

/* Their numbers. Where logind knows who is in front of the screens, these alone: others, who did
 * not log out, do not use theirs; and it may be nobody. Returns how many. */
int people_here(const char *run_root, int64_t uids[PEOPLE_MAX]);

/* The number of the X server of the desktop with which this one is in front of a screen. -1: logind
 * was not told of one. */
int people_display(const char *run_root, int64_t uid);

/* False: it is not known where that is. */
bool people_home(int64_t uid, char *path, size_t capacity);

#endif
