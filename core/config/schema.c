/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include "config.h"

#define OPTION(TYPE, KEY, DEFAULT, HELP)                                                           \
    {                                                                                              \
        .size = sizeof(clb_option), .type = CLB_OPTION_##TYPE, .key = (KEY),                       \
        .default_text = (DEFAULT), .help = (HELP)                                                  \
    }
#define RANGE(TYPE, KEY, DEFAULT, LOW, HIGH, HELP)                                                 \
    {                                                                                              \
        .size = sizeof(clb_option), .type = CLB_OPTION_##TYPE, .key = (KEY),                       \
        .default_text = (DEFAULT), .help = (HELP), .minimum = (LOW), .maximum = (HIGH)             \
    }
#define REQUIRED(TYPE, KEY, HELP)                                                                  \
    {                                                                                              \
        .size = sizeof(clb_option), .type = CLB_OPTION_##TYPE, .key = (KEY), .help = (HELP),       \
        .flags = CLB_OPTION_REQUIRED                                                               \
    }
#define CHOICE(KEY, DEFAULT, CHOICES, HELP)                                                        \
    {                                                                                              \
        .size = sizeof(clb_option), .type = CLB_OPTION_ENUM, .key = (KEY),                         \
        .default_text = (DEFAULT), .choices = (CHOICES), .help = (HELP)                            \
    }

enum { DAY_MINUTES = 1440 };

static const clb_option root_options[] = {
    OPTION(STRING, "device_id", NULL, "the name of this machine for receivers"),
    OPTION(PATH, "db_path", "clockblock.db", "where the database is"),
    RANGE(INT, "poll_interval_sec", "5", 1, 3600, "seconds between heartbeats"),
    RANGE(INT, "retention_days", "30", 1, 36500, "days that heartbeats are kept for"),
    OPTION(STRING, "playing_when", NULL, "which detectors decide"),
};
const clb_option *const schema_root[] = {&root_options[0], &root_options[1], &root_options[2],
                                         &root_options[3], &root_options[4], NULL};
const char *const schema_groups[] = {"day",   "allowance", "detectors",   "sinks", "api",
                                     "store", "log",       "plugin_dirs", NULL};
static const clb_option plugin_dirs_option =
    OPTION(LIST, "plugin_dirs", "", "more folders with plugins");
const clb_option *const schema_plugin_dirs[] = {&plugin_dirs_option, NULL};

static const clb_option day_options[] = {
    OPTION(STRING, "timezone", "local", "the household's time zone"),
    OPTION(STRING, "starts_at", "00:00", "when a new day begins"),
};
const clb_option *const schema_day[] = {&day_options[0], &day_options[1], NULL};

static const clb_option date_options[] = {
    REQUIRED(STRING, "date", "as 2026-12-25"),
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_INT,
     .key = "minutes",
     .help = "the allowance of that day",
     .flags = CLB_OPTION_REQUIRED,
     .maximum = DAY_MINUTES},
};
static const clb_option *const date_fields[] = {&date_options[0], &date_options[1], NULL};
static const clb_option allowance_options[] = {
    RANGE(INT, "default_min", NULL, 0, DAY_MINUTES, "minutes of every day without its own"),
    RANGE(INT, "monday_min", NULL, 0, DAY_MINUTES, "minutes of Mondays"),
    RANGE(INT, "tuesday_min", NULL, 0, DAY_MINUTES, "minutes of Tuesdays"),
    RANGE(INT, "wednesday_min", NULL, 0, DAY_MINUTES, "minutes of Wednesdays"),
    RANGE(INT, "thursday_min", NULL, 0, DAY_MINUTES, "minutes of Thursdays"),
    RANGE(INT, "friday_min", NULL, 0, DAY_MINUTES, "minutes of Fridays"),
    RANGE(INT, "saturday_min", NULL, 0, DAY_MINUTES, "minutes of Saturdays"),
    RANGE(INT, "sunday_min", NULL, 0, DAY_MINUTES, "minutes of Sundays"),
    {.size = sizeof(clb_option),
     .type = CLB_OPTION_GROUPS,
     .key = "dates",
     .help = "days with an allowance of their own",
     .fields = date_fields},
};
const clb_option *const schema_allowance[] = {&allowance_options[0], &allowance_options[1],
                                              &allowance_options[2], &allowance_options[3],
                                              &allowance_options[4], &allowance_options[5],
                                              &allowance_options[6], &allowance_options[7],
                                              &allowance_options[8], NULL};

static const clb_option api_options[] = {
    OPTION(STRING, "host", "127.0.0.1", "the address that the API listens on"),
    RANGE(INT, "port", "3841", 1, 65535, "the port that the API listens on"),
    OPTION(PATH, "token_file", NULL, "a file with the token that requests have to bring"),
    OPTION(LIST, "allowed_origins", "", "web origins that may read the API"),
};
const clb_option *const schema_api[] = {&api_options[0], &api_options[1], &api_options[2],
                                        &api_options[3], NULL};

static const clb_option store_options[] = {
    RANGE(INT, "commit_interval_sec", "0", 0, 3600, "seconds of heartbeats in one commit"),
    RANGE(INT, "max_mb", "0", 0, 1000000, "megabytes that the database may have; 0: no cap"),
};
const clb_option *const schema_store[] = {&store_options[0], &store_options[1], NULL};

static const char *const levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const formats[] = {"text", "json", NULL};
static const clb_option log_options[] = {
    CHOICE("level", "info", levels, "how much is logged"),
    CHOICE("format", "text", formats, "lines for people or for programs"),
    OPTION(STRING, "file", NULL, "the file that the log goes to; unset: standard error"),
};
const clb_option *const schema_log[] = {&log_options[0], &log_options[1], &log_options[2], NULL};

static const clb_option instance_options[] = {
    REQUIRED(STRING, "plugin", "the name of the plugin that does the work"),
    OPTION(BOOL, "enabled", "true", "whether it is used"),
};
const clb_option *const schema_instance[] = {&instance_options[0], &instance_options[1], NULL};

static const clb_option detector_options[] = {
    RANGE(DURATION, "interval_sec", NULL, 0.1, 3600,
          "seconds between its polls; unset: poll_interval_sec"),
};
const clb_option *const schema_detector[] = {&detector_options[0], NULL};
const clb_option *const config_detector_options[] = {&instance_options[0], &instance_options[1],
                                                     &detector_options[0], NULL};
const char *const config_detector_keys[] = {"plugin", "enabled", "interval_sec", NULL};

static const char *const starts[] = {"oldest", "now", NULL};
static const clb_option sink_options[] = {
    CHOICE("start", "oldest", starts, "where a new sink begins"),
    RANGE(DURATION, "sync_interval_sec", "300", 0.1, 86400, "seconds between deliveries"),
    RANGE(INT, "batch_limit", NULL, 1, 10000, "heartbeats in one delivery at most"),
    RANGE(DURATION, "timeout_sec", "10", 0.1, 600, "seconds that a delivery may take"),
};
const clb_option *const schema_sink[] = {&sink_options[0], &sink_options[1], &sink_options[2],
                                         &sink_options[3], NULL};
const clb_option *const config_sink_options[] = {&instance_options[0],
                                                 &instance_options[1],
                                                 &sink_options[0],
                                                 &sink_options[1],
                                                 &sink_options[2],
                                                 &sink_options[3],
                                                 NULL};
const char *const config_sink_keys[] = {"plugin",      "enabled",     "start", "sync_interval_sec",
                                        "batch_limit", "timeout_sec", NULL};
