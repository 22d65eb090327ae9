/* SPDX-License-Identifier: MIT */
#include "users.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Accounts below are the system's, and so are nobody and the one that is no account at all. Numbers
 * above 65535 come from a directory (LDAP, AD): people, as in a lab or a club. */
enum {
    UID_FIRST_PERSON = 1000,
    UID_FIRST_DYNAMIC = 61184, /* systemd gives these to services, for as long as they run */
    UID_LAST_DYNAMIC = 65519,
    UID_NOBODY = 65534,
    UID_NONE = 65535
};

static bool is_person(int64_t uid)
{
    bool is_service = uid >= UID_FIRST_DYNAMIC && uid <= UID_LAST_DYNAMIC;
    return uid >= UID_FIRST_PERSON && !is_service && uid != UID_NOBODY && uid != UID_NONE;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 10;
}

static bool find_one(const char *name, int64_t *uid)
{
    char buffer[16 * 1024];
    struct passwd entry;
    struct passwd *found = NULL;
    if (is_number(name)) {
        *uid = strtoll(name, NULL, 10);
        return true;
    }
    if (getpwnam_r(name, &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL)
        return false;
    *uid = (int64_t)found->pw_uid;
    return true;
}

void users_default(struct users *users, int64_t own)
{
    *users = (struct users){.uids = {own}, .count = 1};
    users->people = users->others_too = !is_person(own);
}

bool users_find(struct users *users, const clb_setting *setting, clb_error *error)
{
    int64_t own = (int64_t)geteuid();
    memset(users, 0, sizeof(*users));
    if (setting == NULL || setting->count == 0) {
        users_default(users, own);
        return true;
    }
    if (setting->count > USERS_MAX) {
        snprintf(error->text, sizeof(error->text), "users: more than %d of them", (int)USERS_MAX);
        return false;
    }
    for (uint32_t i = 0; i < setting->count; i++) {
        int64_t *uid = &users->uids[users->count++];
        if (!find_one(setting->items[i], uid)) {
            snprintf(error->text, sizeof(error->text), "users: there is no user \"%.100s\"",
                     setting->items[i]);
            return false;
        }
        users->others_too = users->others_too || *uid != own;
    }
    return true;
}

bool users_count(const struct users *users, int64_t uid)
{
    for (int i = 0; i < users->count; i++)
        if (users->uids[i] == uid)
            return true;
    return users->people && is_person(uid);
}
