/* SPDX-License-Identifier: MIT */
/* The key that an X server wants to see (MIT-MAGIC-COOKIE-1), from a file of who owns the display.
 */
#ifndef DESKTOP_AUTHORITY_H
#define DESKTOP_AUTHORITY_H

#include "displays.h"

enum { AUTHORITY_KEY_BYTES = 64 };

struct authority_key {
    char bytes[AUTHORITY_KEY_BYTES];
    size_t length;      /* 0: there is none */
    int64_t server_uid; /* who has to run the server to be told; -1: anybody */
};

/* Looks where display managers and compositors put such files, for the display of this number. A
 * file of another user, a link, a pipe or what is too large is not read, and not more than a few.
 * False: there is no key. */
bool authority_find(const struct desktop_settings *settings, const struct desktop_display *display,
                    int number, struct authority_key *key);

#endif
