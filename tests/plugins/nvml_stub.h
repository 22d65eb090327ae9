/* SPDX-License-Identifier: MIT */
/* A library with the symbols of NVML, that does what a test tells it to. The test opens it too, and
 * finds its state under the name "nvml_stub". */
#ifndef TESTS_NVML_STUB_H
#define TESTS_NVML_STUB_H

enum {
    STUB_GPUS_MAX = 4,
    STUB_SAMPLES_MAX = 512,
    STUB_NOT_SUPPORTED = 3,
    STUB_NOT_FOUND = 6,
    STUB_INSUFFICIENT_SIZE = 7,
    STUB_DRIVER_NOT_LOADED = 9,
    STUB_GPU_IS_LOST = 15
};

struct stub_sample {
    unsigned pid;
    unsigned long long stamp_us;
    unsigned sm;
};

struct nvml_stub {
    int inits;
    int open;        /* inits without a shutdown */
    int misuses;     /* calls while it was not open */
    int plain_calls; /* of symbols without a version that have one */
    int init_code;
    int count_code;
    int handle_codes[STUB_GPUS_MAX];
    int rates_codes[STUB_GPUS_MAX];
    unsigned gpus;
    unsigned rates[STUB_GPUS_MAX];
    int processes_code;
    unsigned long long asked_since_us;
    unsigned sample_count;
    struct stub_sample samples[STUB_SAMPLES_MAX]; /* of GPU 0 */
};

#endif
