/* SPDX-License-Identifier: MIT */
#include "gpu.h"

#include "devices.h"
#include "nvml.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An open NVML keeps a GPU awake, and opening it wakes one for some seconds. So where the system
 * may let it sleep, and nobody uses it, NVML is closed for longer than a driver waits before that.
 */
enum { NVML_PAUSE_MS = 30 * 1000 };

struct gpu {
    unsigned sources;
    struct devices devices;
    struct watch *watch; /* owned */
    struct nvml *nvml;   /* owned */
    bool is_paused;
    int64_t paused_ms;
    bool nvml_works; /* as it was before the pause */
    clb_error nvml_error;
};

struct gpu *gpu_create(const struct gpu_settings *settings, const struct names *names)
{
    struct gpu *gpu = calloc(1, sizeof(*gpu));
    if (gpu == NULL)
        return NULL;
    gpu->sources = settings->sources;
    gpu->watch = watch_create(settings->proc_root, names);
    gpu->nvml = nvml_create(settings->nvml_library);
    if (devices_init(&gpu->devices, settings->sys_root) && gpu->watch != NULL && gpu->nvml != NULL)
        return gpu;
    gpu_destroy(gpu);
    return NULL;
}

void gpu_destroy(struct gpu *gpu)
{
    if (gpu == NULL)
        return;
    devices_finish(&gpu->devices);
    watch_destroy(gpu->watch);
    nvml_destroy(gpu->nvml);
    free(gpu);
}

void gpu_close(struct gpu *gpu)
{
    devices_close(&gpu->devices);
    watch_close(gpu->watch);
    nvml_close(gpu->nvml);
    gpu->is_paused = false;
}

/* ---- One GPU after the other ---- */

struct look {
    struct gpu *gpu;
    int64_t now_ms;
    struct gpu_view *view;
    bool has_watch;
    int watch_errno;
    struct watch_view watch;
    bool is_nvml_asked;
    bool has_nvml;
    int measured; /* GPUs */
};

static void describe(char text[80], const struct device *device)
{
    snprintf(text, 80, "%s%s%s", device->driver, device->driver[0] != '\0' ? " " : "",
             device->name);
}

static void take(struct look *look, double percent, const char *subject)
{
    if (percent <= look->view->percent)
        return;
    look->view->percent = percent;
    snprintf(look->view->subject, sizeof(look->view->subject), "%s", subject);
}

static void take_process(struct look *look, double percent, const char *name, int64_t pid,
                         const char *where)
{
    char subject[128];
    snprintf(subject, sizeof(subject), "%.40s (pid %lld) on %.60s", name, (long long)pid, where);
    names_clean(subject); /* a character may have been cut */
    take(look, percent, subject);
}

static void take_device(struct look *look, double percent, const char *where)
{
    char subject[128];
    snprintf(subject, sizeof(subject), "%.60s, by a process that is not known", where);
    take(look, percent, subject);
}

/* Does the view of the processes tell of this GPU? It does too when all were seen, and none of them
 * has it open. */
static bool is_told_by_processes(const struct look *look, int device)
{
    if (!look->has_watch)
        return false;
    return look->watch.has_counters[device] ||
           (!look->watch.has_files[device] && !look->watch.is_closed);
}

static bool count_process(void *context, int64_t pid, char name[NAMES_CAPACITY])
{
    return watch_counts(context, pid, name);
}

/* Would looking wake one? It is not known which of them the library touches, so all have to be
 * awake. */
static bool may_open_nvml(const struct gpu *gpu, bool *sleeps_idle)
{
    *sleeps_idle = false;
    for (int i = 0; i < gpu->devices.count; i++) {
        const struct device *device = &gpu->devices.all[i];
        if (!device->is_there || !devices_is_nvidia(device))
            continue;
        if (!device->is_awake)
            return false;
        *sleeps_idle = *sleeps_idle || device->sleeps_idle;
    }
    return true;
}

/* True: nobody uses any of them, game or not. */
static bool look_by_nvml(struct look *look)
{
    struct gpu *gpu = look->gpu;
    struct nvml_view view;
    char where[40];
    gpu->nvml_error = (clb_error){.size = sizeof(gpu->nvml_error)};
    gpu->nvml_works = nvml_look(gpu->nvml, count_process, gpu->watch, &view, &gpu->nvml_error);
    if (!gpu->nvml_works)
        return false;
    snprintf(where, sizeof(where), "NVIDIA GPU %u", view.gpu);
    if (view.pid != 0)
        take_process(look, view.percent, view.name, view.pid, where);
    else
        take_device(look, view.percent, where);
    return view.is_idle;
}

