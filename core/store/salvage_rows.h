/* SPDX-License-Identifier: MIT */
/* The rows of a damaged database, put into a new one. Private to this folder. */
#ifndef STORE_SALVAGE_ROWS_H
#define STORE_SALVAGE_ROWS_H

#include "database.h"
#include "pages.h"

/* In an upsert, for numbers that only rise: of two versions of a row the higher one counts. */
#define MAX_OF(column) #column " = max(" #column ", excluded." #column ")"

struct salvage_result {
    int64_t heartbeats;
    int64_t missing; /* seqs between the first and the last that no row has */
};

/* `db` is empty, of the newest version, and in a transaction. What cannot be right is left out. */
int salvage_rows(sqlite3 *db, struct pages *pages, const char *device_id, int64_t wall_ms,
                 struct salvage_result *result, struct error *error);

/* Of heartbeats that are in `db`. A part of it. */
int salvage_totals(sqlite3 *db, struct error *error);

#endif
