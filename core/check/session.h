/* SPDX-License-Identifier: MIT */
/* An instance with the given settings, from create to destroy. Private to this folder. */
#ifndef CHECK_SESSION_H
#define CHECK_SESSION_H

#include "calls.h"

/* Creates an instance; fails the check when the plugin refuses the given settings. */
struct host *session_create(const struct subject *subject);
/* And starts it; skips the check when it cannot start here. */
struct host *session_start(const struct subject *subject);
/* Stops it if it runs, destroys it and ends the host. NULL is fine. */
void session_end(struct host *host);

/* What the agent would do with a running instance: a poll or a delivery, and a short wait. */
void session_use(struct host *host);
/* The same on all of them at once. */
void session_use_all(struct host *const *hosts, int count);

#endif
