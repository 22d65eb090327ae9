/* SPDX-License-Identifier: MIT */
/* Where heartbeats go: checked before anything is sent. */
#ifndef HTTP_INGEST_URL_H
#define HTTP_INGEST_URL_H

#include <clockblock/abi.h>
#include <stdbool.h>

/* May heartbeats go there? https, or http to this machine, or http when the user insists. Sets
 * *is_loopback: it is this machine. False and a sentence, without a password in it. */
bool url_check(const char *url, bool allow_insecure, bool *is_loopback, clb_error *error);

/* Is this the address of a proxy? False and a sentence, without a password in it. */
bool url_check_proxy(const char *proxy, clb_error *error);

#endif
