/* SPDX-License-Identifier: MIT */
/* idle: nobody has touched the machine for a while, or its screen is locked. It qualifies what
 * others see, and what it cannot know is not idle. */
#include "../desktop/sources.h"
#include "combine.h"

#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIDENCE = 90, CONFIDENCE_ROUGH = 60 };

/* A source that this build is without is known by its name. */
#ifndef IDLE_X11
#define IDLE_X11 NULL
#endif
#ifndef IDLE_WAYLAND
#define IDLE_WAYLAND NULL
#endif
#ifndef IDLE_GNOME
#define IDLE_GNOME NULL
#endif
#ifndef IDLE_LOGIND
#define IDLE_LOGIND NULL
#endif
static const struct sources_entry entries[] = {{"x11", IDLE_X11},
                                               {"wayland", IDLE_WAYLAND},
                                               {"gnome", IDLE_GNOME},
                                               {"logind", IDLE_LOGIND},
                                               {"gamepads", &input_gamepads}};
enum { ENTRIES = sizeof(entries) / sizeof(entries[0]) };

struct instance {
    struct sources_host in;
    struct desktop_settings settings; /* its texts are in `texts` */
    char *texts[7];                   /* owned */
    int text_count;
    struct sources sources;
};

#define OPTION(NAME, TYPE, HELP, ...)                                                              \
    static const clb_option NAME = {.size = sizeof(clb_option),                                    \
                                    .type = CLB_OPTION_##TYPE,                                     \
                                    .key = #NAME,                                                  \
                                    .help = (HELP),                                                \
                                    __VA_ARGS__}

OPTION(threshold_sec, DURATION, "idle is who has touched nothing for so long",
       .default_text = "300", .minimum = 1, .maximum = 24 * 60 * 60);
OPTION(sources, LIST,
       "who is asked: x11, wayland, gnome, logind (also for the lock), gamepads; all of them",
       .default_text = "all");
OPTION(x11_display, STRING, "the X server, such as \":0\"; unset: it is found", .flags = 0);
OPTION(wayland_display, STRING,
       "the socket of the Wayland compositor, such as \"wayland-0\"; unset: it is found",
       .flags = 0);
OPTION(session_bus, STRING, "the address of the session's bus, for GNOME; unset: it is found",
       .flags = 0);
OPTION(system_bus, STRING, "the address of the bus that logind is on; unset: the system's",
       .flags = 0);
OPTION(run_root, PATH, "where sockets of the system and of users are; for tests and containers",
       .default_text = "/run");
OPTION(sys_root, PATH, "where the file system of devices is mounted; for tests and containers",
       .default_text = "/sys");
OPTION(dev_root, PATH, "where the devices themselves are; for tests and containers",
       .default_text = "/dev");
static const clb_option *const option_table[] = {
    &threshold_sec, &sources,  &x11_display, &wayland_display, &session_bus,
    &system_bus,    &run_root, &sys_root,    &dev_root,        NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    sources_finish(&self->sources);
    for (int i = 0; i < self->text_count; i++)
        free(self->texts[i]);
    free(self);
}

static bool refuse(clb_error *error, const char *why)
{
    snprintf(error->text, sizeof(error->text), "%s", why);
    return false;
}

/* A copy that lives as long as the instance. False: no memory. */
static bool keep(struct instance *self, const clb_settings *settings, const char *key,
                 const char **kept)
{
    const char *text = clb_setting_text(settings, key);
    *kept = NULL;
    if (text == NULL || text[0] == '\0')
        return true;
    char *copy = strdup(text);
    if (copy == NULL)
        return false;
    self->texts[self->text_count++] = copy;
    *kept = copy;
    return true;
}

static bool fill(struct instance *self, const clb_settings *settings, clb_error *error)
{
    struct desktop_settings *to = &self->settings;
    if (self->in.clock == NULL || self->in.run == NULL)
        return refuse(error, "the host lacks " CLB_CLOCK " or " CLB_RUN);
    if (!keep(self, settings, "x11_display", &to->x11_display) ||
        !keep(self, settings, "wayland_display", &to->wayland_display) ||
        !keep(self, settings, "session_bus", &to->session_bus) ||
        !keep(self, settings, "system_bus", &to->system_bus) ||
        !keep(self, settings, "run_root", &to->run_root) ||
        !keep(self, settings, "sys_root", &to->sys_root) ||
        !keep(self, settings, "dev_root", &to->dev_root))
        return refuse(error, "no memory");
    if (to->run_root == NULL || to->sys_root == NULL || to->dev_root == NULL)
        return refuse(error, "run_root, sys_root, dev_root: one of them is empty");
    to->idle_after_ms = clb_setting_integer(settings, "threshold_sec");
    if (to->idle_after_ms < 1000)
        return refuse(error, "threshold_sec: 1 or more");
    return sources_init(&self->sources, entries, ENTRIES, clb_setting_find(settings, "sources"), to,
                        &self->in, error);
}

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    struct instance *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        refuse(error, "no memory");
        return CLB_FAILED;
    }
    self->in = (struct sources_host){.host = host,
                                     .clock = host->get_service(host, CLB_CLOCK),
                                     .run = host->get_service(host, CLB_RUN)};
    if (!fill(self, settings, error)) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

/* A display may come later, with a login: each poll says what is there. */
static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    (void)error;
    sources_start(&self->sources);
    return CLB_OK;
}

static int look(struct instance *self, struct combine_seen *seen)
{
    int count = 0;
    sources_begin(&self->sources);
    for (int i = 0; i < self->sources.count; i++)
        if (sources_look(&self->sources, i, &seen[count].input))
            seen[count++].name = self->sources.slots[i].name;
    return count;
}

static void tell_why(const struct instance *self, clb_error *error)
{
    sources_why(&self->sources, error->text, sizeof(error->text));
    if (error->text[0] == '\0')
        refuse(error, "game pads alone do not tell that nobody is there");
}

static int32_t CLB_CALL poll(void *data, const clb_poll *call, clb_error *error)
{
    struct instance *self = data;
    struct combine_seen seen[SOURCES_MAX];
    struct combine_answer answer;
    char subject[128];
    if (!combine(seen, look(self, seen), &answer)) {
        tell_why(self, error);
        return CLB_UNAVAILABLE;
    }
    bool is_known = answer.by != NULL;
    bool is_idle = is_known && answer.idle_ms >= self->settings.idle_after_ms;
    bool is_active = is_idle || answer.locked_by != NULL;
    combine_subject(&answer, is_active, subject, sizeof(subject));
    bool is_rough = answer.locked_by == NULL && !answer.is_exact;
    clb_observation observation = {.size = sizeof(observation),
                                   .state = is_active ? CLB_ACTIVE : CLB_INACTIVE,
                                   .confidence = is_rough ? CONFIDENCE_ROUGH : CONFIDENCE,
                                   .value = is_known ? (double)answer.idle_ms / 1000 : 0,
                                   .subject = subject};
    call->emit(call, &observation);
    return CLB_OK;
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    return sources_wait(&self->sources, max_ms);
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    sources_close(&self->sources);
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
    .id = "idle",
    .version = CLOCKBLOCK_VERSION,
    .description = "Tells whether nobody has touched the machine for a while",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
