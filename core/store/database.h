/* SPDX-License-Identifier: MIT */
/* A connection to the SQLite file, and the few calls that all others are made of. Private to this
 * folder. */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum { DATABASE_APPLICATION_ID = 0x434C4F42, DATABASE_VERSION = 3 }; /* "CLOB" */

/* Opens the one connection that writes. The file is made, mode 0600, when it is not there. */
int database_open_writer(sqlite3 **db, const char *path, struct error *error);
/* Opens a connection that only reads, and never checkpoints. */
int database_open_reader(sqlite3 **db, const char *path, struct error *error);
/* Opens the file for a look that leaves no trace beside it: what is still in a journal or a wal is
 * not seen. */
int database_open_look(sqlite3 **db, const char *path, struct error *error);
/* Opens one that a crash left in the middle of a change, which only a writer can undo. */
int database_open_undo(sqlite3 **db, const char *path, struct error *error);
void database_close(sqlite3 *db); /* NULL is fine; statements were finalized */

/* Runs SQL without results. */
int database_exec(sqlite3 *db, const char *sql, struct error *error);
int database_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement, struct error *error);
/* One whole number, 0 when there is no row. */
int database_integer(sqlite3 *db, const char *sql, int64_t *value, struct error *error);

/* Binds whole numbers from the first parameter on. */
void database_bind(sqlite3_stmt *statement, int count, const int64_t *values);
/* Steps a statement that has no rows to give, and resets it. */
int database_step(sqlite3_stmt *statement, struct error *error);

/* Runs SQL without results and with whole numbers for its parameters. */
int database_change(sqlite3 *db, const char *sql, int count, const int64_t *values,
                    struct error *error);

/* A sentence with the file's name, SQLite's reason and what to do; EXIT_CODE_DISK, or
 * EXIT_CODE_DATA when its content is at fault. */
int database_fail(sqlite3 *db, struct error *error);
/* Was the newest failure one of a page that cannot be right? */
bool database_is_damaged(sqlite3 *db);
/* A check of all pages is one step, however long it takes: the pulse is excused for it. */
void database_begin_check(sqlite3 *db);
/* EXIT_CODE_DATA when SQLite's quick_check finds something. */
int database_check(sqlite3 *db, struct error *error);
/* A consistent copy, mode 0600, in a file that is not there yet. */
int database_copy(sqlite3 *db, const char *target, struct error *error);

#endif
