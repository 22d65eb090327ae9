/* SPDX-License-Identifier: MIT */
/*
 * The configuration: clockblock.conf, the environment and the command line, checked and made one.
 *
 * It is read into a tree of nodes that remember where they came from, and that tree is checked
 * against tables of options (clb_option of clockblock/plugin.h). The agent's own settings are such
 * tables, and so are those of each plugin, which `plugin` brings later through config_settings().
 * Every problem goes into one list, so that a user sees all of them in one run.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "error.h"
#include "log.h"
#include "platform/file.h"
#include "record/heartbeat.h"
#include <clockblock/plugin.h>

#include <stdbool.h>
#include <stdint.h>

struct config_node; /* a setting or a group, as it was written */

/* ---- Problems -------------------------------------------------------------------------------- */

struct config_problems {
    int count;
    int *lines;       /* owned; where each stands, to keep them in order */
    char **sentences; /* owned; "clockblock.conf:23: detectors.games: unknown setting ..." */
    int warnings_count;
    char **warnings; /* owned; what is odd, but no reason to refuse */
};
void config_problems_finish(struct config_problems *problems);

/* Adds a problem at the place where `node` was written: file and line, environment or command line.
 */
__attribute__((format(printf, 3, 4))) void config_problem(struct config_problems *problems,
                                                          const struct config_node *node,
                                                          const char *format, ...);

/* The same for what is odd, but no reason to refuse. */
__attribute__((format(printf, 3, 4))) void config_warning(struct config_problems *problems,
                                                          const struct config_node *node,
                                                          const char *format, ...);

/* The nearest of `names` (NULL-terminated) to a mistyped one, or NULL when none is near. */
const char *config_nearest(const char *name, const char *const *names);

/* ---- The agent's settings -------------------------------------------------------------------- */

enum { CONFIG_WEEKDAYS = 7, CONFIG_UNLIMITED = -1 };

struct config_allowance_date {
    int32_t date; /* days since 1970-01-01 */
    int32_t minutes;
};

/* One entry of detectors or sinks. */
struct config_instance {
    char name[INSTANCE_CAPACITY];
    char *plugin; /* owned; NULL: there was a problem */
    bool enabled;
    int64_t interval_ms;            /* detectors */
    bool start_now;                 /* sinks: start = "now" */
    int64_t sync_interval_ms;       /* sinks */
    int64_t timeout_ms;             /* sinks */
    int32_t batch_limit;            /* sinks; 0: unset */
    const struct config_node *node; /* the whole group, host's keys too; borrowed from the config */
};

struct config {
    char *file;   /* owned; what was read, absolute, or "built-in clockblock.conf" */
    char *folder; /* owned; that paths are relative to */
    char device_id[DEVICE_CAPACITY];
    char db_path[PATH_CAPACITY]; /* absolute */
    int32_t poll_interval_sec;
    int32_t retention_days;
    char *playing_when;                          /* owned; NULL: unset */
    const struct config_node *playing_when_node; /* for messages; NULL: unset */

    char *timezone;                          /* owned: "local", "UTC" or an IANA name */
    const struct config_node *timezone_node; /* may be NULL */
    int32_t day_starts_at_sec;
    int32_t allowance_min[CONFIG_WEEKDAYS];        /* Monday first; CONFIG_UNLIMITED */
    struct config_allowance_date *allowance_dates; /* owned, in order of date */
    int allowance_dates_count;

    struct config_instance *detectors; /* owned, in order of the file */
    int detectors_count;
    struct config_instance *sinks; /* owned */
    int sinks_count;

    char *api_host; /* owned */
    int32_t api_port;
    char *api_token_file;       /* owned, absolute; NULL: unset */
    char **api_allowed_origins; /* owned, NULL-terminated */
    int32_t commit_interval_sec;
    int32_t store_max_mb; /* 0: no cap */
    enum log_level log_level;
    enum log_format log_format;
    char *log_file;                          /* owned, absolute; NULL: standard error */
    const struct config_node *log_file_node; /* may be NULL */
    char **plugin_dirs;                      /* owned, absolute, NULL-terminated */

    struct config_node *root; /* owned */
};

struct config_options {
    const char *file; /* from --config; NULL: look in the usual places, then the built-in one */
    const char *const *sets;  /* "path=value" of each --set, NULL-terminated; NULL: none */
    char *const *environment; /* "NAME=value", NULL-terminated; NULL: none */
};

/* Reads and checks everything but the settings of plugins. Returns EXIT_CODE_CONFIG when there is a
 * problem; `problems` then holds them all, and *config is NULL unless the problems are only
 * semantic (so that the plugins' settings can still be checked for more of them). Owned by the
 * caller. */
int config_load(struct config **config, const struct config_options *options,
                struct config_problems *problems);
void config_unload(struct config *config); /* NULL is fine */

/* ---- Settings of a plugin -------------------------------------------------------------------- */

/* Checks a group against a NULL-terminated table of options, and builds the tree that create()
 * gets. `where` names the group in messages: "detectors.games". Keys in `host_keys`
 * (NULL-terminated, may be NULL) belong to the host and are passed over. Paths become absolute.
 * Returns NULL and adds to `problems` when something is wrong. Owned by the caller. */
clb_settings *config_settings(const struct config *config, const struct config_node *group,
                              const char *where, const clb_option *const *options,
                              const char *const *host_keys, struct config_problems *problems);
void config_settings_destroy(clb_settings *settings); /* NULL is fine */

/* The same from nothing but "key=value" texts, NULL-terminated, as --set has them: of two for one
 * key the later one counts. Paths are relative to `folder`. */
clb_settings *config_settings_of_sets(const char *folder, const char *const *sets,
                                      const clb_option *const *options,
                                      struct config_problems *problems);

/* The keys of the host in a detector and in a sink, and the options behind them, NULL-terminated,
 * static. */
extern const char *const config_detector_keys[];
extern const char *const config_sink_keys[];
extern const clb_option *const config_detector_options[];
extern const clb_option *const config_sink_options[];

/* Copies an option of a plugin that may be older and shorter than ours, or newer and longer. False:
 * its type is of a later version, and it is passed over. */
bool config_option_read(const clb_option *given, clb_option *option);

/* Says in `problem` what is wrong with an option table itself (a plugin's bug): a key twice, a key
 * of the host, a default that does not parse. False when it is sound. */
bool config_options_broken(const clb_option *const *options, const char *const *host_keys,
                           struct error *problem);

#endif
