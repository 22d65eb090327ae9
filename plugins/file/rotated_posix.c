/* SPDX-License-Identifier: MIT */
#include "rotated.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The end of a name: `d` stands for a digit. */
static const char pattern[] = ".ddddddddTddddddZ-dddddd";
enum { SUFFIX_LENGTH = sizeof(pattern) - 1, STAMP_LENGTH = 16, NUMBER_LENGTH = 6 };

static bool is_suffix(const char *text)
{
    for (size_t i = 0; i < sizeof(pattern); i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == 'd' ? !is_digit : text[i] != pattern[i])
            return false;
    }
    return true;
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_one(const char *name, const char *base)
{
    size_t length = strlen(base);
    return strncmp(name, base, length) == 0 && is_suffix(name + length);
}

/* The path of a file that lies beside `path`. */
static char *beside(const char *path, const char *name)
{
    size_t folder = (size_t)(base_of(path) - path);
    size_t capacity = folder + strlen(name) + 1;
    char *made = malloc(capacity);
    if (made != NULL)
        snprintf(made, capacity, "%.*s%s", (int)folder, path, name);
    return made;
}

static bool add(struct rotated *rotated, char *path)
{
    size_t count = (size_t)rotated->count + 1;
    char **longer = path != NULL ? realloc(rotated->paths, count * sizeof(longer[0])) : NULL;
    if (longer == NULL) {
        free(path);
        return false;
    }
    longer[rotated->count++] = path;
    rotated->paths = longer;
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static DIR *open_folder(const char *path)
{
    char *folder = beside(path, ".");
    DIR *opened = folder != NULL ? opendir(folder) : NULL;
    free(folder);
    return opened;
}

bool rotated_find(struct rotated *rotated, const char *path)
{
    const char *base = base_of(path);
    bool fits = true;
    memset(rotated, 0, sizeof(*rotated));
    DIR *folder = open_folder(path);
    if (folder == NULL)
        return false;
    for (struct dirent *entry; fits && (entry = readdir(folder)) != NULL;)
        if (is_one(entry->d_name, base))
            fits = add(rotated, beside(path, entry->d_name));
    closedir(folder);
    if (!fits) {
        rotated_finish(rotated);
        errno = ENOMEM;
        return false;
    }
    if (rotated->count > 0)
        qsort(rotated->paths, (size_t)rotated->count, sizeof(rotated->paths[0]), compare);
    return true;
}

void rotated_finish(struct rotated *rotated)
{
    for (int i = 0; i < rotated->count; i++)
        free(rotated->paths[i]);
    free(rotated->paths);
    memset(rotated, 0, sizeof(*rotated));
}

/* "2026-01-16T12:00:00.000Z" as "20260116T120000Z". */
static void write_stamp(char stamp[STAMP_LENGTH + 1], const char *time)
{
    size_t used = 0;
    for (; *time != '\0' && *time != '.' && used < STAMP_LENGTH - 1; time++)
        if ((*time >= '0' && *time <= '9') || *time == 'T')
            stamp[used++] = *time;
    snprintf(stamp + used, STAMP_LENGTH + 1 - used, "Z");
    if (used != STAMP_LENGTH - 1)
        snprintf(stamp, STAMP_LENGTH + 1, "00000000T000000Z");
}

char *rotated_next(const struct rotated *rotated, const char *path, const char *time)
{
    char stamp[STAMP_LENGTH + 1];
    unsigned number = 0;
    write_stamp(stamp, time);
    if (rotated->count > 0) {
        const char *newest = rotated->paths[rotated->count - 1];
        const char *newest_stamp = newest + strlen(newest) - SUFFIX_LENGTH + 1;
        /* Not before the newest, whatever the clock says. */
        if (strncmp(stamp, newest_stamp, STAMP_LENGTH) <= 0) {
            snprintf(stamp, sizeof(stamp), "%.*s", (int)STAMP_LENGTH, newest_stamp);
            number = (unsigned)strtoul(newest_stamp + STAMP_LENGTH + 1, NULL, 10) + 1;
        }
    }
    size_t capacity = strlen(path) + SUFFIX_LENGTH + 16;
    char *made = malloc(capacity);
    if (made != NULL)
        snprintf(made, capacity, "%s.%s-%0*u", path, stamp, (int)NUMBER_LENGTH, number);
    return made;
}

void rotated_prune(const struct rotated *rotated, int keep)
{
    for (int i = 0; i < rotated->count - keep; i++)
        (void)unlink(rotated->paths[i]);
}
