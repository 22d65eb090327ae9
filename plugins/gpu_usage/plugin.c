/* SPDX-License-Identifier: MIT */
/* gpu_usage: somebody makes a GPU work who may be a game. It corroborates what others see. */
#include "gpu.h"
#include "names.h"
#include "use.h"

#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At the first poll there is nothing to compare with: a moment later there is. */
enum { FIRST_LOOK_MS = 250, CONFIDENCE = 40, CONFIDENCE_UNKNOWN = 20 };

struct instance {
    const clb_host *host;
    const clb_clock *clock;
    const clb_run *run;
    const clb_log *log; /* NULL: the host has none */
    struct names *names;
    struct gpu *gpu;
    double threshold_percent;
    struct use_samples samples;
    char subject[128]; /* who was busy last */
    char unseen[200];  /* as it was logged last */
};

#define OPTION(NAME, TYPE, HELP, ...)                                                              \
    static const clb_option NAME = {.size = sizeof(clb_option),                                    \
                                    .type = CLB_OPTION_##TYPE,                                     \
                                    .key = #NAME,                                                  \
                                    .help = (HELP),                                                \
                                    __VA_ARGS__}

OPTION(threshold_percent, INT,
       "a sample is busy when one process uses so much of a GPU; a desktop alone stays below 10",
       .default_text = "20", .minimum = 1, .maximum = 100);
OPTION(busy_samples, INT, "so many of the last samples have to be busy", .default_text = "3",
       .minimum = 1, .maximum = USE_SAMPLES_MAX);
OPTION(of_samples, INT, "how many samples are looked back at", .default_text = "5", .minimum = 1,
       .maximum = USE_SAMPLES_MAX);
OPTION(ignore, LIST, "more programs that are no games; a * at the end stands for anything",
       .flags = 0);
OPTION(known_programs, BOOL,
       "leave well-known programs out: browsers, desktops, players of video, launchers",
       .default_text = "true");
OPTION(sources, LIST,
       "how GPUs are asked: fdinfo (each process), sysfs (amdgpu), nvml (NVIDIA); all of them",
       .default_text = "all");
OPTION(nvml_library, STRING,
       "the library of NVIDIA's driver; a path, where it is not found by name",
       .default_text = "libnvidia-ml.so.1");
OPTION(proc_root, PATH, "where the process file system is mounted; for tests and containers",
       .default_text = "/proc");
OPTION(sys_root, PATH, "where the file system of devices is mounted; for tests and containers",
       .default_text = "/sys");
static const clb_option *const option_table[] = {
    &threshold_percent, &busy_samples, &of_samples, &ignore,   &known_programs,
    &sources,           &nvml_library, &proc_root,  &sys_root, NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    gpu_destroy(self->gpu);
    names_destroy(self->names);
    free(self);
}

static bool refuse(clb_error *error, const char *why)
{
    snprintf(error->text, sizeof(error->text), "%s", why);
    return false;
}

static bool read_sources(const clb_setting *setting, unsigned *bits, clb_error *error)
{
    static const struct {
        const char *word;
        unsigned bits;
    } words[] = {
        {"all", GPU_ALL}, {"fdinfo", GPU_FDINFO}, {"sysfs", GPU_SYSFS}, {"nvml", GPU_NVML}};
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    *bits = 0;
    for (uint32_t i = 0; setting != NULL && i < setting->count; i++) {
        size_t at = 0;
        while (at < WORDS && strcmp(words[at].word, setting->items[i]) != 0)
            at++;
        if (at == WORDS) {
            snprintf(error->text, sizeof(error->text),
                     "sources: there is no \"%.60s\"; there are fdinfo, sysfs, nvml and all",
                     setting->items[i]);
            return false;
        }
        *bits |= words[at].bits;
    }
    return *bits != 0 || refuse(error, "sources: there is none");
}

static bool read_samples(struct instance *self, const clb_settings *settings, clb_error *error)
{
    int64_t needed = clb_setting_integer(settings, "busy_samples");
    int64_t of = clb_setting_integer(settings, "of_samples");
    if (of < 1 || of > USE_SAMPLES_MAX || needed < 1)
        return refuse(error, "of_samples, busy_samples: 1 to 60");
    if (needed > of)
        return refuse(error,
                      "busy_samples: more than of_samples, so that it would never be active");
    self->samples = (struct use_samples){.needed = (int)needed, .of = (int)of};
    self->threshold_percent = (double)clb_setting_integer(settings, "threshold_percent");
    return self->threshold_percent >= 1 || refuse(error, "threshold_percent: 1 to 100");
}

