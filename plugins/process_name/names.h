/* SPDX-License-Identifier: MIT */
/* Names of programs, found without a look at each of them: a process is compared with hundreds. The
 * case of ASCII's letters does not matter. Pure. */
#ifndef PROCESS_NAME_NAMES_H
#define PROCESS_NAME_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool names_same(const char *a, const char *b);
bool names_same_start(const char *a, const char *b, size_t length);
char names_lower(char c);

struct name {
    uint32_t hash;
    int rule;         /* whose name it is */
    const char *text; /* borrowed */
};

struct names {
    struct name *list; /* owned */
    size_t count;
    size_t capacity;
};

/* Adds a name under its first `length` characters. False: no memory. */
bool names_add(struct names *names, const char *text, size_t length, int rule);

/* After the last names_add(), before the first search. */
void names_sort(struct names *names);

/* The first of those whose hash is that of `text`, by their rules in ascending order, or NULL; and
 * the one behind it. They may only look alike: compare them. */
const struct name *names_first(const struct names *names, const char *text);
const struct name *names_next(const struct names *names, const struct name *name);

void names_free(struct names *names);

#endif
