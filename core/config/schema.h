/* SPDX-License-Identifier: MIT */
/* The agent's own settings, as tables of options like those of plugins. Private to this folder. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <clockblock/plugin.h>

extern const clb_option *const schema_root[];
extern const char *const schema_groups[]; /* the groups beside them, NULL-terminated */
extern const clb_option *const schema_plugin_dirs[];
extern const clb_option *const schema_day[];
extern const clb_option *const schema_allowance[];
extern const clb_option *const schema_api[];
extern const clb_option *const schema_store[];
extern const clb_option *const schema_log[];
extern const clb_option *const schema_instance[]; /* of both, and the next two beside it */
extern const clb_option *const schema_detector[];
extern const clb_option *const schema_sink[];

#endif
