/* SPDX-License-Identifier: MIT */
#include "people.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Accounts below are the system's, and so are nobody and the one that is no account at all. */
enum { UID_FIRST_PERSON = 1000, UID_NOBODY = 65534, UID_NONE = 65535 };

static bool is_person(int64_t uid)
{
    return uid >= UID_FIRST_PERSON && uid != UID_NOBODY && uid != UID_NONE;
}

/* ---- Seats: logind notes of each who is in front of it ---- */

struct seats {
    int64_t uids[PEOPLE_MAX]; /* in front of seat0 first */
    int count;                /* 0: nobody is known to be in front of any */
};

/* -1: nobody, or it is not known. */
static int64_t active_uid(int folder, const char *name)
{
    static const char key[] = "\nACTIVE_UID=";
    char text[2048] = "\n";
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return -1;
    ssize_t got = read(file, text + 1, sizeof(text) - 2);
    close(file);
    text[got > 0 ? got + 1 : 1] = '\0';
    const char *found = strstr(text, key);
    return found != NULL ? strtoll(found + sizeof(key) - 1, NULL, 10) : -1;
}

static void add_seat(struct seats *seats, int folder, const char *name)
{
    int64_t uid = active_uid(folder, name);
    if (uid < 0 || seats->count == PEOPLE_MAX)
        return;
    seats->uids[seats->count++] = uid;
    if (strcmp(name, "seat0") == 0) {
        seats->uids[seats->count - 1] = seats->uids[0];
        seats->uids[0] = uid;
    }
}

static void read_seats(const char *run_root, struct seats *seats)
{
    char path[512];
    const struct dirent *entry;
    seats->count = 0;
    snprintf(path, sizeof(path), "%s/systemd/seats", run_root);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            add_seat(seats, dirfd(folder), entry->d_name);
    closedir(folder);
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
        if (*end == '\0' && is_person(uid))
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

int people_here(const char *run_root, int64_t uids[PEOPLE_MAX])
{
    struct seats seats;
    int64_t logged_in[PEOPLE_MAX];
    uids[0] = (int64_t)geteuid();
    if (uids[0] != 0)
        return 1;
    int count = 0;
    int logged_in_count = list_logged_in(run_root, logged_in);
    read_seats(run_root, &seats);
    if (seats.count == 0) {
        memcpy(uids, logged_in, sizeof(logged_in));
        return logged_in_count;
    }
    for (int i = 0; i < seats.count; i++)
        if (is_among(seats.uids[i], logged_in, logged_in_count) &&
            !is_among(seats.uids[i], uids, count))
            uids[count++] = seats.uids[i];
    return count;
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
