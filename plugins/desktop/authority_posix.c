/* SPDX-License-Identifier: MIT */
#include "authority.h"

#include "people.h"

#include <X11/Xauth.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 64 * 1024, PATH_BYTES = 512 };
/* Who fills a folder does not keep us busy. */
enum { FILES_MAX = 16, NAMES_MAX = 4096 };

/* How well an entry fits. A machine that got another name keeps its keys by the old one. */
enum fit { FIT_NOT, FIT_OTHER_NAME, FIT_WELL };

/* What is looked for, and what was found until now. */
struct search {
    int64_t uid;
    char number[16];
    char host[256];
    struct authority_key *key;
    enum fit fit;
    struct timespec written; /* the file that it is from */
    int files;
};

static bool is_text(const char *bytes, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

static enum fit fit_of(const struct search *search, const Xauth *entry)
{
    static const char kind[] = "MIT-MAGIC-COOKIE-1";
    if (!is_text(entry->name, entry->name_length, kind) || entry->data_length == 0 ||
        entry->data_length > AUTHORITY_KEY_BYTES)
        return FIT_NOT;
    if (entry->number_length > 0 && !is_text(entry->number, entry->number_length, search->number))
        return FIT_NOT;
    if (entry->family == FamilyWild)
        return FIT_WELL;
    if (entry->family != FamilyLocal)
        return FIT_NOT;
    return is_text(entry->address, entry->address_length, search->host) ? FIT_WELL : FIT_OTHER_NAME;
}

/* A session that came to a bad end leaves its file behind. */
static bool is_better(const struct search *search, enum fit fit, const struct timespec *written)
{
    if (fit != search->fit)
        return fit > search->fit;
    return fit != FIT_NOT &&
           (written->tv_sec != search->written.tv_sec ? written->tv_sec > search->written.tv_sec
                                                      : written->tv_nsec > search->written.tv_nsec);
}

static void read_entries(struct search *search, FILE *file, const struct timespec *written)
{
    Xauth *entry;
    while ((entry = XauReadAuth(file)) != NULL) {
        enum fit fit = fit_of(search, entry);
        if (is_better(search, fit, written)) {
            search->fit = fit;
            search->written = *written;
            search->key->length = entry->data_length;
            memcpy(search->key->bytes, entry->data, entry->data_length);
        }
        XauDisposeAuth(entry);
    }
}

/* Root reads for somebody what is that one's own: he might point a link at a file of others, or
 * leave a pipe that nobody writes to. */
static bool may_read(int file, int64_t uid, struct stat *status)
{
    return fstat(file, status) == 0 && S_ISREG(status->st_mode) &&
           status->st_size <= FILE_MAX_BYTES &&
           (uid == (int64_t)geteuid() || (int64_t)status->st_uid == uid);
}

static void read_file(struct search *search, const char *path)
{
    struct stat status;
    int links = search->uid == (int64_t)geteuid() ? 0 : O_NOFOLLOW;
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | links);
    if (opened < 0)
        return;
    FILE *file = may_read(opened, search->uid, &status) ? fdopen(opened, "r") : NULL;
    if (file == NULL) {
        close(opened);
        return;
    }
    search->files++;
    read_entries(search, file, &status.st_mtim);
    fclose(file);
}

static bool is_key_file(const char *name)
{
    static const char *const starts[] = {".mutter-Xwaylandauth.", "xauth_"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* Display managers add something to the name. */
static void read_folder(struct search *search, const char *path)
{
    char file[PATH_BYTES];
    const struct dirent *entry;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    search->files = 0;
    for (int i = 0; i < NAMES_MAX && search->files < FILES_MAX; i++) {
        if ((entry = readdir(folder)) == NULL)
            break;
        if (is_key_file(entry->d_name) &&
            snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) < (int)sizeof(file))
            read_file(search, file);
    }
    closedir(folder);
}

/* Where GDM, KWin and Mutter, SDDM, and LightDM leave it. */
static void look_everywhere(struct search *search, const struct desktop_settings *settings)
{
    char path[PATH_BYTES];
    char folder[PATH_BYTES / 2];
    snprintf(folder, sizeof(folder), "%s/user/%lld", settings->run_root, (long long)search->uid);
    snprintf(path, sizeof(path), "%s/gdm/Xauthority", folder);
    read_file(search, path);
    if (search->fit < FIT_WELL)
        read_folder(search, folder);
    snprintf(path, sizeof(path), "%s/..",
             settings->x11_root != NULL ? settings->x11_root : DISPLAYS_X11_ROOT);
    if (search->fit < FIT_WELL)
        read_folder(search, path);
    if (search->fit == FIT_WELL || !people_home(search->uid, folder, sizeof(folder)))
        return;
    snprintf(path, sizeof(path), "%s/.Xauthority", folder);
    read_file(search, path);
}

bool authority_find(const struct desktop_settings *settings, const struct desktop_display *display,
                    int number, struct authority_key *key)
{
    struct search search = {.uid = display->uid, .key = key};
    *key = (struct authority_key){.server_uid = display->server_uid};
    snprintf(search.number, sizeof(search.number), "%d", number);
    if (gethostname(search.host, sizeof(search.host) - 1) != 0)
        search.host[0] = '\0';
    if (display->authority[0] != '\0')
        read_file(&search, display->authority);
    else
        look_everywhere(&search, settings);
    return key->length > 0;
}
