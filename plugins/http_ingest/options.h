/* SPDX-License-Identifier: MIT */
/* The settings of this plugin. */
#ifndef HTTP_INGEST_OPTIONS_H
#define HTTP_INGEST_OPTIONS_H

#include <clockblock/plugin.h>

extern const clb_option *const http_ingest_options[];

#endif
