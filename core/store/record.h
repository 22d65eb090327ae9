/* SPDX-License-Identifier: MIT */
/* Writing heartbeats and their totals. The caller holds a transaction. Private to this folder. */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "database.h"
#include "record/heartbeat.h"
#include "sessions.h"

enum record_statement {
    RECORD_INSERT,
    RECORD_SPLIT,
    RECORD_DAY,
    RECORD_SLOT,
    RECORD_SESSION,
    RECORD_SESSION_NEWEST,
    RECORD_TICK,
    RECORD_NAME_ADD,
    RECORD_NAME_FIND,
    RECORD_STATEMENTS
};

enum { RECORD_NAMES_CACHED = 8 };

struct record {
    sqlite3 *db; /* borrowed */
    sqlite3_stmt *statements[RECORD_STATEMENTS];
    int64_t device;
    int64_t epoch;
    /* The names that were used last, so that a heartbeat does not look them up. */
    struct {
        int64_t id; /* 0: empty */
        char name[ACTIVITY_CAPACITY];
    } names[RECORD_NAMES_CACHED];
    int names_next;
    struct session session; /* the newest of its device */
};

int record_init(struct record *record, sqlite3 *db, struct error *error);
void record_finish(struct record *record);

/* Writes the heartbeat with the seq that it has, and adds it to its days, slots and session. */
int record_heartbeat(struct record *record, const struct heartbeat *heartbeat, int64_t updated_ms,
                     struct error *error);
int record_tick(struct record *record, const struct tick *tick, struct error *error);

/* Adds to a day or a slot. A moment of 0 leaves the one that is there. */
int record_add_day(struct record *record, int32_t date_utc, int64_t used_ms, int64_t overdraft_ms,
                   int64_t last_heartbeat_ms, int64_t updated_ms, struct error *error);
int record_add_slot(struct record *record, int64_t slot, int64_t activity, int64_t used_ms,
                    int64_t overdraft_ms, struct error *error);

/* The number of a name, made when it is new; 0 for "". */
int record_name(struct record *record, const char *name, int64_t *id, struct error *error);
/* After a rollback, or when somebody else changed the tables: what is remembered of them may be
 * gone. */
void record_forget(struct record *record);

#endif
