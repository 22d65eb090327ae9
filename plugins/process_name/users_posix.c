/* SPDX-License-Identifier: MIT */
#include "users.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int find_one(const char *name, int64_t *uid)
{
    char *end;
    long long number = strtoll(name, &end, 10);
    if (end != name && *end == '\0' && number >= 0) {
        *uid = number;
        return 0;
    }
    char buffer[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL)
        return -1;
    *uid = (int64_t)found->pw_uid;
    return 0;
}

int users_find(const clb_setting *setting, int64_t users[USERS_MAX], clb_error *error)
{
    if (setting == NULL || setting->count == 0) {
        users[0] = (int64_t)geteuid();
        return users[0] == 0 ? 0 : 1;
    }
    for (uint32_t i = 0; i < setting->count; i++) {
        if (i == USERS_MAX || find_one(setting->items[i], &users[i]) != 0) {
            snprintf(error->text, sizeof(error->text), "users: there is no user \"%.100s\"",
                     setting->items[i]);
            return -1;
        }
    }
    return (int)setting->count;
}
