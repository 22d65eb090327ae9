/* SPDX-License-Identifier: MIT */
/* What stands behind the ? of a request, as it came: names, numbers and dates. Pure; private to
 * this folder. */
#ifndef API_QUERY_H
#define API_QUERY_H

#include <stdbool.h>
#include <stdint.h>

enum { QUERY_PARAMETERS_MAX = 3, QUERY_NAME_CAPACITY = 64, QUERY_DAYS_MAX = 3660 };

/* Which of the names are not as they should be; "": none. They are shown as UTF-8, whatever was
 * sent. Begin with .names and zeros. */
struct query_names {
    const char *const *names; /* that are taken, borrowed; NULL: no more */
    unsigned seen;            /* bits of them */
    char unknown[QUERY_NAME_CAPACITY];
    char repeated[QUERY_NAME_CAPACITY];
};
void query_add_name(struct query_names *names, const char *name);

/* A whole number in [low, high], low not below 0; `otherwise` when the text is NULL. False: it is
 * not one. */
bool query_number(const char *text, int64_t low, int64_t high, int64_t otherwise, int64_t *number);

/* From one date to another, both included; the texts may be NULL. NULL, or a sentence about the
 * parameter *name that is wrong. Both are static. */
const char *query_days(const char *from_text, const char *to_text, int32_t *from, int32_t *to,
                       const char **name);

#endif
