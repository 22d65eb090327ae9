/* SPDX-License-Identifier: MIT */
/* What uses a GPU and is no game, and how a process is called. Pure. */
#ifndef GPU_USAGE_NAMES_H
#define GPU_USAGE_NAMES_H

#include <clockblock/plugin.h>
#include <stdbool.h>
#include <stddef.h>

enum { NAMES_CAPACITY = 64 };

struct names;

/* The names of the setting "ignore", and with `with_known` those of well-known programs too.
 * Everything is copied. NULL: no memory. */
struct names *names_create(const clb_setting *ignore, bool with_known);
void names_destroy(struct names *names); /* NULL is fine */

/* Upper and lower case are the same; a '*' at the end of a name in the list stands for anything;
 * and of a longer name the kernel knows 15 characters, which are enough. */
bool names_has(const struct names *names, const char *name);

/* How a process is called: by its command line where that goes on from `comm`, which the kernel
 * cuts at 15 characters, else by comm. Valid UTF-8 without control characters. */
void names_choose(char name[NAMES_CAPACITY], const char *comm, const char *program);

/* The name of a program at the start of a command line: behind the last / or \. */
void names_program(char program[NAMES_CAPACITY], const char *arguments, size_t length);

/* Puts a '?' for each byte that is not part of printable UTF-8. */
void names_clean(char *text);

#endif
