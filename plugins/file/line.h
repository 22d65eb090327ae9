/* SPDX-License-Identifier: MIT */
/* What a line of a file says about itself. Pure. */
#ifndef FILE_LINE_H
#define FILE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_UUID_CAPACITY = 37, LINE_TIME_CAPACITY = 25 };

struct line {
    bool is_heartbeat; /* it has a seq */
    bool is_gap;
    int64_t seq;
    char epoch[LINE_UUID_CAPACITY];
    char id[LINE_UUID_CAPACITY];
    char time[LINE_TIME_CAPACITY]; /* timestamp_utc; "": it has none */
};

/* False: it is neither a heartbeat nor a gap. */
bool line_read(const char *text, struct line *line);

/* Is this how a line of ours begins, as far as it goes? */
bool line_begins(const char *text, size_t length);

#endif
