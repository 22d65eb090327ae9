/* SPDX-License-Identifier: MIT */
/* Built three times: as it is; with STUB_OLD, which has no symbol with a version; with STUB_OLDEST,
 * which neither tells what processes use nor what a code means. */
#include "nvml_stub.h"

#include <stddef.h>
#include <string.h>

struct nvml_rates {
    unsigned gpu;
    unsigned memory;
};

struct nvml_sample {
    unsigned pid;
    unsigned long long stamp_us;
    unsigned sm;
    unsigned memory;
    unsigned encoder;
    unsigned decoder;
};

#define SYMBOL __attribute__((visibility("default")))

SYMBOL struct nvml_stub nvml_stub;
SYMBOL int nvmlShutdown(void);
SYMBOL int nvmlDeviceGetUtilizationRates(void *gpu, struct nvml_rates *rates);

static int gpus[STUB_GPUS_MAX]; /* their addresses are the handles */

static int init(void)
{
    nvml_stub.inits++;
    if (nvml_stub.init_code == 0)
        nvml_stub.open++;
    return nvml_stub.init_code;
}

static void use(void)
{
    if (nvml_stub.open != 1)
        nvml_stub.misuses++;
}

static int get_count(unsigned *count)
{
    use();
    *count = nvml_stub.gpus;
    return nvml_stub.count_code;
}

static int by_index(unsigned index, void **gpu)
{
    use();
    *gpu = &gpus[index];
    return nvml_stub.handle_codes[index];
}

#ifndef STUB_OLD
SYMBOL int nvmlInit_v2(void);
SYMBOL int nvmlDeviceGetCount_v2(unsigned *count);
SYMBOL int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **gpu);

int nvmlInit_v2(void)
{
    return init();
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    return get_count(count);
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **gpu)
{
    return by_index(index, gpu);
}
#endif

SYMBOL int nvmlInit(void);
SYMBOL int nvmlDeviceGetCount(unsigned *count);
SYMBOL int nvmlDeviceGetHandleByIndex(unsigned index, void **gpu);

int nvmlInit(void)
{
    nvml_stub.plain_calls++;
    return init();
}

int nvmlDeviceGetCount(unsigned *count)
{
    nvml_stub.plain_calls++;
    return get_count(count);
}

int nvmlDeviceGetHandleByIndex(unsigned index, void **gpu)
{
    nvml_stub.plain_calls++;
    return by_index(index, gpu);
}

int nvmlShutdown(void)
{
    use();
    nvml_stub.open--;
    return 0;
}

int nvmlDeviceGetUtilizationRates(void *gpu, struct nvml_rates *rates)
{
    size_t index = (size_t)((int *)gpu - gpus);
    use();
    rates->gpu = nvml_stub.rates[index];
    rates->memory = 1;
    return nvml_stub.rates_codes[index];
}

#ifndef STUB_OLDEST
SYMBOL int nvmlDeviceGetProcessUtilization(void *gpu, struct nvml_sample *samples, unsigned *count,
                                           unsigned long long since_us);
SYMBOL const char *nvmlErrorString(int code);

int nvmlDeviceGetProcessUtilization(void *gpu, struct nvml_sample *samples, unsigned *count,
                                    unsigned long long since_us)
{
    unsigned room = *count;
    use();
    nvml_stub.asked_since_us = since_us;
    *count = gpu == &gpus[0] ? nvml_stub.sample_count : 0;
    if (nvml_stub.processes_code != 0)
        return nvml_stub.processes_code;
    if (*count > room)
        return STUB_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < *count; i++) {
        memset(&samples[i], 0, sizeof(samples[i]));
        samples[i].pid = nvml_stub.samples[i].pid;
        samples[i].stamp_us = nvml_stub.samples[i].stamp_us;
        samples[i].sm = nvml_stub.samples[i].sm;
    }
    return 0;
}

const char *nvmlErrorString(int code)
{
    return code == STUB_GPU_IS_LOST         ? "GPU is lost"
           : code == STUB_DRIVER_NOT_LOADED ? "Driver Not Loaded"
                                            : NULL;
}
#endif
