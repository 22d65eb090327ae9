/* SPDX-License-Identifier: MIT */
/* conf/clockblock.conf, as it was when the agent was built. Private to this folder. */
#ifndef CONFIG_BUILTIN_H
#define CONFIG_BUILTIN_H

extern const char config_builtin[];

#endif
