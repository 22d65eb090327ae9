/* SPDX-License-Identifier: MIT */
/* How a tree of settings is built: group by group in settings.c, value by value in values.c.
 * Private to these two. */
#ifndef CONFIG_SETTINGS_INTERNAL_H
#define CONFIG_SETTINGS_INTERNAL_H

#include "node.h"

#include <stddef.h>

struct block {
    struct block *next;
    max_align_t memory[];
};

struct builder {
    struct block **blocks;
    const char *folder;
    const char *where;
    struct config_problems *problems;
    bool failed;
};

/* Zeroed memory that lives as long as the tree. */
void *settings_take(struct builder *builder, size_t bytes);

/* Fills a setting with what `node` says, by the type of the option; says what is wrong with it. */
void values_fill(struct builder *builder, const clb_option *option, const struct config_node *node,
                 clb_setting *setting);

/* Fills a group; with `open`, keys that are not known are somebody else's. */
void settings_fill(struct builder *builder, clb_settings *settings, const struct config_node *group,
                   const clb_option *const *options, const char *const *host_keys, bool open);

#endif
