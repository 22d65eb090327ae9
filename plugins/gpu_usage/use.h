/* SPDX-License-Identifier: MIT */
/* From counters to percent. Pure: the time comes from outside.
 *
 * A driver may report less than before, and has to catch up: until then the larger value stands, as
 * the kernel asks for. One that does not catch up has begun anew, and so has one that leaps further
 * than the time allows. */
#ifndef GPU_USAGE_USE_H
#define GPU_USAGE_USE_H

#include "fdinfo.h"

enum {
    USE_ELAPSED_MIN_MS = 100, /* less is not measured: it would be mostly chance */
    USE_LOWER_MAX = 6,        /* so many lower readings in a row: it has begun anew */
    USE_LEAP = 16,            /* times what the time allows: no use of an engine is that */
    USE_PARTS_MAX = 64
};

struct use_counter {
    char name[FDINFO_NAME_CAPACITY];
    uint64_t largest; /* of nanoseconds, or of cycles */
    uint64_t total;   /* cycles that went by */
    int lower;        /* readings in a row below `largest` */
};

/* What one client of a GPU was seen to have used. Zeroed: never read. */
struct use_client {
    int64_t read_ms;
    bool was_read;
    int count;
    struct use_counter counters[FDINFO_ENGINES_MAX];
};

/* Notes the counters, and gives the percent of each engine in `info` since the reading before; 0
 * where there was none. False: too little time has passed, and nothing is noted. */
bool use_update(struct use_client *client, const struct fdinfo *info, int64_t now_ms,
                double percents[FDINFO_ENGINES_MAX]);

/* The time went by without use: the device sleeps. */
void use_skip(struct use_client *client, int64_t now_ms);

/* The engines that one process uses, through all its clients. */
struct use_sum {
    int count;
    struct {
        int device;
        char name[FDINFO_NAME_CAPACITY];
        double percent;
    } parts[USE_PARTS_MAX];
};

void use_add(struct use_sum *sum, int device, const char *engine, double percent);

/* Of the engine that is used most, 0 to 100. `device` is -1 when nothing is used. */
double use_highest(const struct use_sum *sum, int *device);

/* ---- N of M ---- */

enum { USE_SAMPLES_MAX = 60 };

/* The last samples, the newest in the lowest bit. */
struct use_samples {
    uint64_t bits;
    int needed;
    int of;
};

/* Are so many of the last ones busy, this one included? */
bool use_samples_add(struct use_samples *samples, bool is_busy);

#endif
