/* SPDX-License-Identifier: MIT */
#include "seats.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOTE_BYTES = 4096, VALUE_BYTES = 64 };

/* A file of lines "KEY=value"; empty when there is none. */
struct note {
    char text[NOTE_BYTES]; /* begins with a line end */
};

static void read_note(const char *run_root, const char *kind, const char *name, struct note *note)
{
    char path[512];
    ssize_t got = -1;
    snprintf(path, sizeof(path), "%s/systemd/%s/%s", run_root, kind, name);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file >= 0) {
        got = read(file, note->text + 1, NOTE_BYTES - 2);
        close(file);
    }
    note->text[0] = '\n';
    note->text[got > 0 ? got + 1 : 1] = '\0';
}

/* Where the value of "KEY=" begins. NULL: there is none. */
static const char *find(const struct note *note, const char *key)
{
    char wanted[32];
    snprintf(wanted, sizeof(wanted), "\n%s", key);
    const char *found = strstr(note->text, wanted);
    return found != NULL ? found + strlen(wanted) : NULL;
}

/* False: there is none, or no name of a file. */
static bool get_name(const struct note *note, const char *key, char name[VALUE_BYTES])
{
    const char *value = find(note, key);
    size_t length = value != NULL ? strcspn(value, "\n/") : 0;
    snprintf(name, VALUE_BYTES, "%.*s", (int)length, value != NULL ? value : "");
    return length > 0 && length < VALUE_BYTES && value[length] != '/' && name[0] != '.';
}

static bool begins(const char *text, const char *with)
{
    return text != NULL && strncmp(text, with, strlen(with)) == 0;
}

static bool is_desktop(const struct note *session)
{
    const char *type = find(session, "TYPE=");
    return begins(type, "x11\n") || begins(type, "wayland\n");
}

/* A console, while the desktop of the same user is behind it. One that started his desktop from a
 * console is in front of both. */
static bool is_before_desktop(const char *run_root, int64_t uid, const struct note *session)
{
    struct note note;
    char name[VALUE_BYTES];
    if (!begins(find(session, "TYPE="), "tty\n"))
        return false;
    snprintf(name, sizeof(name), "%lld", (long long)uid);
    read_note(run_root, "users", name, &note);
    if (!get_name(&note, "DISPLAY=", name))
        return false;
    read_note(run_root, "sessions", name, &note);
    return is_desktop(&note) && find(&note, "SEAT=") != NULL;
}

/* Of ":0" or ":0.0". */
static int display_of(const struct note *session)
{
    const char *display = find(session, "DISPLAY=:");
    size_t digits = display != NULL ? strspn(display, "0123456789") : 0;
    return digits > 0 && digits <= 5 ? (int)strtol(display, NULL, 10) : -1;
}

/* Some greeters are run by accounts with numbers like those of people. */
static struct seat read_seat(const char *run_root, const struct note *note)
{
    struct note session;
    char name[VALUE_BYTES];
    const char *uid = find(note, "ACTIVE_UID=");
    struct seat seat = {.uid = uid != NULL ? strtoll(uid, NULL, 10) : -1, .display = -1};
    if (!get_name(note, "ACTIVE=", name))
        return seat;
    read_note(run_root, "sessions", name, &session);
    const char *class = find(&session, "CLASS=");
    if ((class != NULL && !begins(class, "user")) ||
        is_before_desktop(run_root, seat.uid, &session))
        seat.uid = -1;
    else
        seat.display = display_of(&session);
    return seat;
}

static bool is_listed(const struct note *note, int64_t uid)
{
    const char *at = find(note, "UIDS=");
    char *end = NULL;
    for (; at != NULL && *at != '\n'; at = end) {
        if (strtoll(at, &end, 10) == uid && end != at)
            return true;
        if (end == at || (*end != ' ' && *end != '\n'))
            break;
    }
    return false;
}

static void add_seat(struct seats *seats, const char *run_root, const char *name)
{
    struct note note;
    read_note(run_root, "seats", name, &note);
    if (seats->count == SEATS_MAX ||
        (find(&note, "ACTIVE_UID=") == NULL && find(&note, "SESSIONS=") == NULL))
        return;
    seats->has_agent = seats->has_agent || is_listed(&note, (int64_t)geteuid());
    struct seat *seat = &seats->seats[seats->count++];
    *seat = read_seat(run_root, &note);
    if (strcmp(name, "seat0") == 0) {
        struct seat first = *seat;
        *seat = seats->seats[0];
        seats->seats[0] = first;
    }
}

void seats_read(const char *run_root, struct seats *seats)
{
    char path[512];
    const struct dirent *entry;
    *seats = (struct seats){.count = 0};
    snprintf(path, sizeof(path), "%s/systemd/seats", run_root);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            add_seat(seats, run_root, entry->d_name);
    closedir(folder);
}
