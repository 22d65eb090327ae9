/* SPDX-License-Identifier: MIT */
/* The services of clockblock/services.h, as this host offers them. Private to this folder. */
#ifndef PLUGIN_SERVICES_H
#define PLUGIN_SERVICES_H

#include <clockblock/services.h>

const void *CLB_CALL services_get(const clb_host *host, const char *id);

#endif
