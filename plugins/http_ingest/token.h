/* SPDX-License-Identifier: MIT */
/* The bearer token: a secret, from the settings or from a file. */
#ifndef HTTP_INGEST_TOKEN_H
#define HTTP_INGEST_TOKEN_H

#include <clockblock/plugin.h>
#include <stdbool.h>

/* *token is the caller's, free with free(); NULL: none. False and a sentence, without the token in
 * it, when it cannot be had, or everybody may read the file. */
bool token_read(const clb_settings *settings, char **token, clb_error *error);

#endif
