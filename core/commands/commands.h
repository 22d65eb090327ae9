/* SPDX-License-Identifier: MIT */
/* The command line: `clockblock [COMMAND] [OPTIONS]`, one file per command. */
#ifndef COMMANDS_COMMANDS_H
#define COMMANDS_COMMANDS_H

#include "config/config.h"
#include "generation.h"

enum { COMMAND_ARGUMENTS_MAX = 8, COMMAND_SETS_MAX = 64 };

struct command_line {
    const char *command;                          /* NULL: none was given */
    const char *arguments[COMMAND_ARGUMENTS_MAX]; /* behind the command */
    int arguments_count;
    const char *config_file;                /* NULL: unset */
    const char *sets[COMMAND_SETS_MAX + 1]; /* NULL-terminated */
    int sets_count;
    const char *only;     /* plugins check: the one check to run; NULL: all */
    const char *seed;     /* plugins check; NULL: unset */
    const char *date;     /* grant; NULL: today */
    const char *note;     /* grant; NULL: none */
    const char *detector; /* once; NULL: all, and a heartbeat of it */
    bool in_child;        /* plugins check: this is the process for one check */
    bool repair;          /* verify */
    const char *days;     /* report; NULL: unset */
    bool csv;             /* report */
    bool watch;           /* detect */
    bool json;
    bool once;
    bool dry_run;
    bool help;
    bool version;
};

/* Reads argv into `line`. Prints what is wrong and returns EXIT_CODE_USAGE when it cannot. */
int command_line_parse(struct command_line *line, int argc, char **argv);
void command_line_help(void);

/* The whole program: returns the exit code. */
int commands_main(int argc, char **argv);

/* Where the configuration of a command comes from. */
struct config_options command_config(const struct command_line *line);

/* Loads and checks the configuration, and prints what is wrong with it to standard error. */
int command_plan(const struct command_line *line, struct plan *plan);

/* As command_plan(), but the settings of plugins do not matter. Owned by the caller. */
int command_load(const struct command_line *line, struct config **config);

/* The database that the command line and the configuration name. As command_load(). */
int command_db_path(const struct command_line *line, char db_path[PATH_CAPACITY]);

/* Prints an error as one line. Returns its code. */
int command_fail(const struct error *error);

/* Asks the running agent, or serves the command itself where none runs. The answer is the caller's:
 * free with json_object_put(). Otherwise prints why not, and returns an exit code. */
struct json_object;
int command_ask(const struct command_line *line, const char *command, const char *const *arguments,
                struct json_object **answer);

/* The words of `clockblock plugins`. Each returns an exit code. */
int plugins_describe(struct plugin_registry *registry, const char *name, bool as_json);
int plugins_release(const struct command_line *line, const char *name);

int command_run(const struct command_line *line);
int command_once(const struct command_line *line);
int command_detect(const struct command_line *line);
int command_doctor(const struct command_line *line);
int command_status(const struct command_line *line);
int command_plugins(const struct command_line *line);
int command_plugins_check(const struct command_line *line);
int command_check(const struct command_line *line);
int command_sinks(const struct command_line *line);
int command_quarantine(const struct command_line *line);
int command_grant(const struct command_line *line);
int command_grants(const struct command_line *line);
int command_backup(const struct command_line *line);
int command_report(const struct command_line *line);
int command_verify(const struct command_line *line);

#endif
