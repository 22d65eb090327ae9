/* SPDX-License-Identifier: MIT */
/* Whose processes count. */
#ifndef PROCESS_NAME_USERS_H
#define PROCESS_NAME_USERS_H

#include <clockblock/plugin.h>

enum { USERS_MAX = 64 };

/* The uids of the option "users"; without it, the user of this process, or none (0 of them:
 * everybody) when that is root. -1 and a sentence when a name is not known. */
int users_find(const clb_setting *setting, int64_t users[USERS_MAX], clb_error *error);

#endif
