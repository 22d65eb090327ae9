/* SPDX-License-Identifier: MIT */
/* playing_when: can it be true while some detectors do not work? */
#include "examine.h"

#include "json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* All that detectors can say is tried out, as long as that is little. */
enum { TRIED_MAX = 16 };

static const char subject[] = "playing_when";

static bool works(struct json_object *detectors, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(detectors); i++) {
        struct json_object *detector = json_object_array_get_idx(detectors, i);
        if (strcmp(json_get_text(detector, "name"), name) == 0)
            return strcmp(json_get_text(detector, "state"), "ok") == 0 ||
                   strcmp(json_get_text(detector, "state"), "starting") == 0;
    }
    return false;
}

static bool sees_somebody(struct json_object *detectors)
{
    for (size_t i = 0; i < json_object_array_length(detectors); i++)
        if (json_object_get_boolean(json_get(json_object_array_get_idx(detectors, i), "active")))
            return true;
    return false;
}

static bool is_asked(const struct fuse_rule *rule, int index)
{
    for (int i = 0; i < rule->count; i++)
        if (rule->steps[i].operation == FUSE_DETECTOR && rule->steps[i].detector == index)
            return true;
    return false;
}

/* `views` say what works. */
static bool can_be_true(const struct fuse_rule *rule, struct fuse_view *views, int count)
{
    assert(count <= TRIED_MAX);
    for (unsigned tried = 0; tried < 1U << count; tried++) {
        for (int i = 0; i < count; i++)
            views[i].active = (tried >> i & 1U) != 0;
        if (fuse(rule, views).is_playing)
            return true;
    }
    return false;
}

static void tell(struct doctor *doctor, const struct fuse_rule *rule, struct fuse_view *views,
                 int count, const char *broken)
{
    const char *text = doctor->plan.config->playing_when;
    const char *written = text != NULL ? text : "any detector that gives evidence";
    if (broken[0] == '\0') {
        doctor_ok(doctor, subject, "%s", written);
    } else if (count <= TRIED_MAX && !can_be_true(rule, views, count)) {
        doctor_problem(doctor, EXIT_CODE_UNAVAILABLE, subject,
                       "%s: cannot be true now, because of %s: no minute will be counted", written,
                       broken);
        doctor_advise(doctor, "mend that detector as said above, or take it out of playing_when");
    } else {
        doctor_note(doctor, subject, "%s: as long as it does not work, %s counts as not active",
                    written, broken);
    }
}

void examine_rule(struct doctor *doctor, struct json_object *detectors)
{
    struct fuse_rule rule;
    const struct config *config = doctor->plan.config;
    if (config == NULL || plan_rule(&doctor->plan, &rule, NULL) != 0)
        return; /* the configuration's examination said so */
    struct fuse_view *views = calloc((size_t)config->detectors_count + 1, sizeof(views[0]));
    assert(views != NULL);
    const char *broken = "";
    int count = 0;
    for (int i = 0; i < config->detectors_count; i++) {
        const char *name = config->detectors[i].name;
        if (!config->detectors[i].enabled)
            continue;
        views[count].available = works(detectors, name);
        if (!views[count].available && is_asked(&rule, count))
            broken = name;
        count++;
    }
    if (count > 0)
        tell(doctor, &rule, views, count, broken);
    if (count > 0 && broken[0] == '\0' && !sees_somebody(detectors))
        doctor_advise(doctor,
                      "does a game run now, and is not seen? See clockblock detect --watch, "
                      "and name its program in the rules of a detector");
    free(views);
}
