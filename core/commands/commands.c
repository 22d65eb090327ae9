/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include "clockblock_paths.h"
#include "platform/process.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(const struct command_line *line);
    int arguments_max;
};

static const struct command commands[] = {
    {"run", command_run, 0},       {"once", command_once, 0},
    {"detect", command_detect, 1}, {"status", command_status, 0},
    {"report", command_report, 0}, {"plugins", command_plugins, 2},
    {"check", command_check, 0},   {"verify", command_verify, 0},
    {"sinks", command_sinks, 1},   {"quarantine", command_quarantine, 3},
    {"backup", command_backup, 1}, {"grant", command_grant, 1},
    {"grants", command_grants, 0}, {"doctor", command_doctor, 0},
};
enum { COMMANDS_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int unknown(const char *name)
{
    const char *names[COMMANDS_COUNT + 1] = {NULL};
    for (int i = 0; i < COMMANDS_COUNT; i++)
        names[i] = commands[i].name;
    const char *near = config_nearest(name, names);
    fprintf(stderr, "clockblock: there is no command \"%s\"%s%s%s; see clockblock --help\n", name,
            near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
            near != NULL ? "\"?)" : "");
    return EXIT_CODE_USAGE;
}

static int dispatch(const struct command_line *line)
{
    const char *name = line->command != NULL         ? line->command
                       : line->once || line->dry_run ? "once"
                                                     : "run";
    for (int i = 0; i < COMMANDS_COUNT; i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        if (line->arguments_count > commands[i].arguments_max) {
            fprintf(stderr, "clockblock %s: \"%s\" is too much; see clockblock --help\n", name,
                    line->arguments[commands[i].arguments_max]);
            return EXIT_CODE_USAGE;
        }
        return commands[i].run(line);
    }
    return unknown(name);
}

int commands_main(int argc, char **argv)
{
    struct command_line line;
    int result = command_line_parse(&line, argc, argv);
    if (result != 0)
        return result;
    if (line.help) {
        command_line_help();
        return 0;
    }
    if (line.version) {
        printf("clockblock %s (plugin ABI %d.%d)\n", CLOCKBLOCK_VERSION, CLB_ABI_MAJOR,
               CLB_ABI_MINOR);
        return 0;
    }
    result = dispatch(&line);
    /* What was printed and could not be written was not done. */
    if (fflush(stdout) != 0 && result == 0)
        result = EXIT_CODE_DISK;
    /* What libraries do at the end would take from under a plugin's thread what it still uses. A
     * check of the plugin wants to see that. */
    if (!line.in_child && process_threads() > 1)
        process_exit_now(result);
    return result;
}

struct config_options command_config(const struct command_line *line)
{
    return (struct config_options){
        .file = line->config_file, .sets = line->sets, .environment = process_environment()};
}

static void print_problems(const struct config_problems *problems)
{
    for (int i = 0; i < problems->warnings_count; i++)
        fprintf(stderr, "warning: %s\n", problems->warnings[i]);
    for (int i = 0; i < problems->count; i++)
        fprintf(stderr, "%s\n", problems->sentences[i]);
}

int command_plan(const struct command_line *line, struct plan *plan)
{
    struct config_options options = command_config(line);
    struct config_problems problems = {0};
    crashes_watch("");
    int result = plan_load(plan, &options, PLAN_ALL, &problems);
    print_problems(&problems);
    config_problems_finish(&problems);
    return result;
}

int command_load(const struct command_line *line, struct config **config)
{
    struct config_options options = command_config(line);
    struct config_problems problems = {0};
    int result = config_load(config, &options, &problems);
    print_problems(&problems);
    config_problems_finish(&problems);
    if (result == 0)
        return 0;
    config_unload(*config);
    *config = NULL;
    return result;
}

int command_db_path(const struct command_line *line, char db_path[PATH_CAPACITY])
{
    struct config *config = NULL;
    int result = command_load(line, &config);
    if (result == 0)
        memcpy(db_path, config->db_path, PATH_CAPACITY);
    config_unload(config);
    return result;
}

int command_fail(const struct error *error)
{
    fprintf(stderr, "clockblock: %s\n", error->text);
    return error->code;
}
