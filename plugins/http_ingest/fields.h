/* SPDX-License-Identifier: MIT */
/* Which keys of a heartbeat a receiver gets. Pure. */
#ifndef HTTP_INGEST_FIELDS_H
#define HTTP_INGEST_FIELDS_H

#include <clockblock/abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fields {
    bool is_all;
    uint32_t chosen; /* a bit for each key that there is */
};

/* Reads a choice: "all", "first_agent", or names of keys; nothing is "all". False and a sentence
 * when a name is none. */
bool fields_read(struct fields *fields, const char *const *names, uint32_t count, clb_error *error);

/* Copies the chosen members of a heartbeat, in their order; returns the length, at most that of
 * `json` and two more. What is no JSON object comes out as one without members. */
size_t fields_copy(const struct fields *fields, const char *json, size_t length, char *copy);

#endif
