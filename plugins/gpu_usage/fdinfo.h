/* SPDX-License-Identifier: MIT */
/* What a driver tells in /proc/PID/fdinfo of an open DRM node: how busy it kept each engine of the
 * GPU so far. The keys are those of the kernel's drm-usage-stats. Pure. */
#ifndef GPU_USAGE_FDINFO_H
#define GPU_USAGE_FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FDINFO_ENGINES_MAX = 16, FDINFO_NAME_CAPACITY = 32, FDINFO_CAPACITY_MAX = 1024 };

/* A group of equal engines, of which `capacity` work at once. i915, amdgpu and most others count
 * nanoseconds; xe counts cycles, its own and those that went by. */
struct fdinfo_engine {
    char name[FDINFO_NAME_CAPACITY];
    bool has_busy_ns;
    bool has_cycles;
    bool has_total_cycles;
    uint32_t capacity;
    uint64_t busy_ns;
    uint64_t cycles;
    uint64_t total_cycles;
};

struct fdinfo {
    char driver[FDINFO_NAME_CAPACITY]; /* printable ASCII */
    char device[FDINFO_NAME_CAPACITY]; /* its place on the PCI bus; "": it is not on one */
    bool has_client;
    uint64_t client; /* the same for all descriptors that share one opening of the node */
    int count;
    struct fdinfo_engine engines[FDINFO_ENGINES_MAX]; /* those that count something */
};

/* False: it is not of a DRM node. What is malformed is left out, and so is a last line without an
 * end: it was cut, and its number may be. */
bool fdinfo_parse(const char *text, size_t length, struct fdinfo *info);

/* A number of nothing but digits, then a unit (NULL: none), which may be left out. */
bool fdinfo_parse_number(const char *text, size_t length, const char *unit, uint64_t *number);

#endif
