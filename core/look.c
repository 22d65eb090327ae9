/* SPDX-License-Identifier: MIT */
/* What the detectors see right now, without an agent: for whoever writes a configuration. */
#include "agent.h"
#include "log.h"
#include "parts.h"
#include "platform/process.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who watches does not want to wait for the interval of an ordinary heartbeat. */
enum { LOOK_MS = 500, POLL_MAX_MS = 1000, CONFIG_BYTES_MAX = 1 << 20 };

struct look {
    struct agent agent;
    const char *only;          /* the one detector to ask; NULL: all */
    char *read;                /* owned; the configuration file as it was read; NULL: none */
    char problem[1024];        /* with the file as it is now */
    struct detect_view *views; /* owned */
    agent_show show;
    void *context;
};

/* ---- The configuration, which changes while somebody works on it ---- */

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    struct error ignored;
    return file_read(path, CONFIG_BYTES_MAX, &text, &length, &ignored) == 0 ? text : NULL;
}

static bool is_changed(const struct look *look)
{
    char *now = read_file(look->agent.generation->plan.config->file);
    bool changed = now != NULL && (look->read == NULL || strcmp(now, look->read) != 0);
    free(now);
    return changed;
}

/* Of a plan for all detectors one for the one that is asked for. */
static int narrow(struct config *config, const char *only, struct error *error)
{
    const char **names = calloc((size_t)config->detectors_count + 1, sizeof(names[0]));
    assert(names != NULL);
    const struct config_instance *found = NULL;
    for (int i = 0; i < config->detectors_count; i++) {
        struct config_instance *detector = &config->detectors[i];
        names[i] = detector->name;
        if (only != NULL && strcmp(detector->name, only) == 0)
            found = detector;
        else if (only != NULL)
            detector->enabled = false;
        if (detector->interval_ms > POLL_MAX_MS)
            detector->interval_ms = POLL_MAX_MS;
    }
    const char *near = only != NULL ? config_nearest(only, names) : NULL;
    int result = 0;
    if (only != NULL && found == NULL)
        result = error_set(error, EXIT_CODE_CONFIG, "there is no detector \"%s\"%s%s%s", only,
                           near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
                           near != NULL ? "\"?)" : "");
    else if (only != NULL && !found->enabled)
        result =
            error_set(error, EXIT_CODE_CONFIG,
                      "detector %s is switched off; --set detectors.%s.enabled=true", only, only);
    free(names);
    if (only != NULL) {
        free(config->playing_when); /* names the others */
        config->playing_when = NULL;
    }
    return result;
}

static int make(struct look *look, struct generation **generation, struct error *error)
{
    struct plan plan;
    struct config_problems problems = {0};
    int result = plan_load(&plan, &look->agent.options, PLAN_TRIAL, &problems);
    if (result == 0)
        log_set(LOG_LEVEL_ERROR,
                plan.config->log_format); /* what is amiss is shown, with reasons */
    else
        error_set(error, result, "%s", problems.sentences[0]);
    config_problems_finish(&problems);
    if (result != 0)
        return result;
    result = narrow(plan.config, look->only, error);
    if (result == 0)
        result = parts_make_generation(&look->agent, &plan, generation, error);
    plan_finish(&plan); /* empty when it was taken over */
    return result;
}

/* Asks by another configuration from now on, unless it cannot be used. */
static int change(struct look *look, struct error *error)
{
    struct agent *agent = &look->agent;
    struct generation *next = NULL;
    int result = make(look, &next, error);
    if (result != 0)
        return result;
    int64_t until_ms = agent->clock.monotonic_ms(&agent->clock) + PARTS_STOP_MS;
    if (agent->generation != NULL && !generation_stop(agent->generation, until_ms))
        agent->left_behind = true;
    else
        generation_destroy(agent->generation);
    agent->generation = next;
    free(look->read);
    look->read = read_file(next->plan.config->file);
    free(look->views);
    look->views = calloc((size_t)detect_count(next->detect) + 1, sizeof(look->views[0]));
    assert(look->views != NULL);
    result = generation_start(next, error);
    if (result == 0)
        parts_wait_for_first_words(agent);
    return result;
}

static void follow(struct look *look)
{
    struct error error = {0};
    free(look->read);
    look->read = read_file(look->agent.generation->plan.config->file);
    look->problem[0] = '\0';
    if (change(look, &error) != 0)
        snprintf(look->problem, sizeof(look->problem), "%s", error.text);
}

/* ---- Looking ---- */

static void look_once(struct look *look)
{
    const struct generation *generation = look->agent.generation;
    int count = detect_count(generation->detect);
    char why[DETECT_WHY_CAPACITY];
    struct fuse_view *words = calloc((size_t)count + 1, sizeof(words[0]));
    assert(words != NULL);
    for (int i = 0; i < count; i++) {
        detect_get(generation->detect, i, &look->views[i]);
        words[i] = look->views[i].fuse;
    }
    detect_why(&generation->rule, look->views, why);
    const struct agent_sight sight = {.views = look->views,
                                      .count = count,
                                      .verdict = fuse(&generation->rule, words),
                                      .why = why,
                                      .playing_when = generation->plan.config->playing_when,
                                      .problem = look->problem};
    free(words);
    look->show(&sight, look->context);
}

static void watch(struct look *look)
{
    struct clock *clock = &look->agent.clock;
    for (;;) {
        unsigned events = process_take_events();
        if ((events & PROCESS_EVENT_STOP) != 0)
            return;
        if ((events & PROCESS_EVENT_RELOAD) != 0 || is_changed(look))
            follow(look);
        look_once(look);
        clock->wait(clock, &look->agent.wakeup, clock->monotonic_ms(clock) + LOOK_MS);
    }
}

/* A worker that does not come back keeps what it was given: then nothing is torn down, and the
 * command's own end, which leaves threads alone, does the rest. */
static int end(struct look *look, int result)
{
    struct agent *agent = &look->agent;
    int64_t until_ms = agent->clock.monotonic_ms(&agent->clock) + PARTS_STOP_MS;
    if (agent->left_behind ||
        (agent->generation != NULL && !generation_stop(agent->generation, until_ms)))
        return result;
    generation_destroy(agent->generation);
    agent->generation = NULL;
    result = parts_stop(agent, result);
    free(look->views);
    free(look->read);
    free(look);
    return result;
}

int agent_detect(const struct config_options *options, const char *only, bool is_watching,
                 agent_show show, void *context, struct error *error)
{
    struct look *look = calloc(1, sizeof(*look));
    assert(look != NULL);
    *look = (struct look){.only = only, .show = show, .context = context};
    int result = parts_init(&look->agent, options);
    if (result != 0) {
        free(look);
        return error_set(error, result, "no descriptor left");
    }
    result = change(look, error);
    if (result == 0 && is_watching)
        watch(look);
    else if (result == 0)
        look_once(look);
    return end(look, result);
}
