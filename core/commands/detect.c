/* SPDX-License-Identifier: MIT */
/* `clockblock detect [NAME] [--watch]`, and `clockblock once --detector NAME`. */
#include "agent.h"
#include "commands.h"
#include "platform/terminal.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_COLUMNS = 16, STATE_COLUMNS = 12 };

struct form {
    bool as_json;
    bool is_screen; /* drawn anew each time; else what is the same as before is not repeated */
    bool is_alone;  /* one detector is asked: nobody decides */
    uint64_t shown; /* a digest of what was shown last; 0: nothing was */
};

/* ---- For people ---- */

static void put_verdict(const struct agent_sight *sight)
{
    int by = sight->verdict.decided_by;
    const char *activity = by >= 0 ? sight->views[by].fuse.activity : "";
    if (!sight->verdict.is_playing)
        puts("now           not playing");
    else
        printf("now           playing %s%s%s\n", activity[0] != '\0' ? activity : "something",
               by >= 0 ? ", decided by " : "", by >= 0 ? sight->views[by].name : "");
    printf("playing_when  %s\n",
           sight->playing_when != NULL ? sight->playing_when : "any detector that gives evidence");
    printf("why           %s\n", sight->why[0] != '\0' ? sight->why : "no detector is asked");
}

static void put_sight(const struct instance_observation *sight, bool others_are_active)
{
    const char *activity = sight->activity;
    printf("%s", !sight->active && others_are_active ? "(not active) " : "");
    if (activity[0] != '\0')
        printf("%s", activity);
    if (sight->subject[0] != '\0')
        printf("%s%s", activity[0] != '\0' ? ", by " : "", sight->subject);
    if (sight->active)
        printf(" [confidence %d]", (int)sight->confidence);
    if (sight->value != 0)
        printf(" [value %.6g]", sight->value);
    putchar('\n');
}

static void put_detector(const struct detect_view *view)
{
    const char *state = view->state != DETECT_OK ? detect_state_name(view->state)
                        : view->fuse.active      ? "active"
                                                 : "not active";
    int fit = view->sights_count < DETECT_SIGHTS_MAX ? view->sights_count : DETECT_SIGHTS_MAX;
    printf("%-*s  %-*s  ", NAME_COLUMNS, view->name, STATE_COLUMNS, state);
    if (view->state != DETECT_OK)
        puts(view->reason);
    else if (fit == 0)
        puts("sees nothing");
    for (int i = 0; i < fit && view->state == DETECT_OK; i++) {
        if (i > 0)
            printf("%-*s  %-*s  ", NAME_COLUMNS, "", STATE_COLUMNS, "");
        put_sight(&view->sights[i], view->fuse.active);
    }
    if (view->sights_count > fit)
        printf("%-*s  %-*s  and %d more\n", NAME_COLUMNS, "", STATE_COLUMNS, "",
               view->sights_count - fit);
}

static void put_text(const struct agent_sight *sight, const struct form *form)
{
    if (form->is_screen)
        fputs("\033[H\033[J", stdout);
    else if (form->shown != 0)
        putchar('\n');
    if (!form->is_alone) {
        put_verdict(sight);
        putchar('\n');
    }
    for (int i = 0; i < sight->count; i++)
        put_detector(&sight->views[i]);
    if (sight->problem[0] != '\0')
        printf("\nthe configuration as it is now cannot be used: %s\n", sight->problem);
    if (form->is_screen)
        puts("\nCtrl-C ends. What you change in the configuration is tried at once.");
}

/* ---- For programs ---- */

static struct json_object *sights_json(const struct detect_view *view)
{
    struct json_object *list = json_object_new_array();
    for (int i = 0; i < view->sights_count && i < DETECT_SIGHTS_MAX; i++) {
        const struct instance_observation *sight = &view->sights[i];
        struct json_object *json = json_object_new_object();
        json_object_object_add(json, "active", json_object_new_boolean(sight->active));
        json_object_object_add(json, "activity", json_text(sight->activity));
        json_object_object_add(json, "subject", json_text(sight->subject));
        json_object_object_add(json, "confidence", json_object_new_int(sight->confidence));
        json_object_object_add(json, "value", json_object_new_double(sight->value));
        json_object_array_add(list, json);
    }
    return list;
}

static void put_json(const struct agent_sight *sight)
{
    int by = sight->verdict.decided_by;
    struct json_object *json = json_object_new_object();
    struct json_object *detectors = json_object_new_array();
    for (int i = 0; i < sight->count; i++) {
        struct json_object *detector = status_detector(&sight->views[i], 0);
        json_object_object_del(detector, "seconds_since_poll");
        json_object_object_add(detector, "sees", sights_json(&sight->views[i]));
        json_object_array_add(detectors, detector);
    }
    json_object_object_add(json, "is_playing", json_object_new_boolean(sight->verdict.is_playing));
    json_object_object_add(json, "activity",
                           json_text(by >= 0 ? sight->views[by].fuse.activity : NULL));
    json_object_object_add(json, "decided_by", json_text(by >= 0 ? sight->views[by].name : NULL));
    json_object_object_add(json, "why", json_text(sight->why));
    json_object_object_add(json, "playing_when", json_text(sight->playing_when));
    json_object_object_add(json, "problem", json_text(sight->problem));
    json_object_object_add(json, "detectors", detectors);
    char *text = json_print(json);
    puts(text);
    free(text);
}

/* ---- When ---- */

static void digest(uint64_t *sum, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *sum = (*sum ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void digest_text(uint64_t *sum, const char *text)
{
    digest(sum, text, strlen(text) + 1);
}

/* FNV-1a of what somebody would call a change: a value alone is none. */
static uint64_t digest_of(const struct agent_sight *sight)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    digest_text(&sum, sight->problem);
    digest_text(&sum, sight->playing_when != NULL ? sight->playing_when : "");
    digest_text(&sum, sight->why);
    for (int i = 0; i < sight->count; i++) {
        const struct detect_view *view = &sight->views[i];
        digest_text(&sum, view->name);
        digest_text(&sum, detect_state_name(view->state));
        digest_text(&sum, view->reason);
        for (int at = 0; at < view->sights_count && at < DETECT_SIGHTS_MAX; at++) {
            digest_text(&sum, view->sights[at].activity);
            digest_text(&sum, view->sights[at].subject);
            digest_text(&sum, view->sights[at].active ? "active" : "");
        }
    }
    return sum;
}

static void show(const struct agent_sight *sight, void *context)
{
    struct form *form = context;
    uint64_t now = digest_of(sight);
    if (!form->is_screen && form->shown == now)
        return;
    if (form->as_json)
        put_json(sight);
    else
        put_text(sight, form);
    form->shown = now;
    (void)fflush(stdout);
}

int command_detect(const struct command_line *line)
{
    const char *only = line->detector != NULL      ? line->detector
                       : line->arguments_count > 0 ? line->arguments[0]
                                                   : NULL;
    struct terminal terminal;
    terminal_look(&terminal);
    struct form form = {.as_json = line->json,
                        .is_alone = only != NULL,
                        .is_screen = line->watch && !line->json && terminal.is_screen};
    struct config_options options = command_config(line);
    struct error error = {0};
    int result = agent_detect(&options, only, line->watch, show, &form, &error);
    if (result != 0)
        log_error("detect", "%s", error.text);
    return result;
}
