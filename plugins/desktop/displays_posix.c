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

/* That of the agent's own session tells nothing while somebody else's is in front. Root has none.
 */
static const char *of_session(const struct desktop_settings *settings, const char *name)
{
    int64_t uids[PEOPLE_MAX];
    return geteuid() == 0 || people_here(settings->run_root, uids) > 0 ? environment(name) : NULL;
}

static const char *x11_root(const struct desktop_settings *settings)
{
    return settings->x11_root != NULL ? settings->x11_root : DISPLAYS_X11_ROOT;
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

/* By their numbers; of too many, the lowest. */
static void insert(struct socket sockets[SOCKETS_MAX], int *count, struct socket socket)
{
    int at = *count;
    if (*count < SOCKETS_MAX)
        (*count)++;
    else if (sockets[--at].number < socket.number)
        return;
    for (; at > 0 && sockets[at - 1].number > socket.number; at--)
        sockets[at] = sockets[at - 1];
    sockets[at] = socket;
}

/* Those of X servers that this user may look at: who else opens some does not push any out. */
static int list_sockets(const char *root, int64_t uid, struct socket sockets[SOCKETS_MAX])
{
    const struct dirent *entry;
    struct stat status;
    int count = 0;
    DIR *folder = opendir(root);
    if (folder == NULL)
        return 0;
    while ((entry = readdir(folder)) != NULL) {
        int number = entry->d_name[0] == 'X' ? number_of(entry->d_name + 1) : -1;
        if (number >= 0 &&
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISSOCK(status.st_mode) && (status.st_uid == 0 || (int64_t)status.st_uid == uid))
            insert(sockets, &count, (struct socket){number, (int64_t)status.st_uid});
    }
    closedir(folder);
    return count;
}

/* NULL: it does not fit. */
static struct desktop_display *add(struct list *list, const char *name, int64_t uid)
{
    size_t length = strlen(name);
    if (list->count == DISPLAYS_MAX || length >= DISPLAYS_NAME)
        return NULL;
    struct desktop_display *display = &list->displays[list->count++];
    *display = (struct desktop_display){.uid = uid, .server_uid = -1};
    memcpy(display->name, name, length);
    return display;
}

/* The server of a login is there before others that the user runs beside, without a screen, which
 * take higher numbers. Those that root runs for logins are of whoever has a key to them. */
static void add_of_person(struct list *list, const struct desktop_settings *settings, int64_t uid,
                          int wanted, int most)
{
    struct socket sockets[SOCKETS_MAX];
    char name[16];
    int count = list_sockets(x11_root(settings), uid, sockets);
    int end = list->count + most;
    for (int at = 0; at < count && list->count < end; at++) {
        if (wanted >= 0 && sockets[at].number != wanted)
            continue;
        snprintf(name, sizeof(name), ":%d", sockets[at].number);
        struct desktop_display *display = add(list, name, uid);
        if (display != NULL) {
            display->server_uid = sockets[at].owner;
            display->needs_key = sockets[at].owner == 0;
        }
    }
}

/* Each person has a share, so that nobody pushes the others out. */
static void add_found(struct list *list, const struct desktop_settings *settings, int wanted)
{
    int64_t uids[PEOPLE_MAX];
    int people = people_here(settings->run_root, uids);
    int share = people < DISPLAYS_MAX ? DISPLAYS_MAX / (people > 0 ? people : 1) : 1;
    for (int i = 0; i < people; i++)
        add_of_person(list, settings, uids[i],
                      wanted >= 0 ? wanted : people_display(settings->run_root, uids[i]), share);
}

int displays_x11(const struct desktop_settings *settings, struct desktop_display *displays)
{
    struct list list = {displays, 0};
    const char *name = settings->x11_display;
    const char *authority = environment("XAUTHORITY");
    char path[DISPLAYS_NAME];
    int number = -1;
    if (name == NULL)
        name = of_session(settings, "DISPLAY");
    if (name == NULL) {
        add_found(&list, settings, -1);
        return list.count;
    }
    if (add(&list, name, (int64_t)geteuid()) != NULL && authority != NULL)
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
            add(list, path, uid)->server_uid = uid;
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
        given = of_session(settings, "WAYLAND_DISPLAY");
    if (given != NULL)
        add_given(&list, given);
    if (given != NULL && (given[0] == '/' || environment("XDG_RUNTIME_DIR") != NULL))
        return list.count;
    int people = people_here(settings->run_root, uids);
    for (int i = 0; i < people; i++)
        add_of_user(&list, settings->run_root, uids[i], given);
    return list.count;
}
