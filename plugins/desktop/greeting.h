/* SPDX-License-Identifier: MIT */
/* The first words with an X server: ours with the key, its with what it has. The library waits for
 * them as long as they take, so that a server that stands still would hold whoever asks. */
#ifndef DESKTOP_GREETING_H
#define DESKTOP_GREETING_H

#include "authority.h"

/* Of what a server says: it tells how much there is to come. */
enum { GREETING_HEAD_BYTES = 8 };

struct greeting {
    int socket;           /* owned; does not block */
    unsigned char *setup; /* owned; what the server said, as far as anybody reads it well formed */
    size_t setup_bytes;
    uint32_t root; /* the window that all others are in */
};

/* False and a sentence, within limit_ms: it is not there, refuses, or does not answer. */
bool greeting_open(const char *path, const struct authority_key *key, int64_t limit_ms,
                   struct greeting *greeting, clb_error *error);
void greeting_close(struct greeting *greeting); /* leaves a socket of -1 alone */

#endif
