/* SPDX-License-Identifier: MIT */
/* Files that belong to whoever owns the folder they are made in. When root looks after the account
 * of the service, or of a user, these have to be able to go on with what it left. */
#ifndef PLATFORM_OWNED_POSIX_H
#define PLATFORM_OWNED_POSIX_H

#include <stdbool.h>

/* open() with these flags, for a file that is made with mode 0600 when it is not there. Root
 * follows no link in a folder of another user. Safe in a signal handler. */
int owned_open(const char *path, int flags);

/* mkdir() with mode 0700; it is no error when it is there. False: errno says why. */
bool owned_make_folder(const char *path);

#endif
