/* SPDX-License-Identifier: MIT */
/* Who owns a file, and who may do what with it. */
#ifndef PLATFORM_PERMISSION_H
#define PLATFORM_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PERMISSION_USER_CAPACITY = 256 };

struct permission {
    bool is_there;
    bool is_folder;
    bool can_read; /* this process; of a folder: can list it */
    bool can_write;
    bool group_may_read;
    bool others_may_read; /* everybody */
    bool others_may_write;
    bool group_may_write;
    bool is_shared; /* a folder in which everybody has files of his own, such as /tmp */
    int64_t owner;  /* the number of the user */
};

/* What lies at a path: a link counts as what it leads to. */
void permission_look(const char *path, struct permission *permission);

/* The number of the user of this process; 0 is root, who may do everything. */
int64_t permission_user(void);

/* Root and other users of the system are none. */
bool permission_is_person(int64_t user);

/* The name of a user, or his number where he has none. */
void permission_user_name(int64_t user, char name[PERMISSION_USER_CAPACITY]);

#endif
