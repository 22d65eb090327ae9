/* SPDX-License-Identifier: MIT */
/* How Steam marks what it runs. Pure. */
#ifndef PROCESS_NAME_STEAM_H
#define PROCESS_NAME_STEAM_H

#include <stddef.h>
#include <stdint.h>

/* The app in a process' cgroups, /proc/PID/cgroup: one has a part app-steam-app<id>-<pid>.scope.
 * 0: none. Steam itself, which a desktop may put into app-steam-<pid>.scope, is no app. */
int64_t steam_scope_app(const char *cgroups);

/* The app that a command line starts: three arguments SteamLaunch, AppId=<id> and -- behind one
 * another. `arguments` are as in /proc/PID/cmdline, with a NUL behind the last one. 0: none. With
 * Install=1 before the -- Steam installs something, and nobody plays: STEAM_INSTALLS. */
enum { STEAM_INSTALLS = -1 };
int64_t steam_launch_app(const char *arguments, size_t bytes);

enum { STEAM_PATH_CAPACITY = 1024, STEAM_TITLE_CAPACITY = 128 };

/* Each folder that libraryfolders.vdf names, of the new form and the old one. */
typedef void (*steam_library)(const char *path, void *context);
void steam_each_library(const char *text, size_t length, steam_library found, void *context);

/* The name in an appmanifest_<id>.acf; "" when there is none. What would disturb a line of text is
 * taken out. */
void steam_manifest_title(const char *text, size_t length, char title[STEAM_TITLE_CAPACITY]);

#endif
