/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "ClockBlock notices what is being played, and keeps an exact account of the minutes.\n"
    "\n"
    "Usage: clockblock [COMMAND] [OPTIONS]\n"
    "\n"
    "Commands\n"
    "  run                     run the agent until it is stopped (the default)\n"
    "  once                    take one heartbeat, store it, and send what waits\n"
    "  detect [NAME]           what each detector sees, and why that counts as playing or not\n"
    "  status                  ask the running agent what it sees, and how it fares\n"
    "  report                  the last days: used, allowance, overdraft, and what was played\n"
    "  doctor                  look at all that an agent needs, and say what is wrong and what to "
    "do\n"
    "  check                   check the configuration, and say all that is wrong with it\n"
    "  plugins list            the plugins that are installed\n"
    "  plugins describe NAME   what one of them does, and its settings (or of a FILE)\n"
    "  plugins check FILE      does this plugin keep the contract? For its author\n"
    "  plugins release NAME    let one run again that ended the agent too often\n"
    "  sinks [NAME]            how each sink fares, and what waits for it\n"
    "  quarantine list [SINK]  heartbeats that a sink refused, and that were set aside\n"
    "  quarantine replay [SINK [SEQ]]      send them once more, each alone\n"
    "  quarantine delete SINK SEQ|all      forget them\n"
    "  grant MINUTES           give bonus minutes, for today or --date; below 0 takes some back\n"
    "  grants                  the bonus minutes that were given\n"
    "  backup FILE             copy the database into a new file, also while the agent runs\n"
    "  verify                  add up the stored heartbeats, and compare with the totals\n"
    "  verify --repair         make the totals agree, after a copy of the database was made\n"
    "\n"
    "Options\n"
    "  --config FILE      read this file, and not the one in its usual place\n"
    "  --set PATH=VALUE   change a setting: --set api.port=4000 (as often as you like)\n"
    "  --once             the same as the command once\n"
    "  --dry-run          print one heartbeat, and neither store nor send it\n"
    "  --watch            detect: again and again, with the configuration as it is by then\n"
    "  --detector NAME    once: what this detector sees, and no heartbeat\n"
    "  --date DATE        grant: for this day (2026-01-16), and not for today\n"
    "  --note TEXT        grant: why\n"
    "  --only CHECK       plugins check: run this check alone\n"
    "  --seed NUMBER      plugins check: repeat what was random\n"
    "  --days NUMBER      report: so many days up to today, 1 to 3660 (7)\n"
    "  --csv              report: answer in CSV\n"
    "  --json             answer in JSON (status, detect, doctor, report, sinks, quarantine,\n"
    "                     grant, grants, verify, plugins list, describe and check)\n"
    "  --repair           verify: mend what it finds\n"
    "  --version          print the version\n"
    "  --help             print this\n"
    "\n"
    "Every setting can also come from the environment: CLOCKBLOCK_API__PORT=4000.\n"
    "Exit codes: 0 done, 64 wrong usage, 65 damaged data, 69 a service is not there, 74 disk, 78 "
    "configuration.\n";

void command_line_help(void)
{
    fputs(help, stdout);
}

static int usage(const char *what, const char *argument)
{
    fprintf(stderr, "clockblock: %s: %s; see clockblock --help\n", argument, what);
    return EXIT_CODE_USAGE;
}

/* An option with a value: "--name value" or "--name=value". NULL: it is another one, or the value
 * is missing (*missing is then true). */
static const char *value_of(const char *name, int argc, char **argv, int *index, bool *missing)
{
    const char *argument = argv[*index];
    size_t length = strlen(name);
    assert(argument != NULL);
    if (strncmp(argument, name, length) != 0)
        return NULL;
    if (argument[length] == '=')
        return argument + length + 1;
    if (argument[length] != '\0')
        return NULL;
    if (*index + 1 >= argc) {
        *missing = true;
        return NULL;
    }
    return argv[++*index];
}

static bool *switch_of(struct command_line *line, const char *argument)
{
    if (strcmp(argument, "--json") == 0)
        return &line->json;
    if (strcmp(argument, "--watch") == 0)
        return &line->watch;
    if (strcmp(argument, "--csv") == 0)
        return &line->csv;
    if (strcmp(argument, "--once") == 0)
        return &line->once;
    if (strcmp(argument, "--in-child") == 0)
        return &line->in_child;
    if (strcmp(argument, "--dry-run") == 0)
        return &line->dry_run;
    if (strcmp(argument, "--repair") == 0)
        return &line->repair;
    if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)
        return &line->help;
    if (strcmp(argument, "--version") == 0)
        return &line->version;
    return NULL;
}

static int take_option(struct command_line *line, int argc, char **argv, int *index)
{
    const char *argument = argv[*index];
    bool missing = false;
    bool *on = switch_of(line, argument);
    if (on != NULL) {
        *on = true;
        return 0;
    }
    const struct {
        const char *name;
        const char **value;
    } valued[] = {{"--config", &line->config_file}, {"--date", &line->date},
                  {"--days", &line->days},          {"--note", &line->note},
                  {"--detector", &line->detector},  {"--only", &line->only},
                  {"--seed", &line->seed}};
    for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]) && !missing; i++) {
        const char *given = value_of(valued[i].name, argc, argv, index, &missing);
        if (given == NULL)
            continue;
        *valued[i].value = given;
        return 0;
    }
    const char *value = missing ? NULL : value_of("--set", argc, argv, index, &missing);
    if (value != NULL) {
        if (line->sets_count == COMMAND_SETS_MAX)
            return usage("too many of them", "--set");
        line->sets[line->sets_count++] = value;
        return 0;
    }
    return usage(missing ? "a value is missing" : "this option is not known", argument);
}

int command_line_parse(struct command_line *line, int argc, char **argv)
{
    *line = (struct command_line){0};
    for (int i = 1; i < argc; i++) {
        int result = 0;
        bool is_number = argv[i][0] == '-' && argv[i][1] >= '0' && argv[i][1] <= '9';
        if (argv[i][0] == '-' && !is_number)
            result = take_option(line, argc, argv, &i);
        else if (line->command == NULL)
            line->command = argv[i];
        else if (line->arguments_count < COMMAND_ARGUMENTS_MAX)
            line->arguments[line->arguments_count++] = argv[i];
        else
            result = usage("too many words", argv[i]);
        if (result != 0)
            return result;
    }
    return 0;
}