/* Once for all of NVIDIA's. */
static bool ask_nvml(struct look *look)
{
    struct gpu *gpu = look->gpu;
    bool sleeps_idle;
    if (look->is_nvml_asked)
        return look->has_nvml;
    look->is_nvml_asked = true;
    if (!may_open_nvml(gpu, &sleeps_idle)) {
        nvml_close(gpu->nvml);
        gpu->is_paused = false;
        snprintf(gpu->nvml_error.text, sizeof(gpu->nvml_error.text),
                 "another one sleeps, and NVML would wake it");
        return look->has_nvml = false;
    }
    int64_t paused_ms = look->now_ms - gpu->paused_ms;
    if (!gpu->is_paused || paused_ms < 0 || paused_ms >= NVML_PAUSE_MS) {
        bool is_idle = look_by_nvml(look);
        gpu->is_paused = !gpu->nvml_works || (is_idle && sleeps_idle);
        gpu->paused_ms = look->now_ms;
    }
    if (gpu->is_paused)
        nvml_close(gpu->nvml);
    return look->has_nvml = gpu->nvml_works;
}

static void say_unseen(struct look *look, const struct device *device)
{
    char where[80];
    const char *why = "the driver does not tell who uses it";
    describe(where, device);
    int number = (int)(device - look->gpu->devices.all);
    if (!device->is_awake)
        why = "whether it sleeps cannot be told, and it must not be woken";
    else if (devices_is_nvidia(device) && (look->gpu->sources & GPU_NVML) != 0)
        why = look->gpu->nvml_error.text;
    else if ((look->gpu->sources & GPU_FDINFO) == 0)
        why = "no source that is switched on tells of it";
    else if (!look->has_watch)
        why = strerror(look->watch_errno);
    else if (!look->watch.has_files[number])
        why = "the open files of other users' processes cannot be seen; that takes the same user, "
              "or CAP_SYS_PTRACE";
    if (look->view->unseen[0] == '\0')
        snprintf(look->view->unseen, sizeof(look->view->unseen), "%.70s: %.120s", where, why);
    names_clean(look->view->unseen);
}

static bool measure(struct look *look, int number)
{
    struct gpu *gpu = look->gpu;
    const struct device *device = &gpu->devices.all[number];
    char where[80];
    double percent;
    if (device->is_asleep) {
        if (devices_is_nvidia(device))
            nvml_close(gpu->nvml);
        return true;
    }
    if (!device->is_awake)
        return false;
    describe(where, device);
    if (devices_is_nvidia(device) && (gpu->sources & GPU_NVML) != 0)
        return ask_nvml(look);
    if (!devices_is_nvidia(device) && is_told_by_processes(look, number)) {
        if (look->watch.device == number)
            take_process(look, look->watch.percent, look->watch.name, look->watch.pid, where);
        look->view->is_first = look->view->is_first || look->watch.is_first;
        return true;
    }
    if ((gpu->sources & GPU_SYSFS) == 0 || !devices_busy(&gpu->devices, number, &percent))
        return false;
    take_device(look, percent, where);
    return true;
}

bool gpu_look(struct gpu *gpu, int64_t now_ms, struct gpu_view *view, clb_error *error)
{
    struct look look = {.gpu = gpu, .now_ms = now_ms, .view = view, .watch.device = -1};
    int count = 0;
    memset(view, 0, sizeof(*view));
    devices_look(&gpu->devices, now_ms);
    for (int i = 0; i < gpu->devices.count; i++)
        count += gpu->devices.all[i].is_there;
    if (count > 0 && (gpu->sources & GPU_FDINFO) != 0) {
        look.has_watch = watch_look(gpu->watch, &gpu->devices, now_ms, &look.watch);
        look.watch_errno = errno;
    }
    for (int i = 0; i < gpu->devices.count; i++) {
        if (!gpu->devices.all[i].is_there)
            continue;
        if (measure(&look, i))
            look.measured++;
        else
            say_unseen(&look, &gpu->devices.all[i]);
    }
    if (look.measured > 0)
        return true;
    if (count > 0)
        snprintf(error->text, sizeof(error->text), "no GPU can be measured: %s", view->unseen);
    else
        snprintf(error->text, sizeof(error->text),
                 "there is no GPU: %.150s shows no render node and no driver of NVIDIA",
                 gpu->devices.root);
    return false;
}
