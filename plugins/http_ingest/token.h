/* SPDX-License-Identifier: MIT */
/* The bearer token, and what else comes from outside: checked before anything is sent. */
#ifndef HTTP_INGEST_TOKEN_H
#define HTTP_INGEST_TOKEN_H

#include <clockblock/plugin.h>
#include <stdbool.h>

/* The token of the settings, or of the file that they name. *token is the caller's, free with
 * free(); NULL: none. False and a sentence when it cannot be had, or everybody may read the file.
 */
bool token_read(const clb_settings *settings, char **token, clb_error *error);

/* May heartbeats go there? https, or http to this machine, or http when the user insists. */
bool token_check_url(const char *url, bool allow_insecure, clb_error *error);

#endif
