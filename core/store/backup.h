/* SPDX-License-Identifier: MIT */
/*
 * Copies of the database. A copy that is put back in its place tells of an earlier moment: what was
 * numbered since would be numbered again. So each is marked, and whoever opens it begins a new
 * epoch. Private to this folder.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "database.h"

/* Puts a consistent copy at `target`, mode 0600, in one step and over what is there. */
int backup_make(sqlite3 *db, const char *target, int64_t wall_ms, struct error *error);

/* When the backup was made that this database is; 0: it is none. */
int backup_moment(sqlite3 *db, int64_t *wall_ms, struct error *error);
/* It is the database from now on. */
int backup_unmark(sqlite3 *db, struct error *error);

#endif
