/* SPDX-License-Identifier: MIT */
#include "nvml.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parts of the library's interface that are used; it has been the same since its version 2. */
enum {
    NVML_SUCCESS = 0,
    GPUS_MAX = 16,
    SAMPLES_MAX = 256,
    SAMPLE_AGE_US = 2 * 1000 * 1000 /* older than the newest: of what was before */
};

typedef void *nvml_gpu;

struct nvml_rates {
    unsigned gpu;
    unsigned memory;
};

struct nvml_sample {
    unsigned pid;
    unsigned long long stamp_us;
    unsigned sm; /* percent of the time that it computed or drew */
    unsigned memory;
    unsigned encoder;
    unsigned decoder;
};

struct functions {
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *count);
    int (*by_index)(unsigned index, nvml_gpu *gpu);
    int (*rates)(nvml_gpu gpu, struct nvml_rates *rates);
    int (*processes)(nvml_gpu gpu, struct nvml_sample *samples, unsigned *count,
                     unsigned long long since_us); /* NULL: the library is too old */
    const char *(*text)(int code);                 /* NULL: likewise */
};

struct nvml {
    char *name;    /* owned */
    void *library; /* NULL: closed */
    struct functions functions;
    unsigned count;
    nvml_gpu gpus[GPUS_MAX];
    unsigned long long seen_us[GPUS_MAX]; /* of the newest sample */
};

struct nvml *nvml_create(const char *library)
{
    struct nvml *nvml = calloc(1, sizeof(*nvml));
    if (nvml == NULL)
        return NULL;
    nvml->name = strdup(library);
    if (nvml->name != NULL)
        return nvml;
    free(nvml);
    return NULL;
}

static void unload(struct nvml *nvml)
{
    dlclose(nvml->library); /* its code stays (RTLD_NODELETE): it may have left threads */
    nvml->library = NULL;
    nvml->count = 0;
}

void nvml_close(struct nvml *nvml)
{
    if (nvml->library == NULL)
        return;
    nvml->functions.shutdown();
    unload(nvml);
}

void nvml_destroy(struct nvml *nvml)
{
    if (nvml == NULL)
        return;
    nvml_close(nvml);
    free(nvml->name);
    free(nvml);
}

/* ---- Opening ---- */

/* ISO C knows no cast from an object pointer to a function: the bytes are copied. */
static bool find(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, size);
    return symbol != NULL;
}

#define FIND(name, function)    find(library, name, &(function), sizeof(function))
#define FIND_V2(name, function) (FIND(name "_v2", function) || FIND(name, function))

static bool find_all(void *library, struct functions *functions)
{
    FIND("nvmlDeviceGetProcessUtilization", functions->processes);
    FIND("nvmlErrorString", functions->text);
    return FIND_V2("nvmlInit", functions->init) && FIND("nvmlShutdown", functions->shutdown) &&
           FIND_V2("nvmlDeviceGetCount", functions->count) &&
           FIND_V2("nvmlDeviceGetHandleByIndex", functions->by_index) &&
           FIND("nvmlDeviceGetUtilizationRates", functions->rates);
}

static bool say(const struct nvml *nvml, clb_error *error, const char *what, int code)
{
    const char *text = nvml->functions.text != NULL ? nvml->functions.text(code) : NULL;
    error->code = code;
    snprintf(error->text, sizeof(error->text), "NVML: %s: %.100s (%d)", what,
             text != NULL ? text : "error", code);
    names_clean(error->text);
    return false;
}

static bool list(struct nvml *nvml, clb_error *error)
{
    unsigned count = 0;
    int code = nvml->functions.count(&count);
    if (code != NVML_SUCCESS)
        return say(nvml, error, "the GPUs cannot be counted", code);
    /* One that is lost, or not this user's to see, is passed over. */
    for (unsigned i = 0; i < count && nvml->count < GPUS_MAX; i++) {
        int failed = nvml->functions.by_index(i, &nvml->gpus[nvml->count]);
        if (failed == NVML_SUCCESS)
            nvml->count++;
        else
            code = failed;
    }
    if (nvml->count > 0)
        return true;
    return say(nvml, error, "there is no GPU that can be looked at", code);
}

