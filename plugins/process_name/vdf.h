/* SPDX-License-Identifier: MIT */
/* Steam's text files: pairs of quoted texts, and groups of them in braces. A tolerant reader, as
 * the files are another program's: what it does not understand it passes over, and it reads any
 * bytes to their end, in one pass and without recursion. Pure. */
#ifndef PROCESS_NAME_VDF_H
#define PROCESS_NAME_VDF_H

#include <stdbool.h>
#include <stddef.h>

/* A key or a value that is longer is cut. */
enum { VDF_TEXT_CAPACITY = 1024 };

/* `depth` counts the braces around the pair. Both texts are borrowed. False: that is enough. */
typedef bool (*vdf_pair)(int depth, const char *key, const char *value, void *context);

void vdf_each(const char *text, size_t length, vdf_pair pair, void *context);

#endif
