/* SPDX-License-Identifier: MIT */
/*
 * What the heartbeats of a database add up to, in temporary tables of the connection, so that the
 * memory it takes is bounded by days, quarter hours and sessions, and not by heartbeats:
 *
 *   temp.day(device, date, used, over, last)              as daily_rollups
 *   temp.slot(device, slot, activity, used, over)         as usage_slots
 *   temp.session(id, device, activity, start_ms, end_ms, used, over)
 *
 * Private to this folder.
 */
#ifndef STORE_SUMS_H
#define STORE_SUMS_H

#include "database.h"

struct sums {
    bool mends_borders; /* a day's border that cannot be is no reason to leave a heartbeat out */
    void (*refuse)(int64_t seq, void *context); /* one that cannot be; NULL: nobody is told */
    void *context;
    int64_t heartbeats; /* how many there were */
};

/* Adds them up. The caller holds a transaction, and drops the tables. */
int sums_make(sqlite3 *db, struct sums *sums, struct error *error);
/* An error leaves some of them there or none: this drops what there is. */
void sums_drop(sqlite3 *db);

/* Puts the sessions of heartbeats into a database that has none. In the caller's transaction. */
int sums_fill_sessions(sqlite3 *db, struct error *error);

/* A session that these heartbeats make, while those before them are pruned or lost: it is a part
 * of one that is stored and began before ?1. For temp.session AS t. */
#define SUMS_IS_FRAGMENT                                                                           \
    "(t.id NOT IN (SELECT id FROM sessions) AND EXISTS (SELECT 1 FROM sessions w WHERE"            \
    " w.device = t.device AND w.activity = t.activity AND w.id < t.id AND w.start_ms < ?1 AND"     \
    " w.start_ms <= t.start_ms AND t.end_ms <= w.end_ms))"

#endif
