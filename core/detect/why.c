/* SPDX-License-Identifier: MIT */
/* What the detectors say, in words for people. */
#include "detect.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sentence {
    char *text;
    size_t capacity;
    size_t length;
};

static void say(struct sentence *sentence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What does not fit is left out as a whole. */
static void say(struct sentence *sentence, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t left = sentence->capacity - sentence->length;
    int length = vsnprintf(sentence->text + sentence->length, left, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= left)
        sentence->text[sentence->length] = '\0';
    else
        sentence->length += (size_t)length;
}

const char *detect_state_name(enum detect_state state)
{
    static const char *const names[] = {"starting", "ok",      "unavailable", "failed",
                                        "wedged",   "refused", "quarantined"};
    return names[state];
}

static bool was_named(const struct fuse_rule *rule, int step)
{
    for (int i = 0; i < step; i++)
        if (rule->steps[i].operation == FUSE_DETECTOR &&
            rule->steps[i].detector == rule->steps[step].detector)
            return true;
    return false;
}

static void say_word(struct sentence *sentence, const struct detect_view *view)
{
    const char *before = sentence->length > 0 ? "; " : "";
    const char *subject = view->subject;
    bool has_subject = subject[0] != '\0';
    if (!view->fuse.available)
        say(sentence, "%s%s is %s and counts as not active", before, view->name,
            detect_state_name(view->state));
    else if (!view->fuse.active)
        say(sentence, "%s%s is not active", before, view->name);
    else if (view->fuse.activity[0] != '\0')
        say(sentence, "%s%s sees %s%s%s", before, view->name, view->fuse.activity,
            has_subject ? " by " : "", subject);
    else
        say(sentence, "%s%s is active%s%s", before, view->name, has_subject ? ": " : "", subject);
}

void detect_why(const struct fuse_rule *rule, const struct detect_view *views,
                char text[DETECT_WHY_CAPACITY])
{
    struct sentence sentence = {.text = text, .capacity = DETECT_WHY_CAPACITY};
    text[0] = '\0';
    for (int i = 0; i < rule->count; i++)
        if (rule->steps[i].operation == FUSE_DETECTOR && !was_named(rule, i))
            say_word(&sentence, &views[rule->steps[i].detector]);
}
