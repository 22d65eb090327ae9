/* SPDX-License-Identifier: MIT */
#include "titles.h"

#include "steam.h"
#include "text_file.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where Steam is in a home: as its own installer and the distributions put it, Flatpak, Snap. */
static const char *const places[] = {
    ".local/share/Steam",
    ".steam/steam",
    ".steam/debian-installation",
    ".var/app/com.valvesoftware.Steam/.local/share/Steam",
    ".var/app/com.valvesoftware.Steam/data/Steam",
    "snap/steam/common/.local/share/Steam",
};

enum { KEPT_MAX = 16, FILE_BYTES_MAX = 256 * 1024, LIBRARIES_MAX = 64 };
enum { RETRY_MS = 60 * 1000 };

struct kept {
    int64_t uid;
    int64_t app; /* 0: the place is free */
    int64_t looked_ms;
    char title[STEAM_TITLE_CAPACITY]; /* "": there was none */
};

struct titles {
    char *folder; /* owned; NULL: in the homes */
    struct kept kept[KEPT_MAX];
    int next; /* the place that is given away next */
};

struct titles *titles_create(const char *folder)
{
    struct titles *titles = calloc(1, sizeof(*titles));
    if (titles == NULL || folder == NULL)
        return titles;
    titles->folder = strdup(folder);
    if (titles->folder != NULL)
        return titles;
    free(titles);
    return NULL;
}

void titles_destroy(struct titles *titles)
{
    if (titles == NULL)
        return;
    free(titles->folder);
    free(titles);
}

/* What a search carries through the libraries. */
struct search {
    int64_t app;
    int libraries;
    char *title;
};

static void look_in_library(const char *library, void *context)
{
    struct search *search = context;
    char path[STEAM_PATH_CAPACITY + 64];
    size_t length;
    if (search->title[0] != '\0' || search->libraries++ >= LIBRARIES_MAX)
        return;
    snprintf(path, sizeof(path), "%s/steamapps/appmanifest_%lld.acf", library,
             (long long)search->app);
    char *text = text_file_read(path, FILE_BYTES_MAX, &length, NULL);
    if (text != NULL)
        steam_manifest_title(text, length, search->title);
    free(text);
}

static void look_in_steam(const char *folder, struct search *search)
{
    char path[STEAM_PATH_CAPACITY + 64];
    size_t length;
    look_in_library(folder, search);
    if (search->title[0] != '\0')
        return;
    snprintf(path, sizeof(path), "%.*s/steamapps/libraryfolders.vdf", STEAM_PATH_CAPACITY, folder);
    char *text = text_file_read(path, FILE_BYTES_MAX, &length, NULL);
    if (text != NULL)
        steam_each_library(text, length, look_in_library, search);
    free(text);
}

static void look_in_home(int64_t uid, struct search *search)
{
    char buffer[16 * 1024];
    char folder[STEAM_PATH_CAPACITY];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r((uid_t)uid, &entry, buffer, sizeof(buffer), &found) != 0 || found == NULL)
        return;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && search->title[0] == '\0'; i++) {
        snprintf(folder, sizeof(folder), "%.900s/%s", found->pw_dir, places[i]);
        look_in_steam(folder, search);
    }
}

static struct kept *keep(struct titles *titles, int64_t uid, int64_t app)
{
    for (int i = 0; i < KEPT_MAX; i++)
        if (titles->kept[i].app == app && titles->kept[i].uid == uid)
            return &titles->kept[i];
    struct kept *kept = &titles->kept[titles->next];
    titles->next = (titles->next + 1) % KEPT_MAX;
    *kept = (struct kept){.uid = uid, .app = app, .looked_ms = INT64_MIN / 2};
    return kept;
}

const char *titles_find(struct titles *titles, int64_t uid, int64_t app, int64_t now_ms)
{
    struct kept *kept = keep(titles, uid, app);
    if (kept->title[0] == '\0' && now_ms - kept->looked_ms >= RETRY_MS) {
        struct search search = {app, 0, kept->title};
        kept->looked_ms = now_ms;
        if (titles->folder != NULL)
            look_in_steam(titles->folder, &search);
        else
            look_in_home(uid, &search);
    }
    return kept->title[0] != '\0' ? kept->title : NULL;
}
