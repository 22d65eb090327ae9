/* SPDX-License-Identifier: MIT */
#include "permission.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Below are the users of the system, in the range those that systemd gives to services, and at the
 * end nobody, and what is no user. */
enum {
    PERSON_FIRST = 1000,
    DYNAMIC_FIRST = 61184,
    DYNAMIC_LAST = 65519,
    NOBODY = 65534,
    NONE = 65535
};

void permission_look(const char *path, struct permission *permission)
{
    struct stat status;
    *permission = (struct permission){0};
    if (stat(path, &status) != 0)
        return;
    bool is_folder = S_ISDIR(status.st_mode);
    /* To make a file in a folder takes the right to enter it, too. */
    int write = is_folder ? W_OK | X_OK : W_OK;
    int read = is_folder ? R_OK | X_OK : R_OK;
    *permission = (struct permission){
        .is_there = true,
        .is_folder = is_folder,
        .can_read = faccessat(AT_FDCWD, path, read, AT_EACCESS) == 0,
        .can_write = faccessat(AT_FDCWD, path, write, AT_EACCESS) == 0,
        .group_may_read = (status.st_mode & S_IRGRP) != 0,
        .others_may_read = (status.st_mode & S_IROTH) != 0,
        .others_may_write = (status.st_mode & S_IWOTH) != 0,
        .group_may_write = (status.st_mode & S_IWGRP) != 0,
        .is_shared = is_folder && (status.st_mode & S_ISVTX) != 0,
        .owner = (int64_t)status.st_uid,
    };
}

int64_t permission_user(void)
{
    return (int64_t)geteuid();
}

bool permission_is_person(int64_t user)
{
    return user >= PERSON_FIRST && !(user >= DYNAMIC_FIRST && user <= DYNAMIC_LAST) &&
           user != NOBODY && user != NONE;
}

void permission_user_name(int64_t user, char name[PERMISSION_USER_CAPACITY])
{
    const struct passwd *found = getpwuid((uid_t)user);
    if (found != NULL && found->pw_name[0] != '\0')
        snprintf(name, PERMISSION_USER_CAPACITY, "%s", found->pw_name);
    else
        snprintf(name, PERMISSION_USER_CAPACITY, "%lld", (long long)user);
}
