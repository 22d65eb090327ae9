/* SPDX-License-Identifier: MIT */
/* process_name: a game is running when a process is that has its name, or that Steam started. */
#include "installed.h"
#include "rules.h"
#include "scan.h"
#include "text_file.h"
#include "titles.h"
#include "users.h"

#include <clockblock/detector.h>
#include <clockblock/services.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GAMES_BYTES_MAX = 1024 * 1024 };

#define STEAM_APP_MAX 4294967295.0 /* what others added to Steam has numbers of 32 bits */

struct instance {
    const clb_host *host;
    const clb_clock *clock;
    const clb_run *run;
    const clb_log *log; /* NULL: the host has none */
    struct rules *rules;
    struct scan *scan;
    struct titles *titles;
    char *games_file; /* owned; NULL: there is no list to be read (any more) */
    bool own_file;    /* the user named it */
};

static const clb_option rule_options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .flags = CLB_OPTION_REQUIRED,
     .key = "activity",
     .help = "what is played, as it shows up in the account"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_LIST,
     .key = "process",
     .help = "names of programs; upper and lower case are the same"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_STRING,
     .key = "arguments",
     .help = "a part of the command line, for programs that run many things, such as java"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_INT,
     .key = "steam_app",
     .help = "the number of a Steam app, as its page in the shop has it",
     .minimum = 1,
     .maximum = STEAM_APP_MAX},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_LIST,
     .key = "exclude",
     .help = "names of programs that are not it, though they match"},
};
static const clb_option *const rule_fields[] = {
    &rule_options[0], &rule_options[1], &rule_options[2], &rule_options[3], &rule_options[4], NULL};

static const clb_option options[] = {
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_GROUPS,
     .key = "rules",
     .help = "what to look for besides the known games, or under another name than theirs; of "
             "several that match, the first names the activity",
     .fields = rule_fields},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_BOOL,
     .key = "known_games",
     .default_text = "true",
     .help = "counts the games of the list that comes with the program; false: only what rules and "
             "steam say"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "games_file",
     .help = "another list of games than that one, written like it"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_BOOL,
     .key = "steam",
     .default_text = "true",
     .help = "counts whatever Steam runs, by its title; false: only what has a rule"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "steam_dir",
     .help = "where Steam keeps its games; unset: at its usual places in the home of who plays"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_LIST,
     .key = "users",
     .help = "names or ids of the users whose processes count; unset: the agent's own user, and "
             "all people (no system accounts) when that is root or a service's"},
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_PATH,
     .key = "proc_root",
     .default_text = "/proc",
     .help = "where the process file system is mounted; for tests and containers"},
};
static const clb_option *const option_table[] = {&options[0], &options[1], &options[2], &options[3],
                                                 &options[4], &options[5], &options[6], NULL};

static void CLB_CALL destroy(void *data)
{
    struct instance *self = data;
    scan_destroy(self->scan);
    titles_destroy(self->titles);
    rules_destroy(self->rules);
    free(self->games_file);
    free(self);
}

/* The list is read by start(): create() opens nothing. False: no memory. */
static bool fill_games(struct instance *self, const clb_settings *settings)
{
    const char *file = clb_setting_text(settings, "games_file");
    self->own_file = file != NULL && file[0] != '\0';
    if (clb_setting_integer(settings, "known_games") == 0)
        return true;
    self->games_file = self->own_file ? strdup(file) : installed_path(PROCESS_NAME_GAMES_FILE);
    return self->games_file != NULL;
}

static bool has_something_to_look_for(const struct instance *self, clb_error *error)
{
    if (rules_count(self->rules) > 0 || rules_want_steam(self->rules) || self->games_file != NULL)
        return true;
    snprintf(error->text, sizeof(error->text),
             "rules: there is nothing to look for; it needs one group at least, such as { activity "
             "= \"Minecraft\"; process = [ \"Minecraft.exe\" ]; }, or known_games or steam");
    return false;
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
    const char *steam_dir = clb_setting_text(settings, "steam_dir");
    self->scan = scan_create(proc_root, self->rules, &users);
    self->titles = titles_create(steam_dir != NULL && steam_dir[0] != '\0' ? steam_dir : NULL);
    if (self->scan == NULL || self->titles == NULL || !fill_games(self, settings)) {
        snprintf(error->text, sizeof(error->text), "no memory");
        return false;
    }
    return has_something_to_look_for(self, error);
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
    self->log = host->get_service(host, CLB_LOG);
    if (!fill(self, settings, error)) {
        destroy(self);
        return CLB_FAILED;
    }
    *instance = self;
    return CLB_OK;
}

