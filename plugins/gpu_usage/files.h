/* SPDX-License-Identifier: MIT */
/* The small files and folders of /proc and /sys. */
#ifndef GPU_USAGE_FILES_H
#define GPU_USAGE_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* A folder to look into; -1: it is not there, with the reason in errno. */
int files_open_folder(const char *path);
void files_close(int folder); /* -1 is fine */

/* Reads at most `capacity` - 1 bytes of a file below the folder, and puts a NUL behind them. -1: it
 * cannot be read. These files give all that they have, or that fits, at once. */
long files_read(int folder, const char *name, char *text, size_t capacity);

/* What a link below the folder points to. False: it is none, or too long. */
bool files_link(int folder, const char *name, char *target, size_t capacity);

/* Calls `each` with the name of everything in a folder. False: it cannot be read, with the reason
 * in errno. */
bool files_each(int folder, const char *name, void (*each)(const char *name, void *context),
                void *context);

#endif
