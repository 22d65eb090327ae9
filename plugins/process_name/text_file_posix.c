/* SPDX-License-Identifier: MIT */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns how many bytes there were; -1: an error. */
static ssize_t read_all(int file, char *text, size_t capacity)
{
    size_t used = 0;
    while (used < capacity) {
        ssize_t got = read(file, text + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    return (ssize_t)used;
}

static char *read_open(int file, size_t most, size_t *length, const char **problem)
{
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 0 ||
        (size_t)status.st_size > most) {
        *problem = "it is no regular file, or too large";
        return NULL;
    }
    size_t capacity = (size_t)status.st_size;
    char *text = malloc(capacity + 1);
    ssize_t got = text != NULL ? read_all(file, text, capacity) : -1;
    if (got < 0) {
        *problem = strerror(text != NULL ? errno : ENOMEM);
        free(text);
        return NULL;
    }
    text[got] = '\0';
    *length = (size_t)got;
    return text;
}

char *text_file_read(const char *path, size_t most, size_t *length, const char **problem)
{
    const char *unheard = NULL;
    const char **said = problem != NULL ? problem : &unheard;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        *said = strerror(errno);
        return NULL;
    }
    char *text = read_open(file, most, length, said);
    close(file);
    return text;
}
