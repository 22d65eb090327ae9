/* SPDX-License-Identifier: MIT */
/* Comparing the account with what it is made of. Private to this folder. */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "database.h"
#include "store.h"

struct verify {
    sqlite3 *db;
    int64_t covered_from_ms; /* what lies before is not, or not wholly, covered by heartbeats */
    struct store_verify *result;
    store_report report; /* NULL: nobody is told */
    void *context;
};

/* Makes the sums (see sums.h) and compares. The caller holds a transaction, and drops them. */
int verify_all(struct verify *verify, struct error *error);
/* Compares once more with the same sums. */
int verify_compare(struct verify *verify, struct error *error);

/* verify_compare.c, a part of it. */
int verify_compare_totals(struct verify *verify, struct error *error);
int verify_compare_closed_days(struct verify *verify, struct error *error);
void verify_tell(struct verify *verify, const char *sentence);

#endif
