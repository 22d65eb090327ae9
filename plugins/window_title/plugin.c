/* SPDX-License-Identifier: MIT */
/* window_title: a game is played when the window that has the focus is one of a rule. */
#include "match.h"
#include "window.h"

#include "../desktop/sources.h"
#include "../desktop/text.h"

#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name of a process says more. */
enum { CONFIDENCE = 60 };
enum { SUBJECT_BYTES = 128, PROGRAM_SHOWN = 60 }; /* the host takes 127 bytes of a subject */

/* A source that this build is without is known by its name. */
#ifndef WINDOW_TITLE_WAYLAND
#define WINDOW_TITLE_WAYLAND NULL
#endif
#ifndef WINDOW_TITLE_GNOME
#define WINDOW_TITLE_GNOME NULL
#endif
#ifndef WINDOW_TITLE_X11
#define WINDOW_TITLE_X11 NULL
#endif
static const struct sources_entry entries[] = {
    {"wayland", WINDOW_TITLE_WAYLAND}, {"gnome", WINDOW_TITLE_GNOME}, {"x11", WINDOW_TITLE_X11}};

struct instance {
    struct sources_host in;
    const clb_log *log; /* NULL: the host has none */
    struct match_rules *rules;
    struct desktop_settings settings; /* its texts are in `texts` */
    struct sources sources;
    bool keeps_titles;
    char *texts[4]; /* owned; NULL: unset */
};

#define OPTION(NAME, TYPE, HELP, ...)                                                              \
    static const clb_option NAME = {.size = sizeof(clb_option),                                    \
                                    .type = CLB_OPTION_##TYPE,                                     \
                                    .key = #NAME,                                                  \
                                    .help = (HELP),                                                \
                                    __VA_ARGS__}

OPTION(activity, STRING,
       "what is played, as it shows up in the account; $1 or ${name}: what a group of the pattern "
       "took",
       .flags = CLB_OPTION_REQUIRED);
OPTION(title, LIST, "patterns (PCRE2), one of which is found in the title of the window",
       .flags = 0);
OPTION(app, LIST,
       "patterns, one of which is found in the name of its program: class on X11, app_id on "
       "Wayland",
       .flags = 0);
OPTION(exclude, LIST, "patterns; a window that has one in its title or app is not it", .flags = 0);
OPTION(fullscreen, BOOL, "only a window that fills the screen, which GNOME never tells of one",
       .default_text = "false");
static const clb_option *const rule_fields[] = {&activity, &title,      &app,
                                                &exclude,  &fullscreen, NULL};

OPTION(rules, GROUPS,
       "which windows are games; upper and lower case are the same, and of several that match, the "
       "first names the activity",
       .fields = rule_fields);
OPTION(keep_titles, BOOL,
       "true: shows titles in why somebody counts as playing, and lets an activity take pieces of "
       "them, which are stored and sent",
       .default_text = "false");
OPTION(sources, LIST, "how windows are seen: wayland, gnome, x11; the first that knows",
       .default_text = "all");
OPTION(x11_display, STRING,
       "the X server, such as :0; unset: that of the session, or of who is logged in", .flags = 0);
OPTION(wayland_display, STRING,
       "the Wayland compositor, such as wayland-0; unset: that of the session, or of who is logged "
       "in",
       .flags = 0);
OPTION(session_bus, STRING, "the address of the session's bus; unset: where it usually is",
       .flags = 0);
OPTION(run_root, PATH, "where the sockets of sessions are; for tests and containers",
       .default_text = "/run");
static const clb_option *const option_table[] = {
    &rules, &keep_titles, &sources, &x11_display, &wayland_display, &session_bus, &run_root, NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    sources_finish(&self->sources);
    match_destroy(self->rules);
    for (size_t i = 0; i < sizeof(self->texts) / sizeof(self->texts[0]); i++)
        free(self->texts[i]);
    free(self);
}

static bool refuse(clb_error *error, const char *why)
{
    snprintf(error->text, sizeof(error->text), "%s", why);
    return false;
}

/* NULL in `to`: it is unset, or empty. False: no memory. */
static bool keep_text(struct instance *self, int at, const clb_settings *settings, const char *key,
                      const char **to)
{
    const char *text = clb_setting_text(settings, key);
    if (text == NULL || text[0] == '\0')
        return true;
    size_t bytes = strlen(text) + 1;
    self->texts[at] = malloc(bytes);
    if (self->texts[at] == NULL)
        return false;
    memcpy(self->texts[at], text, bytes);
    *to = self->texts[at];
    return true;
}

