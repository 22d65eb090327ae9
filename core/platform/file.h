/* SPDX-License-Identifier: MIT */
/* Files and folders. Paths are UTF-8. */
#ifndef PLATFORM_FILE_H
#define PLATFORM_FILE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATH_CAPACITY = 4096 };

bool file_exists(const char *path);
bool file_is_regular(const char *path);
bool file_is_read_only(const char *path); /* it is on a disk that takes nothing */

/* Reads a whole file of at most `limit` bytes into memory that the caller frees with free(); a NUL
 * is put behind the last byte. */
int file_read(const char *path, size_t limit, char **bytes, size_t *length, struct error *error);

/* Reads at most `capacity` bytes from the start of a file; returns how many there were, -1: none
 * can be read. */
int64_t file_read_start(const char *path, void *bytes, size_t capacity);

/* The absolute path with all links resolved. Fails when the file is not there. */
int file_resolve(const char *path, char resolved[PATH_CAPACITY], struct error *error);

/* Is this file safe to load code from? A regular file, owned by root or by the user of this
 * process, that neither group nor others may write. `path` is resolved already. */
int file_check_trusted(const char *path, struct error *error);

/* Is this file fit to hold a secret? Others may not read it. */
int file_check_private(const char *path, struct error *error);

/* Makes an empty file with mode 0600 when there is none, and gives one that is there that mode. */
int file_make_private(const char *path, struct error *error);

/* Puts a file with these bytes and mode 0600 there, in one step. */
int file_write(const char *path, const char *bytes, size_t length, struct error *error);

/* Renames `from` over `to` in one step, and makes it durable. */
int file_replace(const char *from, const char *to, struct error *error);

/* Makes the folder, and those above it, with mode 0700. It is no error when it is there. */
int file_make_folder(const char *path, struct error *error);

/* Calls visit() with the name of each entry of a folder, in order of the alphabet; stops when it
 * returns false. A folder that is not there has no entries. */
void file_list(const char *folder, bool (*visit)(const char *name, void *context), void *context);

/* Which file lies at a path, whatever it is called: differs once another took its place. */
struct file_identity {
    uint64_t volume;
    uint64_t number;
};
bool file_identify(const char *path, struct file_identity *identity); /* false: there is none */
bool file_is_same(const struct file_identity *one, const struct file_identity *other);

int64_t file_size(const char *path);       /* bytes; 0 when it is not there */
int64_t file_free_bytes(const char *path); /* left on the volume that holds `path`; -1: unknown */

#endif
