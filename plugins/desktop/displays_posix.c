/* SPDX-License-Identifier: MIT */
#include "displays.h"

#include "people.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCKETS_MAX = 64 };

struct socket {
    int number;
    int64_t owner;
};

/* Grows up to DISPLAYS_MAX. */
struct list {
    struct desktop_display *displays;
    int count;
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *x11_root(const struct desktop_settings *settings)
{
    return settings->x11_root != NULL ? settings->x11_root : "/tmp/.X11-unix";
}

/* The number of a name like "X12"; -1: it is another name. */
static int number_of(const char *digits)
{
    size_t length = strspn(digits, "0123456789");
    if (length == 0 || length > 5 || digits[length] != '\0')
        return -1;
    return (int)strtol(digits, NULL, 10);
}

bool displays_x11_socket(const struct desktop_settings *settings, const char *name,
                         char path[DISPLAYS_NAME], int *number)
{
    char digits[16];
    const char *colon = strchr(name, ':');
    if (colon == NULL || (colon != name && strncmp(name, "unix:", 5) != 0))
        return false;
    snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(colon + 1, "."), colon + 1);
    *number = number_of(digits);
    return *number >= 0 &&
           snprintf(path, DISPLAYS_NAME, "%s/X%d", x11_root(settings), *number) < DISPLAYS_NAME;
}

static int compare(const void *a, const void *b)
{
    const struct socket *left = a;
    const struct socket *right = b;
    return left->number - right->number;
}

/* Those of X servers, by their numbers. */
static int list_sockets(const char *root, struct socket sockets[SOCKETS_MAX])
{
    const struct dirent *entry;
    struct stat status;
    int count = 0;
    DIR *folder = opendir(root);
    if (folder == NULL)
        return 0;
    while (count < SOCKETS_MAX && (entry = readdir(folder)) != NULL) {
        int number = entry->d_name[0] == 'X' ? number_of(entry->d_name + 1) : -1;
        if (number >= 0 &&
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISSOCK(status.st_mode))
            sockets[count++] = (struct socket){number, (int64_t)status.st_uid};
    }
    closedir(folder);
    qsort(sockets, (size_t)count, sizeof(sockets[0]), compare);
    return count;
}

static void add(struct list *list, const char *name, int64_t uid)
{
    size_t length = strlen(name);
    if (list->count == DISPLAYS_MAX || length >= DISPLAYS_NAME)
        return;
    struct desktop_display *display = &list->displays[list->count++];
    *display = (struct desktop_display){.uid = uid};
    memcpy(display->name, name, length);
}

/* People's own servers first. Those that root runs for a login are of whoever has a key to them. */
static void add_found(struct list *list, const struct desktop_settings *settings, int wanted)
{
    struct socket sockets[SOCKETS_MAX];
    int64_t uids[PEOPLE_MAX];
    char name[16];
    int people = people_here(settings->run_root, uids);
    int count = list_sockets(x11_root(settings), sockets);
    for (int roots = 0; roots < 2; roots++)
        for (int i = 0; i < people; i++)
            for (int at = 0; at < count; at++) {
                if (sockets[at].owner != (roots ? 0 : uids[i]) || (roots && uids[i] == 0) ||
                    (wanted >= 0 && sockets[at].number != wanted))
                    continue;
                snprintf(name, sizeof(name), ":%d", sockets[at].number);
                add(list, name, uids[i]);
                list->displays[list->count - 1].needs_key = roots;
            }
}

int displays_x11(const struct desktop_settings *settings, struct desktop_display *displays)
{
    struct list list = {displays, 0};
    const char *name = settings->x11_display;
    const char *authority = environment("XAUTHORITY");
    char path[DISPLAYS_NAME];
    int number = -1;
    if (name == NULL)
        name = environment("DISPLAY");
    if (name == NULL) {
        add_found(&list, settings, -1);
        return list.count;
    }
    add(&list, name, (int64_t)geteuid());
    if (authority != NULL)
        snprintf(displays[0].authority, DISPLAYS_NAME, "%s", authority);
    /* A service that is told of a display still needs the key of its owner. */
    if (geteuid() == 0 && displays_x11_socket(settings, name, path, &number))
        add_found(&list, settings, number);
    return list.count;
}

/* ---- Wayland ---- */

static bool is_socket_of(const char *path, int64_t uid)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode) && (int64_t)status.st_uid == uid;
}

static int compare_names(const void *a, const void *b)
{
    const struct desktop_display *left = a;
    const struct desktop_display *right = b;
    return strcmp(left->name, right->name);
}

/* In the folder of a user: the socket that is called so, or all with the usual names; a compositor
 * that runs in a window of another has a higher number. */
static void add_of_user(struct list *list, const char *run_root, int64_t uid, const char *wanted)
{
    static const char usual[] = "wayland-";
    char folder_path[DISPLAYS_NAME];
    char path[2 * DISPLAYS_NAME];
    const struct dirent *entry;
    int begin = list->count;
    snprintf(folder_path, sizeof(folder_path), "%s/user/%lld", run_root, (long long)uid);
    DIR *folder = opendir(folder_path);
    if (folder == NULL)
        return;
    while (list->count < DISPLAYS_MAX && (entry = readdir(folder)) != NULL) {
        bool is_it = wanted != NULL ? strcmp(entry->d_name, wanted) == 0
                                    : strncmp(entry->d_name, usual, sizeof(usual) - 1) == 0;
        int length = snprintf(path, sizeof(path), "%s/%s", folder_path, entry->d_name);
        if (is_it && length < DISPLAYS_NAME && is_socket_of(path, uid))
            add(list, path, uid);
    }
    closedir(folder);
    qsort(list->displays + begin, (size_t)(list->count - begin), sizeof(list->displays[0]),
          compare_names);
}

/* A name without a folder is one below XDG_RUNTIME_DIR, as the library has it. */
static void add_given(struct list *list, const char *name)
{
    char path[2 * DISPLAYS_NAME];
    const char *folder = environment("XDG_RUNTIME_DIR");
    if (name[0] == '/')
        snprintf(path, sizeof(path), "%s", name);
    else if (folder != NULL)
        snprintf(path, sizeof(path), "%s/%s", folder, name);
    else
        return;
    if (strlen(path) < DISPLAYS_NAME)
        add(list, path, (int64_t)geteuid());
}

int displays_wayland(const struct desktop_settings *settings, struct desktop_display *displays)
{
    struct list list = {displays, 0};
    int64_t uids[PEOPLE_MAX];
    const char *given = settings->wayland_display;
    if (given == NULL)
        given = environment("WAYLAND_DISPLAY");
    if (given != NULL)
        add_given(&list, given);
    if (given != NULL && (given[0] == '/' || environment("XDG_RUNTIME_DIR") != NULL))
        return list.count;
    int people = people_here(settings->run_root, uids);
    for (int i = 0; i < people; i++)
        add_of_user(&list, settings->run_root, uids[i], given);
    return list.count;
}
