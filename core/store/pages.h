/* SPDX-License-Identifier: MIT */
/*
 * A database as pages and records, for one that SQLite may not be able to read.
 *
 * What leads to a page (header, schema, inner nodes) may be damaged, so nothing of it is needed:
 * every page that looks like a node with records is taken apart by itself. Pages that are still in
 * the wal lie over those of the file. Each frame of a wal carries a checksum that goes on from the
 * frame before it, so each can be judged by itself, and a damaged one costs no more than its page.
 * The format: https://sqlite.org/fileformat.html. Private to this folder.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pages;

/* Owned by the caller. The wal may be missing, and the database empty. */
int pages_open(struct pages **pages, const char *database, const char *wal, struct error *error);
void pages_close(struct pages *pages); /* NULL is fine */

enum { PAGES_COLUMNS_MAX = 16 };

enum pages_kind { PAGES_NULL, PAGES_INTEGER, PAGES_TEXT, PAGES_BLOB };

struct pages_value {
    enum pages_kind kind;
    int64_t integer;
    const uint8_t *bytes; /* borrowed for the visit; not ended by a NUL */
    int length;
};

struct pages_record {
    int64_t root;   /* page where its table begins, by the map of pages; 0: unknown */
    bool is_index;  /* of a table WITHOUT ROWID, or of an index */
    int64_t rowid;  /* of a table with rowids */
    bool is_lonely; /* its rowid does not go on from its neighbours' */
    int count;      /* of values */
    struct pages_value values[PAGES_COLUMNS_MAX];
};

/* Calls visit() with every record that can be read: first those of the newest pages, then those of
 * pages of the file that lie below newer ones in the wal, which tell of an earlier moment. */
void pages_visit(struct pages *pages, void (*visit)(const struct pages_record *, void *context),
                 void *context);

/* Does the file, or its wal, hold this text anywhere? */
bool pages_hold_text(const char *path, const char *text);

/* Did a wal lose what had been committed into it: is a frame damaged that others follow, or are
 * fewer there than the index beside it (its shm) counted? SQLite would go on from the last good
 * one and say nothing. What a crash leaves behind is no loss. Call before SQLite opens the file. */
bool pages_wal_is_damaged(const char *wal, const char *shm);

#endif