static bool load(struct nvml *nvml, clb_error *error)
{
    nvml->library = dlopen(nvml->name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (nvml->library == NULL) {
        const char *reason = dlerror();
        snprintf(error->text, sizeof(error->text), "NVML cannot be loaded: %.300s",
                 reason != NULL ? reason : nvml->name);
        names_clean(error->text);
        return false;
    }
    if (find_all(nvml->library, &nvml->functions))
        return true;
    snprintf(error->text, sizeof(error->text), "%.200s is no NVML, or too old a one", nvml->name);
    unload(nvml);
    return false;
}

static bool open_it(struct nvml *nvml, clb_error *error)
{
    if (!load(nvml, error))
        return false;
    int code = nvml->functions.init();
    if (code != NVML_SUCCESS) {
        say(nvml, error, "it does not start", code);
        unload(nvml);
        return false;
    }
    if (list(nvml, error))
        return true;
    nvml_close(nvml);
    return false;
}

/* ---- Looking ---- */

struct look {
    nvml_counts counts;
    void *context;
    struct nvml_view *view;
};

/* The library leaves places of its list unfilled, or filled with what was before. */
static bool is_filled(const struct nvml_sample *sample)
{
    return sample->pid != 0 && sample->sm <= 100 && sample->stamp_us > 0;
}

static void take_sample(const struct nvml_sample *sample, unsigned gpu, const struct look *look)
{
    char name[NAMES_CAPACITY];
    if (sample->sm <= look->view->percent ||
        !look->counts(look->context, (int64_t)sample->pid, name))
        return;
    look->view->percent = sample->sm;
    look->view->pid = (int64_t)sample->pid;
    look->view->gpu = gpu;
    memcpy(look->view->name, name, sizeof(name));
}

/* False: there is none that means anything. */
static bool take_samples(struct nvml *nvml, unsigned gpu, const struct nvml_sample *samples,
                         unsigned count, const struct look *look)
{
    bool is_any_filled = false;
    unsigned long long *seen_us = &nvml->seen_us[gpu];
    for (unsigned i = 0; i < count; i++) {
        if (!is_filled(&samples[i]))
            continue;
        is_any_filled = true;
        if (samples[i].stamp_us > *seen_us)
            *seen_us = samples[i].stamp_us;
    }
    for (unsigned i = 0; i < count; i++)
        if (is_filled(&samples[i]) && *seen_us - samples[i].stamp_us <= SAMPLE_AGE_US)
            take_sample(&samples[i], gpu, look);
    return is_any_filled;
}

/* False: the driver does not tell what each process uses. */
static bool look_at_processes(struct nvml *nvml, unsigned gpu, const struct look *look)
{
    struct nvml_sample samples[SAMPLES_MAX];
    unsigned count = SAMPLES_MAX;
    if (nvml->functions.processes == NULL)
        return false;
    unsigned long long since_us = nvml->seen_us[gpu];
    since_us = since_us > SAMPLE_AGE_US ? since_us - SAMPLE_AGE_US : 0;
    memset(samples, 0, sizeof(samples));
    int code = nvml->functions.processes(nvml->gpus[gpu], samples, &count, since_us);
    /* More than there is room for are not given at all. */
    return code == NVML_SUCCESS && count <= SAMPLES_MAX &&
           take_samples(nvml, gpu, samples, count, look);
}

static int look_at(struct nvml *nvml, unsigned gpu, const struct look *look)
{
    struct nvml_rates rates = {0};
    int code = nvml->functions.rates(nvml->gpus[gpu], &rates);
    if (code != NVML_SUCCESS || rates.gpu > 100 || rates.gpu == 0)
        return code;
    look->view->is_idle = false;
    if (look_at_processes(nvml, gpu, look) || rates.gpu <= look->view->percent)
        return code;
    look->view->percent = rates.gpu;
    look->view->pid = 0;
    look->view->gpu = gpu;
    return code;
}

bool nvml_look(struct nvml *nvml, nvml_counts counts, void *context, struct nvml_view *view,
               clb_error *error)
{
    int worst = NVML_SUCCESS;
    bool is_any_seen = false;
    struct look look = {counts, context, view};
    *view = (struct nvml_view){.is_idle = true};
    if (nvml->library == NULL && !open_it(nvml, error))
        return false;
    for (unsigned i = 0; i < nvml->count; i++) {
        int code = look_at(nvml, i, &look);
        is_any_seen = is_any_seen || code == NVML_SUCCESS;
        worst = code != NVML_SUCCESS ? code : worst;
    }
    if (is_any_seen)
        return true;
    say(nvml, error, "no GPU says how busy it is", worst);
    nvml_close(nvml); /* after a GPU was lost only a new start finds it again */
    return false;
}
