/* SPDX-License-Identifier: MIT */
/* Secrets: the bearer token, from the settings or from a file, and the key of a certificate. */
#ifndef HTTP_INGEST_TOKEN_H
#define HTTP_INGEST_TOKEN_H

#include <clockblock/plugin.h>
#include <stdbool.h>

/* *token is the caller's, free with free(); NULL: none. False and a sentence, without the token in
 * it, when it cannot be had, or everybody may read the file. */
bool token_read(const clb_settings *settings, char **token, clb_error *error);

/* Is the file in the setting `key` fit to hold a secret? False and a sentence when it is not there,
 * or everybody may read it. */
bool token_check_file(const char *key, const char *path, clb_error *error);

#endif
