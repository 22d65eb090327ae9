/* SPDX-License-Identifier: MIT */
/* The tables, and what a file at db_path is. Private to this folder. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "database.h"

enum schema_kind { SCHEMA_NEW, SCHEMA_OURS, SCHEMA_FIRST_AGENT };

/* Finds out what lies at the path, without changing it. Refuses, with EXIT_CODE_CONFIG, what is
 * neither nothing, nor ours of a version that is known, nor the first agent's; EXIT_CODE_DATA: it
 * is ours, and damaged. */
int schema_identify(const char *path, enum schema_kind *kind, struct error *error);

/* The same from outside, so that nothing appears beside it: a version that is not known, and much
 * damage, are seen only when it is opened. */
int schema_glance(const char *path, enum schema_kind *kind, struct error *error);
/* What had been committed into the wal counts too, and SQLite does not miss it: EXIT_CODE_DATA when
 * it is damaged. Of a database that nobody has open. */
int schema_check_wal(const char *path, struct error *error);

/* Refuses, with EXIT_CODE_CONFIG, a database that is open and is not ours, or newer. */
int schema_check_ours(sqlite3 *db, const char *path, struct error *error);

/* Makes the tables in a new database, or brings an old one up to date: backed up first, and one
 * transaction for each version, so that whatever goes wrong leaves one that can be used. */
int schema_migrate(sqlite3 *db, int64_t wall_ms, struct error *error);

#endif
