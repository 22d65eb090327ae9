/* SPDX-License-Identifier: MIT */
/*
 * The ledger: enters each heartbeat into its household day, so that what lies beyond the allowance
 * is known when it is credited, and tells the store which days that closes. Everything but
 * ledger_grants_changed() and ledger_repaired() belongs to main.
 */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include "days.h"
#include "platform/thread.h"

struct ledger_day {
    bool is_known;
    int32_t date;
    struct day_account account;
};

struct ledger {
    struct store *store; /* borrowed; NULL: a dry run */
    struct days days;
    struct ledger_day today;  /* that holds the newest heartbeat */
    struct ledger_day before; /* that ends where today begins; known when it was needed */
    bool is_stale;            /* the household may have moved its borders since */
    bool has_last_date;
    int32_t last_date;           /* of the newest heartbeat, in this run or the one before */
    int64_t opened_allowance_ms; /* that the store was told of */
    struct mutex lock;
    bool grants_changed; /* guarded by lock */
    bool was_repaired;   /* guarded by lock */
};

/* `store` and `reader` may be NULL, both. */
void ledger_init(struct ledger *ledger, struct store *store, struct store_reader *reader);
void ledger_finish(struct ledger *ledger);

/* At the start, and at each reload. `household` is borrowed. */
void ledger_configure(struct ledger *ledger, const struct household *household);

/* Fills the heartbeat's overdraft and border, and `turn`: it has to be put with it. */
void ledger_enter(struct ledger *ledger, struct heartbeat *heartbeat, struct store_turn *turn);

/* What was granted is read again before the next heartbeat is entered. [any thread] */
void ledger_grants_changed(struct ledger *ledger);

/* What was used is read again, too: the totals of the store were mended. [any thread] */
void ledger_repaired(struct ledger *ledger);

#endif
