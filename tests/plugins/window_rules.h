/* SPDX-License-Identifier: MIT */
/* Rules of window_title, as the host hands them over. */
#ifndef TESTS_WINDOW_RULES_H
#define TESTS_WINDOW_RULES_H

#include <clockblock/plugin.h>

enum { WINDOW_RULES_MAX = 4, WINDOW_RULE_FIELDS = 5 };

/* As a user writes one. NULL: unset. Patterns end with NULL. */
struct window_rule {
    const char *activity;
    const char *title[4];
    const char *app[4];
    const char *exclude[4];
    int fullscreen;
};

struct window_rules {
    clb_setting fields[WINDOW_RULES_MAX][WINDOW_RULE_FIELDS];
    const clb_setting *field_pointers[WINDOW_RULES_MAX][WINDOW_RULE_FIELDS];
    clb_settings groups[WINDOW_RULES_MAX];
    const clb_settings *group_pointers[WINDOW_RULES_MAX];
    clb_setting rules;
    clb_setting keep_titles;
    const clb_setting *all[2];
    clb_settings settings;
};

/* `rules` is borrowed. */
void window_rules_init(struct window_rules *made, const struct window_rule *rules, uint32_t count,
                       int keep_titles);

#endif
