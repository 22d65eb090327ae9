/* SPDX-License-Identifier: MIT */
#include "people.h"

#include "seats.h"

#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Accounts below are the system's, and so are nobody and the one that is no account at all. */
enum {
    UID_FIRST_PERSON = 1000,
    UID_FIRST_DYNAMIC = 61184, /* systemd gives these to services, for as long as they run */
    UID_LAST_DYNAMIC = 65519,
    UID_NOBODY = 65534,
    UID_NONE = 65535
};

bool people_has(int64_t uid)
{
    bool is_service = uid >= UID_FIRST_DYNAMIC && uid <= UID_LAST_DYNAMIC;
    return uid >= UID_FIRST_PERSON && !is_service && uid != UID_NOBODY && uid != UID_NONE;
}

static int list_logged_in(const char *run_root, int64_t uids[PEOPLE_MAX])
{
    char path[512];
    const struct dirent *entry;
    int count = 0;
    snprintf(path, sizeof(path), "%s/user", run_root);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return 0;
    while (count < PEOPLE_MAX && (entry = readdir(folder)) != NULL) {
        char *end;
        int64_t uid = strtoll(entry->d_name, &end, 10);
        if (*end == '\0' && people_has(uid))
            uids[count++] = uid;
    }
    closedir(folder);
    return count;
}

static bool is_among(int64_t uid, const int64_t *uids, int count)
{
    for (int i = 0; i < count; i++)
        if (uids[i] == uid)
            return true;
    return false;
}

/* Who came from afar is at no seat, and here. */
static int find_agent(const struct seats *seats, int64_t uids[PEOPLE_MAX])
{
    uids[0] = (int64_t)geteuid();
    for (int i = 0; i < seats->count; i++)
        if (seats->seats[i].uid == uids[0])
            return 1;
    return seats->has_agent ? 0 : 1;
}

int people_here(const char *run_root, int64_t uids[PEOPLE_MAX])
{
    struct seats seats;
    int64_t logged_in[PEOPLE_MAX];
    int count = 0;
    seats_read(run_root, &seats);
    if (geteuid() != 0)
        return find_agent(&seats, uids);
    int logged_in_count = list_logged_in(run_root, logged_in);
    if (seats.count == 0) {
        memcpy(uids, logged_in, sizeof(logged_in));
        return logged_in_count;
    }
    for (int i = 0; i < seats.count; i++)
        if (is_among(seats.seats[i].uid, logged_in, logged_in_count) &&
            !is_among(seats.seats[i].uid, uids, count))
            uids[count++] = seats.seats[i].uid;
    return count;
}

int people_display(const char *run_root, int64_t uid)
{
    struct seats seats;
    seats_read(run_root, &seats);
    for (int i = 0; i < seats.count; i++)
        if (seats.seats[i].uid == uid)
            return seats.seats[i].display;
    return -1;
}

bool people_home(int64_t uid, char *path, size_t capacity)
{
    char buffer[16 * 1024];
    struct passwd entry;
    struct passwd *found = NULL;
    const char *home = uid == (int64_t)geteuid() ? getenv("HOME") : NULL;
    if (home == NULL && getpwuid_r((uid_t)uid, &entry, buffer, sizeof(buffer), &found) == 0 &&
        found != NULL)
        home = found->pw_dir;
    return home != NULL && home[0] == '/' && snprintf(path, capacity, "%s", home) < (int)capacity;
}