/* A program that was not installed, but built, has no list: it goes on without. */
static int32_t games_are_missing(struct instance *self, const char *problem, clb_error *error)
{
    char text[sizeof(error->text)];
    snprintf(text, sizeof(text), "the list of games %.300s cannot be read: %.100s",
             self->games_file, problem);
    if (self->own_file) {
        snprintf(error->text, sizeof(error->text), "%s", text);
        return CLB_FAILED;
    }
    if (self->log != NULL)
        self->log->write(self->host, CLB_LOG_INFO, text);
    return CLB_OK;
}

static int32_t CLB_CALL start(void *data, clb_error *error)
{
    struct instance *self = data;
    const char *problem = "";
    clb_error wrong = {.size = sizeof(wrong)};
    size_t length;
    if (self->games_file == NULL)
        return CLB_OK;
    char *text = text_file_read(self->games_file, GAMES_BYTES_MAX, &length, &problem);
    if (text == NULL)
        return games_are_missing(self, problem, error);
    bool is_good = rules_add_games(self->rules, text, &wrong);
    free(text);
    if (!is_good) {
        snprintf(error->text, sizeof(error->text), "%.300s, %.150s", self->games_file, wrong.text);
        return CLB_FAILED;
    }
    free(self->games_file); /* read once, whatever else starts and stops */
    self->games_file = NULL;
    return CLB_OK;
}

struct emitter {
    struct instance *self;
    const clb_poll *poll;
    int64_t now_ms;
};

/* The number is all there is of a Steam app without a title. */
static const char *title_of(const struct emitter *emitter, const struct scan_game *game,
                            char number[32])
{
    if (game->rule >= 0)
        return rules_activity(emitter->self->rules, game->rule);
    const char *title =
        titles_find(emitter->self->titles, game->uid, game->steam_app, emitter->now_ms);
    snprintf(number, 32, "Steam app %lld", (long long)game->steam_app);
    return title != NULL ? title : number;
}

static void found(const struct scan_game *game, void *context)
{
    const struct emitter *emitter = context;
    char number[32];
    char subject[160];
    const char *title = title_of(emitter, game, number);
    int sure = title == number ? CONFIDENCE_STEAM_UNNAMED : CONFIDENCE_STEAM;
    int used =
        snprintf(subject, sizeof(subject), "%.90s (pid %lld", game->program, (long long)game->pid);
    if (game->steam_app != 0)
        snprintf(subject + used, sizeof(subject) - (size_t)used, ", Steam app %lld)",
                 (long long)game->steam_app);
    else
        snprintf(subject + used, sizeof(subject) - (size_t)used, ")");
    clb_observation observation = {.size = sizeof(observation),
                                   .state = CLB_ACTIVE,
                                   .confidence = game->confidence > 0 ? game->confidence : sure,
                                   .activity = title,
                                   .subject = subject};
    emitter->poll->emit(emitter->poll, &observation);
}

static int32_t CLB_CALL poll(void *data, const clb_poll *call, clb_error *error)
{
    struct instance *self = data;
    struct emitter emitter = {self, call, self->clock->monotonic_ms(self->host)};
    return scan_poll(self->scan, emitter.now_ms, found, &emitter, error);
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
    .version = CLOCKBLOCK_VERSION,
    .description = "Notices games by the names of their processes",
    .options = option_table,
    .get_interface = get_interface,
};

const clb_plugin *CLB_CALL clockblock_plugin_entry(const clb_probe *probe)
{
    (void)probe;
    return &plugin;
}
