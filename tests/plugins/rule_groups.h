/* SPDX-License-Identifier: MIT */
/* Two rules, as the host hands them over: Minecraft by name, Java Minecraft by its arguments. */
#ifndef TESTS_RULE_GROUPS_H
#define TESTS_RULE_GROUPS_H

#include <clockblock/plugin.h>

/* One group of rules, to be changed by a test. */
struct rule_group {
    clb_setting activity;
    clb_setting process;
    clb_setting arguments;
    clb_setting exclude;
    const clb_setting *pointers[4];
    clb_settings settings;
};

struct rule_groups {
    struct rule_group groups[2];
    const clb_settings *pointers[2];
    clb_setting setting; /* "rules" */
    const clb_setting *all[1];
    clb_settings settings;
};

void rule_groups_init(struct rule_groups *made);

#endif
