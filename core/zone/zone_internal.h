/* SPDX-License-Identifier: MIT */
/* The parts of a zone. Private to this folder. */
#ifndef ZONE_ZONE_INTERNAL_H
#define ZONE_ZONE_INTERNAL_H

#include "zone.h"

#include <stdbool.h>

/* When a year's change comes, of a footer rule. */
enum footer_kind { FOOTER_JULIAN, FOOTER_ORDINAL, FOOTER_WEEKDAY };

struct footer_change {
    enum footer_kind kind;
    int32_t day;   /* JULIAN: 1..365, no leap day; ORDINAL: 0..365; WEEKDAY: 0..6, Sunday first */
    int32_t week;  /* WEEKDAY: 1..5, 5 is the last */
    int32_t month; /* WEEKDAY: 1..12 */
    int32_t time_sec; /* local; may be negative, and beyond a day */
};

/* The rule behind the last transition: a POSIX TZ string. */
struct footer {
    bool is_set;
    bool has_dst;
    int32_t offset_sec; /* ahead of UTC */
    int32_t dst_offset_sec;
    struct footer_change dst_begins;
    struct footer_change dst_ends;
};

struct zone {
    struct footer footer;     /* from the last transition on; not set: the last one holds */
    int32_t first_offset_sec; /* before the first transition */
    int count;
    int64_t *times;   /* count, rising, seconds since 1970; behind the struct */
    int32_t *offsets; /* count: from times[i] on */
};

/* Parses a footer: the text between the newlines. False: it is no POSIX TZ string. */
bool footer_parse(const char *text, size_t length, struct footer *footer);
int32_t footer_offset_sec(const struct footer *footer, int64_t utc_sec);
int64_t footer_next_change_sec(const struct footer *footer, int64_t utc_sec); /* INT64_MAX: none */

/* Reads TZif bytes into one block of memory. NULL: they are none. */
struct zone *tzif_read(const unsigned char *bytes, size_t length);

#endif
