/* SPDX-License-Identifier: MIT */
/* Whose processes count. */
#ifndef PROCESS_NAME_USERS_H
#define PROCESS_NAME_USERS_H

#include <clockblock/plugin.h>
#include <stdbool.h>

enum { USERS_MAX = 64 };

struct users {
    int64_t uids[USERS_MAX];
    int count;
    bool people;     /* all who are not system accounts as well */
    bool others_too; /* others than the user of this process */
};

/* Whose processes count without the option "users": those of `own`, the user of this process. Root
 * and the users of services play nothing themselves: with them, those of all people. */
void users_default(struct users *users, int64_t own);

/* The option "users", or users_default(). False and a sentence when a name is not known. */
bool users_find(struct users *users, const clb_setting *setting, clb_error *error);

bool users_count(const struct users *users, int64_t uid);

#endif
