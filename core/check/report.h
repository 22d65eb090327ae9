/* SPDX-License-Identifier: MIT */
/* What people and programs get to read of a run. Private to this folder. */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include "check.h"
#include "list.h"

#include <json-c/json.h>

enum result { RESULT_PASSED, RESULT_FAILED, RESULT_SKIPPED, RESULTS };

/* What is known about the plugin: what it said itself. "": not known. */
struct facts {
    char id[64];
    char version[64];
    char kind[32];
    char abi[16];
};

struct report {
    const struct check_options *options;
    struct facts facts;
    int counts[RESULTS];
    struct json_object *checks; /* owned; NULL: the report is for people */
};

void report_begin(struct report *report, const struct check_options *options);
/* One check is done. `reason` is "" for those that passed. */
void report_check(struct report *report, const struct check *check, enum result result,
                  const char *reason, int64_t took_ms);
void report_end(struct report *report);

#endif
