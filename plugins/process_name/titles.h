/* SPDX-License-Identifier: MIT */
/* Titles of Steam apps, from the manifests that Steam keeps beside each: no network is asked. */
#ifndef PROCESS_NAME_TITLES_H
#define PROCESS_NAME_TITLES_H

#include <stdint.h>

struct titles;

/* `folder` is where Steam is; NULL: at its usual places in the home of who plays. Copied. NULL: no
 * memory. */
struct titles *titles_create(const char *folder);
void titles_destroy(struct titles *titles); /* NULL is fine */

/* The title of an app that a user has, or NULL: it has none, as what others added to Steam. Is
 * looked up once, and once a minute while there is none. Valid until the next call. */
const char *titles_find(struct titles *titles, int64_t uid, int64_t app, int64_t now_ms);

#endif
