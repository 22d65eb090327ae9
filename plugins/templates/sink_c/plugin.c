/* SPDX-License-Identifier: MIT */
/* append_lines: every record as a line of JSON at the end of a file.
 *
 * To make it yours: another name (here in `plugin`, and in CMakeLists.txt), other settings, and
 * your own way to the receiver in append() and deliver(). */
#define _POSIX_C_SOURCE 200809L
#include <clockblock/services.h>
#include <clockblock/sink.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One for each entry in clockblock.conf that names this plugin: nothing here is global. */
struct instance {
    const clb_host *host;
    const clb_log *log;
    const clb_clock *clock;
    const clb_run *run;
    char *path; /* owned */
    int file;   /* -1: closed */
};

/* The agent checks the user's settings against these, and `clockblock plugins describe` prints
 * them. */
static const clb_option file_option = {
    .size = sizeof(clb_option),
    .type = CLB_OPTION_PATH,
    .flags = CLB_OPTION_REQUIRED,
    .key = "file",
    .help = "the file that lines are added to; it is made when it is not there",
};
static const clb_option *const options[] = {&file_option, NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    free(self->path);
    free(self);
}

/* Says what is wrong, or NULL. Settings are borrowed: what is kept of them is copied. */
static const char *fill(struct instance *self, const clb_host *host, const clb_settings *settings)
{
    const char *path = clb_setting_text(settings, "file");
    self->host = host;
    self->log = host->get_service(host, CLB_LOG);
    self->clock = host->get_service(host, CLB_CLOCK);
    self->run = host->get_service(host, CLB_RUN);
    self->file = -1;
    if (self->log == NULL || self->clock == NULL || self->run == NULL)
        return "this agent lacks " CLB_LOG ", " CLB_CLOCK " or " CLB_RUN;
    if (path == NULL || path[0] == '\0')
        return "file: it is empty; name the file to write to";
    self->path = strdup(path);
    return self->path != NULL ? NULL : "no memory";
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    struct instance *self = calloc(1, sizeof(*self));
    const char *problem = self != NULL ? fill(self, host, settings) : "no memory";
    if (problem == NULL) {
        *instance = self;
        return CLB_OK;
    }
    snprintf(error->text, sizeof(error->text), "%s", problem);
    if (self != NULL)
        destroy(self);
    return CLB_FAILED;
}

static int32_t fail(const struct instance *self, const char *what, clb_error *error)
{
    error->code = errno;
    snprintf(error->text, sizeof(error->text), "%.300s: %s: %s", self->path, what, strerror(errno));
    return CLB_FAILED;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    self->file = open(self->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
    return self->file >= 0 ? CLB_OK : fail(self, "cannot be opened", error);
}

/* A record whole or not at all: half a line would spoil the one after it. */
static int32_t append(struct instance *self, const clb_record *record, clb_error *error)
{
    if (record->kind != CLB_RECORD_HEARTBEAT)
        return CLB_OK; /* not for us: it counts as taken */
    off_t end = lseek(self->file, 0, SEEK_END);
    if (end >= 0 && dprintf(self->file, "%s\n", record->json) >= 0)
        return CLB_OK;
    int32_t status = fail(self, "cannot be written", error);
    if (end >= 0 && ftruncate(self->file, end) != 0)
        self->log->write(self->host, CLB_LOG_WARNING, "half a line is left at the end of the file");
    return status;
}

static bool time_is_up(const struct instance *self, const clb_batch *batch, clb_error *error)
{
    if (self->run->cancelled(self->host) == 0 &&
        self->clock->monotonic_ms(self->host) < batch->deadline_ms)
        return false;
    snprintf(error->text, sizeof(error->text), "there was no time for all of it");
    return true;
}

/* Leading records that are in the file, and how it went on. What is not accepted comes again, so a
 * stop in the middle loses nothing. */
static void CLB_CALL deliver(void *data, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct instance *self = data;
    uint32_t taken = 0;
    while (taken < batch->count && !time_is_up(self, batch, error) &&
           append(self, batch->records[taken], error) == CLB_OK)
        taken++;
    /* Only durable is taken: not before the disk has it. */
    if (taken > 0 && fsync(self->file) != 0) {
        fail(self, "cannot be brought to the disk", error);
        taken = 0;
    }
    delivery->accepted = taken;
    delivery->outcome = taken == batch->count ? CLB_DELIVERED : CLB_RETRY;
}

/* A plugin with something to wait for, such as a socket, waits for it beside run->wake_handle(). */
static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    return self->run->wait(self->host, max_ms);
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    close(self->file);
    self->file = -1;
}

static const clb_sink sink = {.create = create,
                              .start = start,
                              .deliver = deliver,
                              .wait = wait,
                              .stop = stop,
                              .destroy = destroy};

static const void *CLB_CALL get_interface(const char *id)
{
    return strcmp(id, CLB_SINK) == 0 ? &sink : NULL;
}

static const clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = "append_lines",
    .version = "1.0.0",
    .description = "Adds every heartbeat to a file, as a line of JSON",
    .options = options,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
