/* SPDX-License-Identifier: MIT */
#include "rule_groups.h"

#include <string.h>

static const char *const exe_names[] = {"Minecraft.exe", "ALongNameOfAGame.exe", "Spiel\xC3\x84"};
static const char *const java_names[] = {"java", "javaw.exe"};
static const char *const exclude_names[] = {"crash_reporter", "AnotherLongNameOfATool"};

static clb_setting text(const char *key, const char *value)
{
    return (clb_setting){
        .size = sizeof(clb_setting), .type = CLB_OPTION_STRING, .key = key, .text = value};
}

static clb_setting list(const char *key, const char *const *items, uint32_t count)
{
    return (clb_setting){.size = sizeof(clb_setting),
                         .type = CLB_OPTION_LIST,
                         .key = key,
                         .items = items,
                         .count = count};
}

static void init_group(struct rule_group *group, clb_setting activity, clb_setting process,
                       clb_setting arguments, clb_setting exclude)
{
    group->activity = activity;
    group->process = process;
    group->arguments = arguments;
    group->exclude = exclude;
    group->pointers[0] = &group->activity;
    group->pointers[1] = &group->process;
    group->pointers[2] = &group->arguments;
    group->pointers[3] = &group->exclude;
    group->settings = (clb_settings){sizeof(clb_settings), 4, group->pointers, NULL};
}

void rule_groups_init(struct rule_groups *made)
{
    memset(made, 0, sizeof(*made));
    init_group(&made->groups[0], text("activity", "Minecraft"), list("process", exe_names, 3),
               text("arguments", NULL), list("exclude", exclude_names, 2));
    init_group(&made->groups[1], text("activity", "Java Minecraft"), list("process", java_names, 2),
               text("arguments", "net.minecraft.client.main.Main"), list("exclude", NULL, 0));
    made->pointers[0] = &made->groups[0].settings;
    made->pointers[1] = &made->groups[1].settings;
    made->setting = (clb_setting){.size = sizeof(clb_setting),
                                  .type = CLB_OPTION_GROUPS,
                                  .key = "rules",
                                  .groups = made->pointers,
                                  .count = 2};
    made->all[0] = &made->setting;
    made->settings = (clb_settings){sizeof(clb_settings), 1, made->all, NULL};
}
