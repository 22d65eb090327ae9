/* SPDX-License-Identifier: MIT */
#include "window_rules.h"

#include <string.h>

static clb_setting list(const char *key, const char *const *items)
{
    clb_setting made = {.size = sizeof(made), .type = CLB_OPTION_LIST, .key = key, .items = items};
    while (items[made.count] != NULL)
        made.count++;
    return made;
}

static void init_group(struct window_rules *made, uint32_t at, const struct window_rule *rule)
{
    clb_setting *fields = made->fields[at];
    fields[0] = (clb_setting){.size = sizeof(clb_setting),
                              .type = CLB_OPTION_STRING,
                              .key = "activity",
                              .text = rule->activity};
    fields[1] = list("title", rule->title);
    fields[2] = list("app", rule->app);
    fields[3] = list("exclude", rule->exclude);
    fields[4] = (clb_setting){.size = sizeof(clb_setting),
                              .type = CLB_OPTION_BOOL,
                              .key = "fullscreen",
                              .integer = rule->fullscreen};
    for (int i = 0; i < WINDOW_RULE_FIELDS; i++)
        made->field_pointers[at][i] = &fields[i];
    made->groups[at] =
        (clb_settings){sizeof(clb_settings), WINDOW_RULE_FIELDS, made->field_pointers[at], NULL};
    made->group_pointers[at] = &made->groups[at];
}

void window_rules_init(struct window_rules *made, const struct window_rule *rules, uint32_t count,
                       int keep_titles)
{
    memset(made, 0, sizeof(*made));
    for (uint32_t i = 0; i < count; i++)
        init_group(made, i, &rules[i]);
    made->rules = (clb_setting){.size = sizeof(clb_setting),
                                .type = CLB_OPTION_GROUPS,
                                .key = "rules",
                                .groups = made->group_pointers,
                                .count = count};
    made->keep_titles = (clb_setting){.size = sizeof(clb_setting),
                                      .type = CLB_OPTION_BOOL,
                                      .key = "keep_titles",
                                      .integer = keep_titles};
    made->all[0] = &made->rules;
    made->all[1] = &made->keep_titles;
    made->settings = (clb_settings){sizeof(clb_settings), 2, made->all, NULL};
}
