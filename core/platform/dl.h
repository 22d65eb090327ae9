/* SPDX-License-Identifier: MIT */
/* Shared objects. They are never unloaded. */
#ifndef PLATFORM_DL_H
#define PLATFORM_DL_H

#include "error.h"

#include <stdbool.h>

/* The ending of a plugin's file: ".so" or ".dll". */
extern const char dl_suffix[];

/* Opens the file with all its symbols bound and kept to itself. `handle` is static. */
int dl_open(const char *path, void **handle, struct error *error);

/* A function by name; NULL when the file does not export it. */
typedef void (*dl_function)(void);
dl_function dl_symbol(void *handle, const char *name);

/* Calls visit() with the name of each symbol that the file exports, without loading it. False: the
 * file has no table of symbols that can be read here. */
bool dl_exports(const char *path, void (*visit)(const char *name, void *context), void *context);

#endif
