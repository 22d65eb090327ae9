/* SPDX-License-Identifier: MIT */
/* marker_file: somebody plays while a file exists. A launcher, a script or a shortcut makes the
 * file before a game, and removes it after.
 *
 * To make it yours: another name (here in `plugin`, and in CMakeLists.txt), other settings, and
 * your own look() at what is going on. */
#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One for each entry in clockblock.conf that names this plugin: nothing here is global. */
struct instance {
    const clb_host *host;
    const clb_log *log;
    const clb_run *run;
    char *file;     /* owned */
    char *activity; /* owned */
};

/* The agent checks the user's settings against these, and `clockblock plugins describe` prints
 * them. */
static const clb_option file_option = {
    .size = sizeof(clb_option),
    .type = CLB_OPTION_PATH,
    .flags = CLB_OPTION_REQUIRED,
    .key = "file",
    .help = "somebody plays while this file exists",
};
static const clb_option activity_option = {
    .size = sizeof(clb_option),
    .type = CLB_OPTION_STRING,
    .key = "activity",
    .default_text = "a game",
    .help = "what is played, as it shows up in the account",
};
static const clb_option *const options[] = {&file_option, &activity_option, NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    free(self->file);
    free(self->activity);
    free(self);
}

/* Settings are borrowed: what is kept of them is copied. An unset text is NULL. */
static char *copy(const char *text)
{
    size_t size = text != NULL ? strlen(text) + 1 : 0;
    char *mine = size > 0 ? malloc(size) : NULL;
    return mine != NULL ? memcpy(mine, text, size) : NULL;
}

/* Says what is wrong, or NULL. */
static const char *fill(struct instance *self, const clb_host *host, const clb_settings *settings)
{
    self->host = host;
    self->log = host->get_service(host, CLB_LOG);
    self->run = host->get_service(host, CLB_RUN);
    if (self->log == NULL || self->run == NULL)
        return "this agent lacks " CLB_LOG " or " CLB_RUN;
    self->file = copy(clb_setting_text(settings, "file"));
    self->activity = copy(clb_setting_text(settings, "activity"));
    if (self->file == NULL || self->activity == NULL)
        return "no memory";
    return self->file[0] != '\0' ? NULL : "file: it is empty; name the file to look for";
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

/* Opens what polling needs: here nothing. */
static int32_t CLB_CALL start(void *data, clb_error *error)
{
    (void)error;
    struct instance *self = data;
    self->log->write(self->host, CLB_LOG_DEBUG, "looks for its file from now on");
    return CLB_OK;
}

/* A longer look asks run->cancelled() twice a second, and is over by poll->deadline_ms. */
static int32_t CLB_CALL poll(void *data, const clb_poll *poll, clb_error *error)
{
    struct instance *self = data;
    struct stat status;
    if (stat(self->file, &status) == 0) {
        clb_observation seen = {.size = sizeof(seen),
                                .state = CLB_ACTIVE,
                                .confidence = 90,
                                .activity = self->activity,
                                .subject = self->file};
        poll->emit(poll, &seen);
        return CLB_OK;
    }
    if (errno == ENOENT)
        return CLB_OK; /* nothing emitted: nobody plays */
    /* Not able to look is another thing than seeing nobody play. */
    error->code = errno;
    snprintf(error->text, sizeof(error->text), "%.300s cannot be looked for: %s", self->file,
             strerror(errno));
    return CLB_UNAVAILABLE;
}

/* A plugin with something to wait for, such as a socket, waits for it beside run->wake_handle(). */
static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    return self->run->wait(self->host, max_ms);
}

/* Closes what start() opened. */
static void CLB_CALL stop(void *data)
{
    (void)data;
}

static const clb_detector detector = {.role = CLB_ROLE_EVIDENCE,
                                      .create = create,
                                      .start = start,
                                      .poll = poll,
                                      .wait = wait,
                                      .stop = stop,
                                      .destroy = destroy};

static const void *CLB_CALL get_interface(const char *id)
{
    return strcmp(id, CLB_DETECTOR) == 0 ? &detector : NULL;
}

static const clb_plugin plugin = {
    .prefix = {CLB_MAGIC, sizeof(clb_plugin), CLB_ABI_MAJOR, CLB_ABI_MINOR, 0},
    .id = "marker_file",
    .version = "1.0.0",
    .description = "Somebody plays while a file exists",
    .options = options,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
