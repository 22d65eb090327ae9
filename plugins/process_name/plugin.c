/* SPDX-License-Identifier: MIT */
/* process_name: a game is running when a process with its name is. */
#include "rules.h"
#include "scan.h"
#include "users.h"

#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct instance {
    const clb_host *host;
    const clb_clock *clock;
    const clb_run *run;
    struct rules *rules;
    struct scan *scan;
};

static const clb_option rule_options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .flags = CLB_OPTION_REQUIRED,
     .key = "activity",
     .help = "what is played, as it shows up in the account"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_LIST,
     .flags = CLB_OPTION_REQUIRED,
     .key = "process",
     .help = "names of programs; upper and lower case are the same"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .key = "arguments",
     .help = "a part of the command line, for programs that run many things, such as java"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_LIST,
     .key = "exclude",
     .help = "names of programs that are not it, though they match"},
};
static const clb_option *const rule_fields[] = {&rule_options[0], &rule_options[1],
                                                &rule_options[2], &rule_options[3], NULL};

static const clb_option options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_GROUPS,
     .key = "rules",
     .default_text = "( { activity = \"Minecraft\"; process = [ \"Minecraft.exe\" ]; } )",
     .help = "what to look for; of several that match, the first names the activity",
     .fields = rule_fields},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_LIST,
     .key = "users",
     .help = "names or ids of the users whose processes count; unset: the agent's own user, and "
             "all people (no system accounts) when that is root"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "proc_root",
     .default_text = "/proc",
     .help = "where the process file system is mounted; for tests and containers"},
};
static const clb_option *const option_table[] = {&options[0], &options[1], &options[2], NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    scan_destroy(self->scan);
    rules_destroy(self->rules);
    free(self);
}

static bool fill(struct instance *self, const clb_settings *settings, clb_error *error)
{
    struct users users;
    if (self->clock == NULL || self->run == NULL) {
        snprintf(error->text, sizeof(error->text), "the host lacks %s or %s", CLB_CLOCK, CLB_RUN);
        return false;
    }
    const char *proc_root = clb_setting_text(settings, "proc_root");
    if (proc_root == NULL) {
        snprintf(error->text, sizeof(error->text), "proc_root: it is empty");
        return false;
    }
    self->rules = rules_create(settings, error);
    if (self->rules == NULL || !users_find(&users, clb_setting_find(settings, "users"), error))
        return false;
    self->scan = scan_create(proc_root, self->rules, &users);
    if (self->scan == NULL)
        snprintf(error->text, sizeof(error->text), "no memory");
    return self->scan != NULL;
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
    self->clock = host->get_service(host, CLB_CLOCK);
    self->run = host->get_service(host, CLB_RUN);
    if (!fill(self, settings, error)) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    (void)data;
    (void)error;
    return CLB_OK;
}

struct emitter {
    const struct instance *self;
    const clb_poll *poll;
};

static void found(int rule, int confidence, const char *program, int64_t pid, void *context)
{
    const struct emitter *emitter = context;
    char subject[160];
    snprintf(subject, sizeof(subject), "%.100s (pid %lld)", program, (long long)pid);
    clb_observation observation = {.size = sizeof(observation),
                                   .state = CLB_ACTIVE,
                                   .confidence = confidence,
                                   .activity = rules_activity(emitter->self->rules, rule),
                                   .subject = subject};
    emitter->poll->emit(emitter->poll, &observation);
}

static int32_t CLB_CALL poll(void *data, const clb_poll *call, clb_error *error)
{
    struct instance *self = data;
    struct emitter emitter = {self, call};
    return scan_poll(self->scan, self->clock->monotonic_ms(self->host), found, &emitter, error);
}

static int32_t CLB_CALL wait(void *data, int64_t max_ms)
{
    struct instance *self = data;
    return self->run->wait(self->host, max_ms);
}

static void CLB_CALL stop(void *data)
{
    struct instance *self = data;
    scan_close(self->scan);
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
    .id = "process_name",
    .version = "0.1.0",
    .description = "Notices games by the names of their processes",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
