/* SPDX-License-Identifier: MIT */
/* What the boundary to the plugins costs. Each prints one number.
 *   bench_plugin load FOLDER         milliseconds to find, check and open all plugins of a folder
 *   bench_plugin dlopen FOLDER       the same for dlopen() alone
 *   bench_plugin poll SECONDS        nanoseconds of a poll that emits one observation
 *   bench_plugin call SECONDS        the same poll, called through its pointer alone */
#include "platform/clock.h"
#include "platform/dl.h"
#include "plugin/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 1000, DEADLINE_MS = 1000 };

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "bench_plugin: %s\n", what);
    exit(1);
}

/* ---- Loading ---- */

struct load {
    struct plugin_registry *registry;
    int count;
};

static void load_plugin(const char *name, const char *path, void *context)
{
    struct load *load = context;
    struct error error = {0};
    (void)path;
    if (plugin_find(load->registry, name, &error) == NULL)
        give_up(error.text);
    load->count++;
}

static double load_all(char *folder)
{
    char *folders[] = {folder, NULL};
    int64_t begun_us = clock_measure_us();
    struct load load = {plugin_registry_create(folders), 0};
    plugin_each(load.registry, load_plugin, &load);
    int64_t took_us = clock_measure_us() - begun_us;
    plugin_registry_destroy(load.registry);
    if (load.count == 0)
        give_up("there are no plugins");
    return (double)took_us / 1000;
}

static bool open_file(const char *name, void *context)
{
    char path[PATH_CAPACITY];
    void *handle;
    struct error error = {0};
    if (strstr(name, dl_suffix) == NULL)
        return true;
    snprintf(path, sizeof(path), "%s/%s", (const char *)context, name);
    if (dl_open(path, &handle, &error) != 0)
        give_up(error.text);
    return true;
}

static double open_all(char *folder)
{
    int64_t begun_us = clock_measure_us();
    file_list(folder, open_file, folder);
    return (double)(clock_measure_us() - begun_us) / 1000;
}

/* ---- Polling: a detector that costs nothing ---- */

static const clb_observation seen = {
    .size = sizeof(seen), .state = CLB_ACTIVE, .confidence = 90, .activity = "Minecraft"};

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    (void)settings, (void)error;
    *instance = (void *)host;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *instance, clb_error *error)
{
    (void)instance, (void)error;
    return CLB_OK;
}

static int32_t CLB_CALL poll(void *instance, const clb_poll *poll, clb_error *error)
{
    (void)instance, (void)error;
    poll->emit(poll, &seen);
    return CLB_OK;
}

static int32_t CLB_CALL wait(void *instance, int64_t max_ms)
{
    (void)instance, (void)max_ms;
    return CLB_OK;
}

static void CLB_CALL stop(void *instance)
{
    (void)instance;
}

static const clb_detector detector = {.role = CLB_ROLE_EVIDENCE,
                                      .create = create,
                                      .start = start,
                                      .poll = poll,
                                      .wait = wait,
                                      .stop = stop,
                                      .destroy = stop};

static void see(const struct instance_observation *observation, void *context)
{
    *(bool *)context = observation->active;
}

static double poll_instance(double seconds)
{
    static const struct plugin plugin = {.path = "bench", .detector = &detector};
    const clb_settings settings = {.size = sizeof(settings)};
    struct instance *instance;
    struct clock clock;
    struct error error = {0};
    bool active = false;
    int64_t count = 0;
    clock_init_system(&clock);
    if (instance_create(&instance, &plugin, INSTANCE_DETECTOR, "bench", &settings, &clock,
                        &error) != 0 ||
        instance_start(instance, &error) != CLB_OK)
        give_up(error.text);
    int64_t begun_us = clock_measure_us();
    int64_t took_us = 0;
    for (; took_us < (int64_t)(seconds * 1e6); took_us = clock_measure_us() - begun_us)
        for (int i = 0; i < AT_ONCE; i++, count++)
            instance_poll(instance, DEADLINE_MS, see, &active, &error);
    instance_stop(instance);
    instance_destroy(instance);
    return active ? (double)took_us * 1000 / (double)count : 0;
}

static void CLB_CALL take(const clb_poll *poll, const clb_observation *observation)
{
    *(volatile int32_t *)poll->host_data = observation->state;
}

static double poll_bare(double seconds)
{
    int32_t (*volatile function)(void *, const clb_poll *, clb_error *) = poll;
    int32_t state = 0;
    clb_error error = {.size = sizeof(error)};
    const clb_poll call = {.size = sizeof(call), .host_data = &state, .emit = take};
    int64_t count = 0;
    int64_t begun_us = clock_measure_us();
    int64_t took_us = 0;
    for (; took_us < (int64_t)(seconds * 1e6); took_us = clock_measure_us() - begun_us)
        for (int i = 0; i < AT_ONCE; i++, count++)
            function(NULL, &call, &error);
    return state == CLB_ACTIVE ? (double)took_us * 1000 / (double)count : 0;
}

int main(int argc, char **argv)
{
    const char *what = argc == 3 ? argv[1] : "";
    double number;
    if (strcmp(what, "load") == 0)
        number = load_all(argv[2]);
    else if (strcmp(what, "dlopen") == 0)
        number = open_all(argv[2]);
    else if (strcmp(what, "poll") == 0)
        number = poll_instance(strtod(argv[2], NULL));
    else if (strcmp(what, "call") == 0)
        number = poll_bare(strtod(argv[2], NULL));
    else
        give_up("usage: see the head of bench_plugin.c");
    printf("%.1f\n", number);
    return 0;
}