static bool fill(struct instance *self, const clb_settings *settings, clb_error *error)
{
    struct desktop_settings *to = &self->settings;
    if (self->in.clock == NULL || self->in.run == NULL)
        return refuse(error, "the host lacks " CLB_CLOCK " or " CLB_RUN);
    if (!keep_text(self, 0, settings, "x11_display", &to->x11_display) ||
        !keep_text(self, 1, settings, "wayland_display", &to->wayland_display) ||
        !keep_text(self, 2, settings, "session_bus", &to->session_bus) ||
        !keep_text(self, 3, settings, "run_root", &to->run_root))
        return refuse(error, "no memory");
    if (to->run_root == NULL)
        return refuse(error, "run_root: it is empty");
    self->keeps_titles = clb_setting_integer(settings, "keep_titles") != 0;
    self->rules = match_create(settings, error);
    return self->rules != NULL &&
           sources_init(&self->sources, entries, sizeof(entries) / sizeof(entries[0]),
                        clb_setting_find(settings, "sources"), to, &self->in, error);
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
    self->log = host->get_service(host, CLB_LOG);
    if (!fill(self, settings, error)) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

static void say(const struct instance *self, int32_t level, const char *text)
{
    if (self->log != NULL)
        self->log->write(self->in.host, level, text);
}

/* Displays come and go: each poll says what is there. Without rules one can see what there is to
 * write rules about. */
static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    (void)error;
    if (match_count(self->rules) == 0)
        say(self, CLB_LOG_WARNING, "it has no rules, so that it is never active");
    sources_start(&self->sources);
    return CLB_OK;
}

static void log_slow(struct instance *self)
{
    char text[400];
    int rule;
    const char *pattern;
    while (match_next_slow(self->rules, &rule, &pattern)) {
        snprintf(text, sizeof(text),
                 "rules[%d]: the pattern \"%.200s\" takes too long on a title, and is not used any "
                 "more: write a simpler one",
                 rule, pattern);
        say(self, CLB_LOG_WARNING, text);
    }
}

/* Which window, and by which rule: without its title, unless the user wants to keep it. What is too
 * long is cut at its end, the title. */
static void describe(const struct instance *self, const struct window *window,
                     const struct match *match, char subject[SUBJECT_BYTES])
{
    char program[PROGRAM_SHOWN];
    char by[32] = "";
    char text[WINDOW_TITLE_BYTES + SUBJECT_BYTES];
    bool shows_title = self->keeps_titles && window->title[0] != '\0';
    if (match->rule >= 0)
        snprintf(by, sizeof(by), ", rules[%d]", match->rule);
    desktop_text_utf8(program, sizeof(program), window->app, strlen(window->app));
    snprintf(text, sizeof(text), "window of %s%s%s%s",
             program[0] != '\0' ? program : "an unknown program", by, shows_title ? ": " : "",
             shows_title ? window->title : "");
    desktop_text_utf8(subject, SUBJECT_BYTES, text, strlen(text));
}

static void tell(const struct instance *self, const clb_poll *call, const struct window *window,
                 const struct match *match)
{
    char subject[SUBJECT_BYTES] = "no window has the focus";
    if (window->is_focused)
        describe(self, window, match, subject);
    clb_observation observation = {.size = sizeof(observation),
                                   .state = match->rule >= 0 ? CLB_ACTIVE : CLB_INACTIVE,
                                   .confidence = CONFIDENCE,
                                   .activity = match->activity[0] != '\0' ? match->activity : NULL,
                                   .subject = subject};
    call->emit(call, &observation);
}

static int32_t CLB_CALL poll(void *data, const clb_poll *call, clb_error *error)
{
    struct instance *self = data;
    struct window window = {.is_focused = false};
    if (!sources_look_first(&self->sources, &window)) {
        sources_why(&self->sources, error->text, sizeof(error->text));
        return CLB_UNAVAILABLE;
    }
    struct match match = match_window(self->rules, &window);
    log_slow(self);
    tell(self, call, &window, &match);
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

static const clb_detector detector = {.role = CLB_ROLE_EVIDENCE,
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
    .id = "window_title",
    .version = CLOCKBLOCK_VERSION,
    .description = "Notices games by the window that has the focus",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
