/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

int files_open_folder(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void files_close(int folder)
{
    if (folder >= 0)
        close(folder);
}

long files_read(int folder, const char *name, char *text, size_t capacity)
{
    ssize_t got;
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    text[0] = '\0';
    if (file < 0)
        return -1;
    do
        got = read(file, text, capacity - 1);
    while (got < 0 && errno == EINTR);
    close(file);
    text[got > 0 ? got : 0] = '\0';
    return (long)got;
}

bool files_link(int folder, const char *name, char *target, size_t capacity)
{
    ssize_t length = readlinkat(folder, name, target, capacity - 1);
    if (length < 0 || (size_t)length == capacity - 1)
        return false;
    target[length] = '\0';
    return true;
}

bool files_each(int folder, const char *name, void (*each)(const char *name, void *context),
                void *context)
{
    const struct dirent *entry;
    int opened = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0)
        return false;
    DIR *listed = fdopendir(opened);
    if (listed == NULL) {
        close(opened);
        return false;
    }
    while ((entry = readdir(listed)) != NULL)
        if (entry->d_name[0] != '.')
            each(entry->d_name, context);
    closedir(listed);
    return true;
}
