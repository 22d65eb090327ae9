/* SPDX-License-Identifier: MIT */
#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool tail_is_enough(const struct tail *tail)
{
    return tail->bytes >= TAIL_BYTES && tail->has_heartbeat;
}

/* What one file says; the heartbeats of older files are older than what is known already. */
struct reading {
    struct tail *tail;
    struct line newest; /* heartbeat; seq 0: none */
};

static bool take_line(struct reading *reading, const char *text)
{
    struct line line;
    if (!line_read(text, &line))
        return true;
    if (line.time[0] != '\0')
        memcpy(reading->tail->time, line.time, sizeof(line.time));
    if (line.is_gap)
        return seen_add_gap(reading->tail->seen, line.id);
    reading->newest = line;
    return true;
}

static void take_newest(struct reading *reading)
{
    struct tail *tail = reading->tail;
    const struct line *newest = &reading->newest;
    if (newest->is_heartbeat)
        snprintf(tail->day, sizeof(tail->day), "%.10s", newest->time);
    if (newest->is_heartbeat && !tail->has_heartbeat)
        seen_add_heartbeat(tail->seen, newest->seq, newest->epoch);
    tail->has_heartbeat = tail->has_heartbeat || newest->is_heartbeat;
}

/* Reads whole lines from where the file is to its end; a torn one is not there. */
static bool read_lines(struct reading *reading, FILE *file, bool begins_in_midst)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length;
    bool fits = true;
    errno = 0;
    while (fits && (length = getline(&text, &capacity, file)) > 0) {
        bool is_whole = text[length - 1] == '\n' && !begins_in_midst;
        begins_in_midst = false;
        reading->tail->bytes += length;
        if (is_whole) {
            text[length - 1] = '\0';
            fits = take_line(reading, text);
        }
    }
    bool is_read = fits && ferror(file) == 0 && feof(file) != 0;
    free(text);
    return is_read;
}

bool tail_read(struct tail *tail, const char *path)
{
    struct reading reading = {.tail = tail};
    struct stat status;
    tail->day[0] = '\0';
    tail->time[0] = '\0';
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    FILE *file = opened >= 0 ? fdopen(opened, "r") : NULL;
    if (file == NULL) {
        if (opened >= 0)
            close(opened);
        return false;
    }
    bool is_read = fstat(opened, &status) == 0;
    off_t from = is_read && status.st_size > TAIL_BYTES ? status.st_size - TAIL_BYTES : 0;
    is_read = is_read && fseeko(file, from, SEEK_SET) == 0 && read_lines(&reading, file, from > 0);
    (void)fclose(file);
    take_newest(&reading);
    return is_read;
}
