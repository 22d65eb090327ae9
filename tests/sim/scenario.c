/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include "accounts.h"
#include "statements.h"
#include "words.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void scenario_fail(struct scenario *scenario, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%d: ", scenario->name, scenario->line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    scenario->failures++;
}

static void end_with(struct scenario *scenario, const char *sentence)
{
    scenario_fail(scenario, "%s", sentence);
    scenario->is_over = true;
}

/* ---- Lines ---- */

/* The lines of a text, as a table of pointers into it. */
struct lines {
    char *text;  /* owned; cut into lines */
    char **line; /* owned; count of them */
    int count;
};

static struct lines cut(const char *text)
{
    struct lines lines = {.text = strdup(text)};
    int capacity = 1;
    assert(lines.text != NULL);
    for (const char *at = text; *at != '\0'; at++)
        capacity += *at == '\n';
    lines.line = calloc((size_t)capacity, sizeof(lines.line[0]));
    assert(lines.line != NULL);
    for (char *at = lines.text; at != NULL && *at != '\0';) {
        char *end = strchr(at, '\n');
        lines.line[lines.count++] = at;
        if (end != NULL)
            *end++ = '\0';
        at = end;
    }
    for (int i = 0; i < lines.count; i++)
        lines.line[i][strcspn(lines.line[i], "#")] = '\0';
    return lines;
}

static void split(struct scenario *scenario, char *copy)
{
    static char nothing[] = "";
    char *rest = NULL;
    scenario->count = 0;
    for (char *word = strtok_r(copy, " \t", &rest); word != NULL && scenario->count < WORDS_MAX;
         word = strtok_r(NULL, " \t", &rest))
        scenario->words[scenario->count++] = word;
    for (int i = scenario->count; i <= WORDS_MAX; i++)
        scenario->words[i] = nothing;
}

static bool begins_with(const char *line, const char *verb)
{
    line += strspn(line, " \t");
    size_t length = strlen(verb);
    return strncmp(line, verb, length) == 0 && strchr(" \t", line[length]) != NULL;
}

/* ---- Statements ---- */

static const struct statement *find(const char *verb)
{
    const struct statement *const tables[] = {machine_statements, setting_statements};
    for (int i = 0; i < 2; i++)
        for (const struct statement *statement = tables[i]; statement->verb != NULL; statement++)
            if (strcmp(statement->verb, verb) == 0)
                return statement;
    return strcmp(expect_statement.verb, verb) == 0 ? &expect_statement : NULL;
}

static void play_line(struct scenario *scenario, const char *line)
{
    char sentence[256];
    char copy[512];
    if (snprintf(copy, sizeof(copy), "%s", line) >= (int)sizeof(copy)) {
        end_with(scenario, "the line is too long");
        return;
    }
    split(scenario, copy);
    if (scenario->count == 0)
        return;
    const struct statement *statement = find(scenario->words[0]);
    if (statement == NULL) {
        snprintf(sentence, sizeof(sentence), "there is no statement \"%s\"", scenario->words[0]);
        end_with(scenario, sentence);
    } else if (scenario->sim->store == NULL && statement->needs_agent) {
        end_with(scenario, "\"start\" has to come first");
    } else if (!statement->play(scenario)) {
        snprintf(sentence, sizeof(sentence), "this is written: %s", statement->form);
        end_with(scenario, sentence);
    }
}

/* The line behind the `end` of the `repeat` in line `from`; -1: there is none. */
static int end_of(const struct lines *lines, int from)
{
    int depth = 0;
    for (int i = from; i < lines->count; i++) {
        depth += begins_with(lines->line[i], "repeat");
        depth -= begins_with(lines->line[i], "end");
        if (depth == 0)
            return i + 1;
    }
    return -1;
}

static void play_lines(struct scenario *scenario, const struct lines *lines, int from, int to);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as repeats stand in each other */
static int play_repeat(struct scenario *scenario, const struct lines *lines, int from)
{
    int64_t times;
    int behind = end_of(lines, from);
    const char *text = strstr(lines->line[from], "repeat") + strlen("repeat");
    char number[32];
    if (sscanf(text, "%31s", number) != 1 || !words_number(number, &times) || behind < 0) {
        end_with(scenario, "this is written: repeat COUNT ... end");
        return lines->count;
    }
    for (int64_t i = 0; i < times && !scenario->is_over; i++)
        play_lines(scenario, lines, from + 1, behind - 1);
    return behind;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void play_lines(struct scenario *scenario, const struct lines *lines, int from, int to)
{
    for (int i = from; i < to && !scenario->is_over;) {
        scenario->line = i + 1;
        if (begins_with(lines->line[i], "repeat")) {
            i = play_repeat(scenario, lines, i);
            continue;
        }
        play_line(scenario, lines->line[i]);
        i++;
    }
}

static void report(const char *sentence, void *context)
{
    scenario_fail(context, "%s", sentence);
}

int scenario_play(struct sim *sim, const char *name, const char *text)
{
    struct scenario scenario = {.sim = sim, .name = name};
    struct lines lines = cut(text);
    play_lines(&scenario, &lines, 0, lines.count);
    if (!scenario.is_over && sim->store == NULL)
        end_with(&scenario, "nothing was started");
    if (!scenario.is_over)
        accounts_check(sim, report, &scenario);
    free(lines.line);
    free(lines.text);
    return scenario.failures;
}
