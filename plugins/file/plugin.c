/* SPDX-License-Identifier: MIT */
/* file: one JSON object per line, each batch on disk before it counts as taken. */
#include "lines.h"

#include <clockblock/services.h>
#include <clockblock/sink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct instance {
    const clb_host *host;
    const clb_run *run;
    struct lines *lines;
};

static const clb_option path_option = {.size = sizeof(clb_option),
                                       .type = CLB_OPTION_PATH,
                                       .flags = CLB_OPTION_REQUIRED,
                                       .key = "path",
                                       .help =
                                           "the file; relative to the folder of the configuration"};
static const clb_option *const option_table[] = {&path_option, NULL};

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    const char *path = clb_setting_text(settings, "path");
    struct instance *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return CLB_FAILED;
    self->host = host;
    self->run = host->get_service(host, CLB_RUN);
    if (self->run == NULL || path == NULL) {
        snprintf(error->text, sizeof(error->text), "%s",
                 path == NULL ? "path: it is empty" : "the host lacks " CLB_RUN);
        free(self);
        return CLB_FAILED;
    }
    self->lines = lines_create(path);
    *instance = self;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    return lines_open(self->lines, error);
}

static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct instance *self = data;
    if (lines_append(self->lines, batch, error) == CLB_OK) {
        delivery->accepted = batch->count;
        delivery->outcome = CLB_DELIVERED;
    } else {
        delivery->outcome = CLB_RETRY;
    }
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

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    lines_destroy(self->lines);
    free(self);
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
    .version = "0.1.0",
    .description = "Appends heartbeats to a file, one JSON object per line",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
