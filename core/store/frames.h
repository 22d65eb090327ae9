/* SPDX-License-Identifier: MIT */
/* The frames of a wal, each judged by itself. Private to this folder. */
#ifndef STORE_FRAMES_H
#define STORE_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct frames {
    FILE *file; /* owned; NULL: there is no wal */
    uint32_t page_bytes;
    uint32_t salt[2];
    bool is_big_endian; /* its checksums */
    int64_t sound;      /* frames from the first one on without a damaged one, up to a commit */
    bool is_damaged;    /* committed frames follow one that is damaged */
    /* The newest sound and committed frame of each page, counted from 1; 0: none. Owned. */
    uint32_t *of_page;
    uint32_t pages_count; /* the length of of_page */
};

/* Reads the whole wal. One that is not there, or no wal, has no frames. */
void frames_open(struct frames *frames, const char *wal);
void frames_close(struct frames *frames);

/* The bytes of a page; false: the wal has none. */
bool frames_read(const struct frames *frames, uint32_t page, uint8_t *bytes);

uint32_t frames_big_endian(const uint8_t *bytes);

#endif
