/* SPDX-License-Identifier: MIT */
/* How much a game may be using the GPUs of this machine: each of them is asked in the best way that
 * it answers, and the highest answer counts.
 *
 *   fdinfo   what each process uses, where the driver tells it
 *   sysfs    else how busy the GPU is, whoever that is
 *   nvml     GPUs of NVIDIA's own driver, which does neither
 *
 * A GPU that sleeps is used by nobody, and is left alone. */
#ifndef GPU_USAGE_GPU_H
#define GPU_USAGE_GPU_H

#include "names.h"

#include <clockblock/plugin.h>
#include <stdint.h>

enum gpu_source { GPU_FDINFO = 1, GPU_SYSFS = 2, GPU_NVML = 4, GPU_ALL = 7 };

struct gpu_settings {
    const char *proc_root;
    const char *sys_root;
    const char *nvml_library;
    unsigned sources; /* bits of enum gpu_source */
};

struct gpu;

/* `names` is borrowed, the rest is copied. NULL: no memory. */
struct gpu *gpu_create(const struct gpu_settings *settings, const struct names *names);
void gpu_destroy(struct gpu *gpu); /* NULL is fine */
void gpu_close(struct gpu *gpu);

struct gpu_view {
    double percent;
    char subject[128]; /* who uses it, and which; "": nobody */
    bool is_first;     /* there is nothing yet to compare with: look again in a moment */
    char unseen[200];  /* the first of the GPUs that cannot be measured, and why; "": all can */
};

/* Looks once. False and a sentence: no GPU can be measured. */
bool gpu_look(struct gpu *gpu, int64_t now_ms, struct gpu_view *view, clb_error *error);

#endif
