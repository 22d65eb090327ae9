/* SPDX-License-Identifier: MIT */
/* NVIDIA's own library for looking at its GPUs, which comes with the driver. While it is open no
 * GPU of NVIDIA's falls asleep: who calls this decides when it may be. */
#ifndef GPU_USAGE_NVML_H
#define GPU_USAGE_NVML_H

#include "names.h"

#include <clockblock/plugin.h>
#include <stdint.h>

struct nvml;

/* `library` is what dlopen() is asked for; borrowed. NULL: no memory. */
struct nvml *nvml_create(const char *library);
void nvml_destroy(struct nvml *nvml); /* NULL is fine */
void nvml_close(struct nvml *nvml);

struct nvml_view {
    double percent; /* of the process that uses a GPU most, or of the GPU when that is not told */
    int64_t pid;    /* 0: not told */
    unsigned gpu;
    char name[NAMES_CAPACITY]; /* of the process */
    bool is_idle;              /* nobody uses any of them, game or not */
};

/* Is there such a process, and may it be a game? */
typedef bool (*nvml_counts)(void *context, int64_t pid, char name[NAMES_CAPACITY]);

/* Opens the library if need be, and looks once. False and a sentence: it cannot be, and is closed.
 */
bool nvml_look(struct nvml *nvml, nvml_counts counts, void *context, struct nvml_view *view,
               clb_error *error);

#endif
