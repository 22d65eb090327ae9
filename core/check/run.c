/* SPDX-License-Identifier: MIT */
/* The parent: runs one child for each check, and says what its end means. */
#include "check.h"
#include "platform/child.h"
#include "platform/clock.h"
#include "record/text.h"
#include "report.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT_MS = 60 * 1000, ARGUMENTS_MAX = 150, REASON_CAPACITY = 1536 };

struct run {
    const struct check_options *options;
    struct report report;
    struct clock clock;
    char printed[256]; /* what was written to standard output first, and in which check; "" */
};

/* One child, and what it told. */
struct attempt {
    struct run *run;
    enum result result;
    bool has_verdict;
    char reason[REASON_CAPACITY]; /* "": it passed */
    char calling[64];             /* the function that was called last */
    char when[512];               /* what was special then */
};

/* ---- What the child tells ---- */

/* The rest of a line that begins with `word`, or NULL. */
static const char *after(const char *line, const char *word)
{
    size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

static void take_fact(struct facts *facts, const char *fact)
{
    const char *value;
    if ((value = after(fact, "id")) != NULL)
        text_copy(facts->id, sizeof(facts->id), value);
    else if ((value = after(fact, "version")) != NULL)
        text_copy(facts->version, sizeof(facts->version), value);
    else if ((value = after(fact, "kind")) != NULL)
        text_copy(facts->kind, sizeof(facts->kind), value);
    else if ((value = after(fact, "abi")) != NULL)
        text_copy(facts->abi, sizeof(facts->abi), value);
}

static void take_verdict(struct attempt *attempt, enum result result, const char *reason)
{
    attempt->has_verdict = true;
    attempt->result = result;
    text_copy(attempt->reason, sizeof(attempt->reason), reason);
}

static void take_line(const char *line, void *context)
{
    struct attempt *attempt = context;
    const char *rest;
    if (attempt->has_verdict)
        return; /* the first one counts */
    if (strcmp(line, "passed") == 0)
        take_verdict(attempt, RESULT_PASSED, "");
    else if ((rest = after(line, "failed")) != NULL)
        take_verdict(attempt, RESULT_FAILED, rest);
    else if ((rest = after(line, "skipped")) != NULL)
        take_verdict(attempt, RESULT_SKIPPED, rest);
    else if ((rest = after(line, "fact")) != NULL)
        take_fact(&attempt->run->report.facts, rest);
    else if ((rest = after(line, "in")) != NULL)
        text_copy(attempt->calling, sizeof(attempt->calling), rest);
    else if ((rest = after(line, "when")) != NULL)
        text_copy(attempt->when, sizeof(attempt->when), rest);
}

/* ---- What its end tells ---- */

/* The line in which a sanitizer sums up, or the last one. */
static void last_words(const char *errors, char line[256])
{
    const char *found = strstr(errors, "SUMMARY: ");
    const char *c = errors;
    if (found == NULL) {
        for (found = c; *c != '\0'; c++)
            if (c[0] == '\n' && c[1] != '\0' && c[1] != '\n')
                found = c + 1;
    }
    char text[256];
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(found, "\n"), found);
    text_copy(line, 256, text);
}

static void fail(struct attempt *attempt, const char *what, const struct child_result *ended)
{
    char words[256];
    last_words(ended->errors, words);
    attempt->result = RESULT_FAILED;
    snprintf(attempt->reason, sizeof(attempt->reason), "%.300s%s%s%s%s", what,
             attempt->calling[0] != '\0' ? " in " : "", attempt->calling,
             words[0] != '\0' ? ": " : "", words);
}

static void judge(struct attempt *attempt, const struct child_result *ended)
{
    char what[128];
    bool has_failed = attempt->has_verdict && attempt->result != RESULT_PASSED;
    if (has_failed)
        return;
    if (attempt->has_verdict)
        snprintf(attempt->calling, sizeof(attempt->calling), "the end of the process");
    else if (strcmp(attempt->calling, "nothing") == 0)
        attempt->calling[0] = '\0';
    if (ended->timed_out) {
        snprintf(what, sizeof(what), "was stopped after %d s", LIMIT_MS / 1000);
        fail(attempt, what, ended);
    } else if (ended->signal_name != NULL) {
        snprintf(what, sizeof(what), "crashed with %s", ended->signal_name);
        fail(attempt, what, ended);
    } else if (!attempt->has_verdict || ended->exit_code != 0) {
        snprintf(what, sizeof(what), "ended the process with the code %d", ended->exit_code);
        fail(attempt, what, ended);
    }
}

