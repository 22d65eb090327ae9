/* SPDX-License-Identifier: MIT */
/* What the files of the store share. Private to this folder. */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "account.h"
#include "platform/file.h"
#include "platform/thread.h"
#include "platform/wakeup.h"
#include "record.h"
#include "store.h"

struct ring_entry {
    struct heartbeat heartbeat;
    struct tick tick;
    struct store_turn turn;
};

/* Heartbeats that wait for their commit. Grows on demand, up to STORE_RING_MAX. */
struct ring {
    struct ring_entry *entries; /* owned; capacity of them */
    int capacity;
    int first;
    int count;
    int64_t put;     /* since the start */
    int64_t dropped; /* the oldest, when the ring was full */
};

/* A change that a caller waits for: runs on the writer, in a transaction of its own. */
struct request {
    int (*run)(struct store *store, void *argument, struct error *error);
    void *argument;
    struct error *error;
    int result;
    bool done;
    struct request *next;
};

enum { WATCHERS_MAX = 16 };

struct store {
    struct clock *clock;           /* borrowed */
    struct pulse *pulse;           /* borrowed; NULL: none */
    char *path;                    /* owned */
    struct file_identity identity; /* of the file that is open */
    struct file_identity wal;      /* of its wal, as of the newest commit */
    int64_t commit_interval_ms;
    struct heartbeat_origin origin;
    bool has_last_tick;
    struct tick last_tick;
    uint8_t installation_id[UUID_BYTES];

    /* The writer's own, once it runs; main's before and after. */
    sqlite3 *db;
    struct record record;
    int64_t next_seq;
    int64_t oldest_seq; /* of the rows that are there; 0: none */
    int64_t backoff_ms; /* after a failed commit; 0: none failed */
    int64_t retry_at_ms;
    int64_t prune_at_ms;   /* monotonic: the next look for old rows */
    int64_t pruned_to_seq; /* how far this look has come */
    int64_t look_at_ms;    /* monotonic: the next look at what lies around the database */
    int64_t dropped_told;  /* of ring.dropped: how many a gap was written for */
    int slice_rows;        /* that deleting takes at a time */
    int wal_pages;         /* in the wal since it was folded into the database */
    bool is_full;          /* the newest change failed for want of room */
    bool running;          /* main's */

    struct thread thread;
    struct wakeup wakeup;

    struct mutex lock; /* guards all below */
    struct condition changed;
    struct ring ring;
    int64_t committed;        /* of ring.put: how many are on disk or dropped */
    struct request *requests; /* the oldest first */
    bool stopping;
    bool hurry;               /* somebody waits: do not sit out the commit interval */
    bool fresh;               /* a heartbeat came since the last attempt to commit */
    int64_t attempts;         /* to commit, that were begun */
    int64_t failed_attempt;   /* the newest of them that failed; 0: none */
    int64_t waiting_since_ms; /* monotonic: since when the oldest in the ring waits */
    int retention_days;
    int64_t max_bytes; /* of the database; 0: no cap */
    struct store_health health;
    struct wakeup *watchers[WATCHERS_MAX];
    int watchers_count;
};

/* ring.c. The caller holds the lock. */
void ring_put(struct ring *ring, const struct heartbeat *heartbeat, const struct tick *tick,
              const struct store_turn *turn);
const struct ring_entry *ring_at(const struct ring *ring, int index);
void ring_drop(struct ring *ring, int count);
/* Adds what the heartbeats in it credit within the day's borders. */
void ring_add_usage(const struct ring *ring, struct day_account *day);

/* transaction.c */
void transaction_watch_wal(struct store *store);
int transaction_begin(struct store *store, struct error *error);
/* Commits, or rolls back when `result` tells that something failed. Returns what failed. */
int transaction_end(struct store *store, int result, struct error *error);

/* Nothing is written any more: the process has to end. */
void transaction_give_up(struct store *store, const char *why);
/* Folds the wal into the database. */
void transaction_fold_wal(struct store *store);

/* open.c */
void store_release(struct store *store);

/* rescue.c: is the file that is open still the one at its path? When it was deleted it is made
 * anew from what the connection still has of it; EXIT_CODE_DISK, and for good, when another one
 * took its place. */
int rescue_if_gone(struct store *store, struct error *error);

/* ballast.c */
void ballast_place(const char *path);
bool ballast_drop(const char *path); /* true: it was there */

/* events.c */
int events_put(sqlite3 *db, int64_t wall_ms, const char *sentence, struct error *error);
int events_read(struct store *store, struct error *error);
/* After a salvage: writes a gap for each hole that it found. In the caller's transaction. */
int events_tell_holes(struct store *store, struct error *error);

/* closed_days.c: what a heartbeat does to days beside its own. In the caller's transaction. */
int closed_days_turn(struct store *store, const struct store_turn *turn, struct error *error);

/* cap.c: deletes the oldest slice when the database is larger than it may be. `more`: it still is.
 */
int cap_slice(struct store *store, bool *more, struct error *error);

/* writer.c */
void writer_work(void *argument);
/* Runs a change on the writer and waits; before it runs, and after, on the caller. */
int writer_call(struct store *store, int (*run)(struct store *, void *, struct error *),
                void *argument, struct error *error);
/* Commits what is in the ring now. False: it failed. */
bool writer_drain(struct store *store);

/* upkeep.c: deletes old rows once an hour, and looks each minute at what lies around the database:
 * a note of damage, the cap, the ballast. */
void upkeep_if_due(struct store *store);
/* Looks again at what the database holds, for the health. */
void writer_measure(struct store *store);

/* retention.c: deletes one slice, or gives some space back. `more`: there is more to do. */
int retention_slice(struct store *store, int64_t *deleted, bool *more, struct error *error);
/* Deletes the rows of a slice that are older than the cutoff, the newest of them of `newest_ms`. */
int retention_delete(struct store *store, int64_t after_seq, int64_t last_seq, int64_t cutoff_ms,
                     int64_t newest_ms, struct error *error);
int retention_slice_rows(struct store *store);
void retention_pace(struct store *store, int64_t took_us);
int retention_give_back(struct store *store, bool *more, struct error *error);
/* Sets when the first look for old rows is due. When everything there is would be too old, the
 * clock is more likely wrong than the machine was off for so long: nothing is deleted for a day.
 * Nor is it when the clock stepped during the last one. */
int retention_begin(struct store *store, struct error *error);

/* import.c: makes a new database of the first agent's, in its place. */
int import_first_agent(const char *path, int64_t wall_ms, struct error *error);

/* The seq that is used up: no heartbeat gets it, or a lower one, again. */
#define STORE_NEWEST_SEQ                                                                           \
    "SELECT max(coalesce((SELECT max(seq) FROM heartbeats), 0),"                                   \
    " coalesce((SELECT max(delivered_seq) FROM sink_cursors), 0))"

/* The number of a device, made when it is new, and a new epoch of it from `first_seq` on. */
int store_find_device(sqlite3 *db, const char *device_id, int64_t *device, struct error *error);
int store_add_epoch(sqlite3 *db, int64_t device, int64_t first_seq, int64_t wall_ms, int64_t *epoch,
                    struct error *error);

#endif
