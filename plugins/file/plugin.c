/* SPDX-License-Identifier: MIT */
/* file: one JSON object per line, each batch on disk before it counts as taken. */
#include "lines.h"

#include <clockblock/services.h>
#include <clockblock/sink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MB_MAX = 1000 * 1000, KEEP_MAX = 10 * 1000 };

struct instance {
    const clb_host *host;
    const clb_log *log;
    const clb_run *run;
    struct lines *lines;
};

static const clb_option options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .flags = CLB_OPTION_REQUIRED,
     .key = "path",
     .help = "the file; relative to the folder of the configuration"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_NUMBER,
     .key = "max_mb",
     .default_text = "0",
     .help = "begin a new file when this one would be larger; 0: no limit",
     .maximum = MAX_MB_MAX},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_BOOL,
     .key = "daily",
     .default_text = "false",
     .help = "begin a new file for each day (UTC)"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_INT,
     .key = "keep",
     .default_text = "10",
     .help =
         "so many older files, named by the time of their newest line; those before are deleted",
     .minimum = 1,
     .maximum = KEEP_MAX},
};
static const clb_option *const option_table[] = {&options[0], &options[1], &options[2], &options[3],
                                                 NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    lines_destroy(self->lines);
    free(self);
}

/* Also when a host lets anything through. */
static struct lines_limits read_limits(const clb_settings *settings)
{
    const clb_setting *max_mb = clb_setting_find(settings, "max_mb");
    int64_t keep = clb_setting_integer(settings, "keep");
    double mb = max_mb != NULL && max_mb->number > 0 ? max_mb->number : 0;
    return (struct lines_limits){.max_bytes =
                                     (int64_t)((mb < MAX_MB_MAX ? mb : MAX_MB_MAX) * 1000 * 1000),
                                 .is_daily = clb_setting_integer(settings, "daily") != 0,
                                 .keep = keep < 1          ? 1
                                         : keep < KEEP_MAX ? (int)keep
                                                           : KEEP_MAX};
}

static const char *fill(struct instance *self, const clb_settings *settings)
{
    const char *path = clb_setting_text(settings, "path");
    if (self->log == NULL || self->run == NULL)
        return "the host lacks " CLB_LOG " or " CLB_RUN;
    if (path == NULL || path[0] == '\0')
        return "path: it is empty";
    const struct lines_limits limits = read_limits(settings);
    self->lines = lines_create(path, &limits);
    return self->lines != NULL ? NULL : "no memory";
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    struct instance *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        snprintf(error->text, sizeof(error->text), "no memory");
        return CLB_FAILED;
    }
    self->host = host;
    self->log = host->get_service(host, CLB_LOG);
    self->run = host->get_service(host, CLB_RUN);
    const char *problem = fill(self, settings);
    if (problem == NULL) {
        *instance = self;
        return CLB_OK;
    }
    snprintf(error->text, sizeof(error->text), "%s", problem);
    destroy(self);
    return CLB_FAILED;
}

static void tell_what_was_cut(struct instance *self)
{
    char text[128];
    int64_t bytes = lines_take_cut_bytes(self->lines);
    if (bytes == 0)
        return;
    snprintf(text, sizeof(text), "cut %lld bytes of a torn last line off; it is written again",
             (long long)bytes);
    self->log->write(self->host, CLB_LOG_WARNING, text);
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    int32_t status = lines_open(self->lines, error);
    tell_what_was_cut(self);
    return status;
}

static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct instance *self = data;
    int32_t status = lines_append(self->lines, batch, &delivery->accepted, error);
    delivery->outcome = status == CLB_OK ? CLB_DELIVERED : CLB_RETRY;
    tell_what_was_cut(self);
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    return self->run->wait(self->host, max_ms);
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    lines_close(self->lines);
}

static const clb_sink sink = {.create = create,
                              .start = start,
                              .deliver = deliver,
                              .wait = wait,
                              .stop = stop,
                              .destroy = destroy};

static const void *CLB_CALL get_interface(const char *id)
{
    return id != NULL && strcmp(id, CLB_SINK) == 0 ? &sink : NULL;
}

static const clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = "file",
    .version = CLOCKBLOCK_VERSION,
    .description = "Appends heartbeats to a file, one JSON object per line",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
