/* SPDX-License-Identifier: MIT */
#include "match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct patterns {
    struct pattern **list; /* owned */
    uint32_t count;
};

struct rule {
    char *activity; /* owned */
    struct patterns title;
    struct patterns app;
    struct patterns exclude;
    bool is_fullscreen; /* only then */
    bool has_groups;    /* in the activity: of the title, or of the app when there is none */
};

struct match_rules {
    struct rule *list; /* owned */
    int count;
    bool keeps_titles;
};

static void free_patterns(struct patterns *patterns)
{
    for (uint32_t i = 0; i < patterns->count; i++)
        pattern_destroy(patterns->list[i]);
    free(patterns->list);
}

void match_destroy(struct match_rules *rules)
{
    if (rules == NULL)
        return;
    for (int i = 0; i < rules->count; i++) {
        free_patterns(&rules->list[i].title);
        free_patterns(&rules->list[i].app);
        free_patterns(&rules->list[i].exclude);
        free(rules->list[i].activity);
    }
    free(rules->list);
    free(rules);
}

static bool refuse(clb_error *error, const char *why)
{
    snprintf(error->text, sizeof(error->text), "%s", why);
    return false;
}

static bool fill_patterns(struct patterns *patterns, const clb_settings *group, const char *key,
                          clb_error *error)
{
    clb_error wrong = {.size = sizeof(wrong)};
    const clb_setting *setting = clb_setting_find(group, key);
    if (setting == NULL || setting->count == 0)
        return true;
    patterns->list = calloc(setting->count, sizeof(patterns->list[0]));
    if (patterns->list == NULL)
        return refuse(error, "no memory");
    for (; patterns->count < setting->count; patterns->count++) {
        const char *text = setting->items[patterns->count];
        struct pattern *pattern = text[0] != '\0' ? pattern_create(text, &wrong) : NULL;
        if (pattern == NULL) {
            snprintf(error->text, sizeof(error->text), "%s: %.400s", key,
                     text[0] != '\0' ? wrong.text : "a pattern is empty");
            return false;
        }
        patterns->list[patterns->count] = pattern;
    }
    return true;
}

/* A group takes what the user asked for with it, and of each pattern that may have matched. */
static bool check_groups(const struct rule *rule, bool keeps_titles, clb_error *error)
{
    const struct patterns *patterns = rule->title.count > 0 ? &rule->title : &rule->app;
    if (!rule->has_groups)
        return true;
    if (patterns->count == 0)
        return refuse(error, "its activity names a group, and there is no pattern of title or app");
    if (rule->title.count > 0 && !keeps_titles)
        return refuse(error, "its activity takes a piece of the title, which would be stored and "
                             "sent: set keep_titles = true, or write an activity without $");
    for (uint32_t i = 0; i < patterns->count; i++)
        if (!activity_check(rule->activity, patterns->list[i], error))
            return false;
    return true;
}

static bool fill_rule(struct rule *rule, const clb_settings *group, bool keeps_titles,
                      clb_error *error)
{
    const char *activity = clb_setting_text(group, "activity");
    if (activity == NULL || activity[0] == '\0')
        return refuse(error, "its activity is empty");
    size_t bytes = strlen(activity) + 1;
    rule->activity = malloc(bytes);
    if (rule->activity == NULL)
        return refuse(error, "no memory");
    memcpy(rule->activity, activity, bytes);
    rule->has_groups = activity_has_groups(activity);
    rule->is_fullscreen = clb_setting_integer(group, "fullscreen") != 0;
    if (!fill_patterns(&rule->title, group, "title", error) ||
        !fill_patterns(&rule->app, group, "app", error) ||
        !fill_patterns(&rule->exclude, group, "exclude", error))
        return false;
    if (rule->title.count == 0 && rule->app.count == 0 && !rule->is_fullscreen)
        return refuse(error, "it needs a pattern of title or app, or fullscreen = true");
    return check_groups(rule, keeps_titles, error);
}

static bool fill(struct match_rules *rules, const clb_settings *settings, clb_error *error)
{
    clb_error wrong = {.size = sizeof(wrong)};
    const clb_setting *groups = clb_setting_find(settings, "rules");
    rules->keeps_titles = clb_setting_integer(settings, "keep_titles") != 0;
    if (groups == NULL || groups->count == 0)
        return true;
    rules->list = calloc(groups->count, sizeof(rules->list[0]));
    if (rules->list == NULL)
        return refuse(error, "no memory");
    for (uint32_t i = 0; i < groups->count; i++) {
        rules->count++; /* also of one that was filled in part, to be freed */
        if (fill_rule(&rules->list[i], groups->groups[i], rules->keeps_titles, &wrong))
            continue;
        snprintf(error->text, sizeof(error->text), "rules[%u]: %.480s", (unsigned)i, wrong.text);
        return false;
    }
    return true;
}

struct match_rules *match_create(const clb_settings *settings, clb_error *error)
{
    struct match_rules *rules = calloc(1, sizeof(*rules));
    if (rules == NULL) {
        refuse(error, "no memory");
        return NULL;
    }
    if (fill(rules, settings, error))
        return rules;
    match_destroy(rules);
    return NULL;
}

int match_count(const struct match_rules *rules)
{
    return rules->count;
}

/* The first that matches, or NULL. */
static const struct pattern *find(const struct patterns *patterns, const char *text)
{
    for (uint32_t i = 0; i < patterns->count; i++)
        if (pattern_match(patterns->list[i], text))
            return patterns->list[i];
    return NULL;
}

static bool matches(const struct rule *rule, const struct window *window,
                    char activity[ACTIVITY_BYTES])
{
    if (rule->is_fullscreen && !window->is_fullscreen)
        return false;
    const struct pattern *app = find(&rule->app, window->app);
    if (rule->app.count > 0 && app == NULL)
        return false;
    const struct pattern *title = find(&rule->title, window->title);
    if (rule->title.count > 0 && title == NULL)
        return false;
    if (find(&rule->exclude, window->app) != NULL || find(&rule->exclude, window->title) != NULL)
        return false;
    if (title != NULL)
        activity_fill(rule->activity, title, window->title, activity);
    else
        activity_fill(rule->activity, app, window->app, activity);
    return true;
}

struct match match_window(struct match_rules *rules, const struct window *window)
{
    struct match match = {.rule = -1};
    for (int i = 0; window->is_focused && match.rule < 0 && i < rules->count; i++)
        if (matches(&rules->list[i], window, match.activity))
            match.rule = i;
    return match;
}

static const struct pattern *next_slow(const struct patterns *patterns)
{
    for (uint32_t i = 0; i < patterns->count; i++)
        if (pattern_take_given_up(patterns->list[i]))
            return patterns->list[i];
    return NULL;
}

bool match_next_slow(struct match_rules *rules, int *rule, const char **pattern)
{
    for (*rule = 0; *rule < rules->count; ++*rule) {
        const struct rule *asked = &rules->list[*rule];
        const struct pattern *slow = next_slow(&asked->title);
        slow = slow != NULL ? slow : next_slow(&asked->app);
        slow = slow != NULL ? slow : next_slow(&asked->exclude);
        if (slow == NULL)
            continue;
        *pattern = pattern_text(slow);
        return true;
    }
    return false;
}
