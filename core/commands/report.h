/* SPDX-License-Identifier: MIT */
/* What `clockblock report` has gathered, and its forms. Private to this folder. */
#ifndef COMMANDS_REPORT_H
#define COMMANDS_REPORT_H

#include "record/allowance.h"

struct report_activity {
    char name[ACTIVITY_CAPACITY]; /* "": it had none */
    int64_t used_ms;
    int64_t overdraft_ms;
};

struct report_day {
    int32_t date;
    struct day_account day;
    bool is_closed;                     /* false: it goes on */
    struct report_activity *activities; /* owned; the most first */
    int activities_count;
};

struct report {
    struct report_day *days; /* owned; in order, the last is today */
    int count;
};

/* For people, for the terminal that standard output is. */
void report_print_table(const struct report *report);
/* RFC 4180. */
void report_print_csv(const struct report *report);

#endif
