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

/* logind's note of who has the seat. -1: it has none. */
static int64_t active_uid(const char *run_root)
{
    static const char key[] = "\nACTIVE_UID=";
    char path[512];
    char text[2048] = "\n";
    snprintf(path, sizeof(path), "%s/systemd/seats/seat0", run_root);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return -1;
    ssize_t got = read(file, text + 1, sizeof(text) - 2);
    close(file);
    text[got > 0 ? got + 1 : 1] = '\0';
    const char *found = strstr(text, key);
    return found != NULL ? strtoll(found + sizeof(key) - 1, NULL, 10) : -1;
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

int people_here(const char *run_root, int64_t uids[PEOPLE_MAX])
{
    uids[0] = (int64_t)geteuid();
    if (uids[0] != 0)
        return 1;
    int count = list_logged_in(run_root, uids);
    int64_t active = active_uid(run_root);
    for (int i = 1; i < count; i++)
        if (uids[i] == active) {
            uids[i] = uids[0];
            uids[0] = active;
        }
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
