/* SPDX-License-Identifier: MIT */
/* Files that belong to whoever owns the folder they are made in: root may run the agent once on
 * what belongs to a service or a user, and these have to be able to go on with it. */
#ifndef FILE_OWNED_POSIX_H
#define FILE_OWNED_POSIX_H

/* open() with these flags, for a file that is made with mode 0600 when it is not there. */
int owned_open(const char *path, int flags);

#endif