static bool fill(struct instance *self, const clb_settings *settings, clb_error *error)
{
    struct gpu_settings to = {.proc_root = clb_setting_text(settings, "proc_root"),
                              .sys_root = clb_setting_text(settings, "sys_root"),
                              .nvml_library = clb_setting_text(settings, "nvml_library")};
    if (self->clock == NULL || self->run == NULL)
        return refuse(error, "the host lacks " CLB_CLOCK " or " CLB_RUN);
    if (to.proc_root == NULL || to.sys_root == NULL || to.nvml_library == NULL)
        return refuse(error, "proc_root, sys_root, nvml_library: one of them is empty");
    if (!read_samples(self, settings, error) ||
        !read_sources(clb_setting_find(settings, "sources"), &to.sources, error))
        return false;
    self->names = names_create(clb_setting_find(settings, "ignore"),
                               clb_setting_integer(settings, "known_programs") != 0);
    self->gpu = self->names != NULL ? gpu_create(&to, self->names) : NULL;
    return self->gpu != NULL || refuse(error, "no memory");
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    struct instance *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        refuse(error, "no memory");
        return CLB_FAILED;
    }
    self->host = host;
    self->clock = host->get_service(host, CLB_CLOCK);
    self->run = host->get_service(host, CLB_RUN);
    self->log = host->get_service(host, CLB_LOG);
    if (!fill(self, settings, error)) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

/* A GPU may come later, on a cable: each poll says what is there. */
static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    (void)error;
    self->samples.bits = 0;
    return CLB_OK;
}

static bool look(struct instance *self, const clb_poll *call, struct gpu_view *view,
                 clb_error *error)
{
    bool can = gpu_look(self->gpu, self->clock->monotonic_ms(self->host), view, error);
    if (!can || !view->is_first)
        return can;
    int64_t left_ms = call->deadline_ms - self->clock->monotonic_ms(self->host);
    if (left_ms > 2 * (int64_t)FIRST_LOOK_MS)
        self->run->wait(self->host, FIRST_LOOK_MS);
    return gpu_look(self->gpu, self->clock->monotonic_ms(self->host), view, error);
}

/* Of several GPUs one may stay unseen, which the state of the detector does not show. */
static void log_unseen(struct instance *self, const struct gpu_view *view)
{
    char text[256];
    if (strcmp(self->unseen, view->unseen) == 0)
        return;
    memcpy(self->unseen, view->unseen, sizeof(self->unseen));
    if (self->log == NULL || view->unseen[0] == '\0')
        return;
    snprintf(text, sizeof(text), "one GPU cannot be measured: %s", view->unseen);
    self->log->write(self->host, CLB_LOG_INFO, text);
}

static int32_t CLB_CALL poll(void *data, const clb_poll *call, clb_error *error)
{
    struct instance *self = data;
    struct gpu_view view;
    if (!look(self, call, &view, error)) {
        self->samples.bits = 0;
        return CLB_UNAVAILABLE;
    }
    log_unseen(self, &view);
    bool is_busy = view.percent >= self->threshold_percent;
    bool is_active = use_samples_add(&self->samples, is_busy);
    if (is_busy || !is_active)
        memcpy(self->subject, view.subject, sizeof(self->subject));
    bool is_known = strstr(self->subject, "(pid ") != NULL;
    clb_observation observation = {.size = sizeof(observation),
                                   .state = is_active ? CLB_ACTIVE : CLB_INACTIVE,
                                   .confidence = is_known ? CONFIDENCE : CONFIDENCE_UNKNOWN,
                                   .value = view.percent,
                                   .subject = self->subject[0] != '\0' ? self->subject : NULL};
    call->emit(call, &observation);
    return CLB_OK;
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    return self->run->wait(self->host, max_ms);
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    gpu_close(self->gpu);
}

static const clb_detector detector = {.role = CLB_ROLE_CONTEXT,
                                      .create = create,
                                      .start = start,
                                      .poll = poll,
                                      .wait = wait,
                                      .stop = stop,
                                      .destroy = destroy};

static const void *CLB_CALL get_interface(const char *id)
{
    return id != NULL && strcmp(id, CLB_DETECTOR) == 0 ? &detector : NULL;
}

static const clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = "gpu_usage",
    .version = CLOCKBLOCK_VERSION,
    .description = "Tells whether something that may be a game makes a GPU work",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