static void add_circumstance(struct attempt *attempt)
{
    size_t used = strlen(attempt->reason);
    if (attempt->result == RESULT_FAILED && attempt->when[0] != '\0')
        snprintf(attempt->reason + used, sizeof(attempt->reason) - used, " (when %s)",
                 attempt->when);
}

/* Standard output belongs to the commands of the agent. */
static void take_output(struct attempt *attempt, const struct check *check, const char *output)
{
    struct run *run = attempt->run;
    char line[128];
    if (output[0] != '\0' && run->printed[0] == '\0') {
        text_copy(line, sizeof(line), output);
        snprintf(run->printed, sizeof(run->printed),
                 "it wrote to standard output, in the check %s: \"%s\"", check->name, line);
    }
    if (check->run == check_stdout && run->printed[0] != '\0')
        take_verdict(attempt, RESULT_FAILED, run->printed);
}

/* ---- The checks ---- */

static void try_check(struct run *run, const struct check *check, struct attempt *attempt)
{
    char seed[16];
    int count = 0;
    const char *arguments[ARGUMENTS_MAX + 1] = {NULL};
    const char *const *sets = run->options->sets;
    static struct child_result ended;
    struct error error;
    snprintf(seed, sizeof(seed), "%u", (unsigned)run->options->seed);
    const char *const begin[] = {"plugins", "check",     run->options->file, "--in-child",
                                 "--only",  check->name, "--seed",           seed};
    for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
        arguments[count++] = begin[i];
    for (; *sets != NULL && count + 1 < ARGUMENTS_MAX; sets++) {
        arguments[count++] = "--set";
        arguments[count++] = *sets;
    }
    *attempt = (struct attempt){.run = run};
    if (child_run(arguments, LIMIT_MS, &ended, take_line, attempt, &error) != 0) {
        take_verdict(attempt, RESULT_FAILED, error.text);
        return;
    }
    judge(attempt, &ended);
    add_circumstance(attempt);
    take_output(attempt, check, ended.output);
}

static enum result run_check(struct run *run, const struct check *check, bool is_shown)
{
    struct attempt attempt = {.result = RESULT_FAILED};
    int64_t begin_ms = run->clock.monotonic_ms(&run->clock);
    for (int i = 0; i < check->attempts && attempt.result == RESULT_FAILED; i++)
        try_check(run, check, &attempt);
    int64_t took_ms = run->clock.monotonic_ms(&run->clock) - begin_ms;
    if (is_shown || attempt.result == RESULT_FAILED)
        report_check(&run->report, check, attempt.result, attempt.reason, took_ms);
    return attempt.result;
}

static bool is_for_this_kind(const struct check *check, const struct facts *facts)
{
    bool unknown = facts->kind[0] == '\0';
    bool detector = unknown || strstr(facts->kind, "detector") != NULL;
    bool sink = unknown || strstr(facts->kind, "sink") != NULL;
    return !((check->flags & CHECK_DETECTOR) != 0 && !detector) &&
           !((check->flags & CHECK_SINK) != 0 && !sink);
}

/* The first check decides whether there is anything to load. */
static bool run_all(struct run *run)
{
    bool opens = true;
    for (const struct check *check = check_list; check->name != NULL; check++) {
        if (!opens)
            report_check(&run->report, check, RESULT_SKIPPED, "the file cannot be opened", 0);
        else if (is_for_this_kind(check, &run->report.facts))
            opens = run_check(run, check, true) != RESULT_FAILED || check->run != check_file;
    }
    return opens;
}

/* What one check needs to make sense is checked in silence. */
static bool run_only(struct run *run, const struct check *only)
{
    if (only->run != check_file && run_check(run, check_find("file"), false) == RESULT_FAILED)
        return false;
    if (only->run != check_file && only->run != check_prefix)
        (void)run_check(run, check_find("prefix"), false);
    if (!is_for_this_kind(only, &run->report.facts))
        report_check(&run->report, only, RESULT_SKIPPED, "is not for this kind of plugin", 0);
    else if (run_check(run, only, true) == RESULT_FAILED && only->run == check_file)
        return false;
    return true;
}

int check_run(const struct check_options *options)
{
    struct run run = {.options = options};
    clock_init_system(&run.clock);
    report_begin(&run.report, options);
    bool opens = options->only != NULL ? run_only(&run, check_find(options->only)) : run_all(&run);
    report_end(&run.report);
    if (!opens)
        return EXIT_CODE_CONFIG;
    return run.report.counts[RESULT_FAILED] > 0 ? 1 : 0;
}
