/* SPDX-License-Identifier: MIT */
#include "steam.h"

#include "vdf.h"

#include <stdio.h>
#include <string.h>

/* Games that others made are numbered with 32 bits; there is room for more. */
enum { DIGITS_MAX = 18 };

/* Reads a number that begins here; returns what stands behind it, or NULL when there is none. */
static const char *read_number(const char *text, int64_t *number)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > DIGITS_MAX)
        return NULL;
    *number = 0;
    for (size_t i = 0; i < digits; i++)
        *number = *number * 10 + (text[i] - '0');
    return text + digits;
}

/* The app, when a part of a cgroup's path begins here and is a scope of one. */
static int64_t scope_at(const char *part)
{
    static const char start[] = "app-steam-app";
    static const char end[] = ".scope";
    int64_t app;
    int64_t pid;
    if (strncmp(part, start, sizeof(start) - 1) != 0)
        return 0;
    const char *rest = read_number(part + sizeof(start) - 1, &app);
    if (rest == NULL || *rest != '-')
        return 0;
    rest = read_number(rest + 1, &pid);
    if (rest == NULL || strncmp(rest, end, sizeof(end) - 1) != 0)
        return 0;
    char behind = rest[sizeof(end) - 1];
    return behind == '/' || behind == '\n' || behind == '\0' ? app : 0;
}

int64_t steam_scope_app(const char *cgroups)
{
    int64_t app = 0;
    for (const char *slash = cgroups; app == 0 && (slash = strchr(slash, '/')) != NULL;)
        app = scope_at(++slash);
    return app;
}

/* The number of an argument AppId=<id>; 0: it is no such argument. */
static int64_t argument_app(const char *argument)
{
    static const char key[] = "AppId=";
    int64_t app;
    if (strncmp(argument, key, sizeof(key) - 1) != 0)
        return 0;
    const char *rest = read_number(argument + sizeof(key) - 1, &app);
    return rest != NULL && *rest == '\0' ? app : 0;
}

int64_t steam_launch_app(const char *arguments, size_t bytes)
{
    const char *before_last = "";
    const char *last = "";
    for (size_t at = 0; at < bytes; at += strlen(arguments + at) + 1) {
        const char *argument = arguments + at;
        int64_t app = strcmp(before_last, "SteamLaunch") == 0 ? argument_app(last) : 0;
        if (app != 0 && strcmp(argument, "--") == 0)
            return app;
        if (app != 0 && strcmp(argument, "Install=1") == 0)
            return STEAM_INSTALLS;
        before_last = last;
        last = argument;
    }
    return 0;
}

/* ---- Files ---- */

struct libraries {
    steam_library found;
    void *context;
};

static bool see_library(int depth, const char *key, const char *value, void *context)
{
    const struct libraries *libraries = context;
    int64_t number;
    const char *rest = read_number(key, &number);
    bool is_new = depth == 2 && strcmp(key, "path") == 0;
    bool is_old = depth == 1 && rest != NULL && *rest == '\0';
    if ((is_new || is_old) && value[0] == '/' && strlen(value) < STEAM_PATH_CAPACITY - 1)
        libraries->found(value, libraries->context);
    return true;
}

void steam_each_library(const char *text, size_t length, steam_library found, void *context)
{
    struct libraries libraries = {found, context};
    vdf_each(text, length, see_library, &libraries);
}

static bool see_title(int depth, const char *key, const char *value, void *context)
{
    if (depth != 1 || strcmp(key, "name") != 0)
        return true;
    snprintf(context, STEAM_TITLE_CAPACITY, "%s", value);
    return false;
}

void steam_manifest_title(const char *text, size_t length, char title[STEAM_TITLE_CAPACITY])
{
    size_t used = 0;
    title[0] = '\0';
    vdf_each(text, length, see_title, title);
    for (size_t i = 0; title[i] != '\0'; i++)
        if ((unsigned char)title[i] >= ' ' && title[i] != 0x7F)
            title[used++] = title[i];
    title[used] = '\0';
}
