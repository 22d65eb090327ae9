/* SPDX-License-Identifier: MIT */
/*
 * The store: heartbeats, their totals and how far each sink got, in one SQLite file.
 *
 * One thread, the writer, owns the only connection that writes and checkpoints. Heartbeats reach it
 * through a ring in memory; everything else that changes the file is a call that waits for its
 * commit. Whoever reads does so on a read-only connection of his own, and so sees committed rows
 * only.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "error.h"
#include "platform/clock.h"
#include "record/heartbeat.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct store_reader;

/* The ring holds a day of heartbeats at 5 s while the disk takes none. */
enum { STORE_RING_MAX = 17280 };

struct pulse;
struct store_options {
    const char *path;           /* of the database; its folder is made when it is not there */
    const char *device_id;      /* a new one begins a new epoch */
    struct clock *clock;        /* borrowed for the life of the store */
    int64_t commit_interval_ms; /* 0: commit every heartbeat at once */
    int retention_days;
    int64_t max_bytes;   /* of the database: beyond them the oldest heartbeats go; 0: no cap */
    struct pulse *pulse; /* the writer's, borrowed for the life of the store; NULL: none */
};

/* Opens, recovers and migrates, or creates the database, and imports the first agent's when that is
 * what lies at the path. One that is damaged is moved aside, and what can be read of it salvaged.
 * Refuses, without touching the file: a database of a newer version (EXIT_CODE_CONFIG), and a file
 * that is not ours (EXIT_CODE_CONFIG). EXIT_CODE_DISK when the folder or the file cannot be
 * written. Owned by the caller. [main] */
int store_open(struct store **store, const struct store_options *options, struct error *error);

/* Starts the writer. From here on only the calls below may be used. [main] */
int store_start(struct store *store, struct error *error);

/* Commits what is in the ring, stops the writer, folds the wal into the database and closes it.
 * Returns an error when heartbeats could not be committed. NULL is fine. [main] */
int store_close(struct store *store, struct error *error);

const struct heartbeat_origin *store_origin(const struct store *store); /* borrowed, constant */
/* The moment of the last heartbeat that was committed before store_open(); false: there is none. */
bool store_last_tick(const struct store *store, struct tick *tick);
/* The UUID of this installation, made with the database and never changed. */
void store_installation_id(const struct store *store, uint8_t uuid[UUID_BYTES]);

/* ---- Writing --------------------------------------------------------------------------------- */

/* Puts a heartbeat (its seq is given by the writer) and the moment it was taken into the ring.
 * Never blocks. `turn` is what it does to days beside its own (account.h); NULL: nothing. When the
 * ring is full the oldest one in it is dropped and counted. [any thread] */
struct store_turn;
void store_put(struct store *store, const struct heartbeat *heartbeat, const struct tick *tick,
               const struct store_turn *turn);

/* Waits until everything put so far is committed. [any thread but the writer] */
int store_settle(struct store *store, struct error *error);

/* Makes a cursor for a sink, unless it has one: at the oldest heartbeat, or behind the newest.
 * Marks it enabled, so that retention waits for it. [main] */
int store_sink_enable(struct store *store, const char *sink, bool from_now, struct error *error);
/* Marks all sinks that are not among these as not enabled: they do not pin retention. [main] */
int store_sinks_keep_only(struct store *store, const char *const *sinks, int count,
                          struct error *error);

/* Deletes heartbeats that are older than retention_days and that every enabled sink has, in slices.
 * The writer does this by itself every hour; this does it now and waits. `deleted` may be NULL. */
int store_prune(struct store *store, int64_t *deleted, struct error *error);
/* At a reload. [main] */
void store_set_retention(struct store *store, int retention_days, int64_t max_bytes);

/* Rings `wakeup` (borrowed until store_close) after each commit of heartbeats, and each that
 * failed. At most 16. [main]
 */
struct wakeup;
void store_watch(struct store *store, struct wakeup *wakeup);

/* How the writer fares. [any thread] */
struct store_health {
    bool storing;         /* false: the newest commit failed, heartbeats wait in the ring */
    bool failed_for_good; /* an fsync failed: the process has to end with EXIT_CODE_DISK */
    int64_t durable_seq;  /* newest heartbeat on disk; 0: none */
    int64_t waiting;      /* heartbeats in the ring */
    int64_t dropped;      /* heartbeats that the ring could not hold */
    int64_t last_commit_monotonic_ms; /* 0: none yet */
    int64_t rows;      /* heartbeats in the database, as far as the ends of their seq tell */
    int64_t bytes;     /* of the database and its wal */
    char problem[256]; /* "": none */
    int64_t event_ms;  /* wall clock of what befell the database last; 0: nothing did */
    char event[512];   /* damage, a restored backup, a file that was deleted: a sentence */
};
void store_get_health(struct store *store, struct store_health *health);

/* ---- Reading --------------------------------------------------------------------------------- */

/* A read-only connection, for one thread at a time. Owned by the caller. */
int store_reader_open(struct store_reader **reader, const char *path, struct error *error);
void store_reader_close(struct store_reader *reader); /* NULL is fine */

/* ---- Examining: for who wants to know what is wrong, and must change nothing ---- */

/* What lies at a path. */
enum store_kind { STORE_NONE, STORE_OURS, STORE_OLDER, STORE_FIRST_AGENT };
/* As store_open() would judge it, as far as that shows from outside: EXIT_CODE_CONFIG and
 * EXIT_CODE_DATA have the same meaning. `is_at_rest`: no agent has it open. */
int store_identify(const char *path, bool is_at_rest, enum store_kind *kind, struct error *error);
/* Damage was found by an agent, and its next start deals with it. */
bool store_is_noted_damaged(const char *path);

/* As store_reader_open(), and leaves no trace beside the database, nor a note of damage. While an
 * agent runs it reads what that has committed. */
int store_reader_look(struct store_reader **reader, const char *path, struct error *error);
/* Are its pages sound? EXIT_CODE_DATA when they are not. Gives up after limit_ms: *is_complete is
 * then false. */
int store_quick_check(struct store_reader *reader, int64_t limit_ms, bool *is_complete,
                      struct error *error);

/* Reads at most `limit` heartbeats after `after_seq` in order of seq, all of one origin: it stops
 * where the next epoch begins. */
int store_read_after(struct store_reader *reader, int64_t after_seq, int limit,
                     struct heartbeat *heartbeats, int *count, struct heartbeat_origin *origin,
                     struct error *error);

/* Reads at most `limit` heartbeats before `before_seq` (INT64_MAX: from the newest), newest first,
 * and calls visit() with each. */
typedef void (*store_visit)(const struct heartbeat *heartbeat,
                            const struct heartbeat_origin *origin, void *context);
int store_read_before(struct store_reader *reader, int64_t before_seq, int limit, store_visit visit,
                      void *context, struct error *error);

struct store_daily {
    bool found;
    int64_t used_ms;
    int64_t overdraft_ms;
    int64_t last_heartbeat_ms;
    int64_t updated_ms;
};
/* The total of a UTC day of a device. */
int store_read_daily(struct store_reader *reader, const char *device_id, int32_t date_utc,
                     struct store_daily *daily, struct error *error);

/* The total of a range of a device. Both ends are multiples of USAGE_SLOT_MS. last_heartbeat_ms and
 * updated_ms come from the days' rows, at most the end of the range; 0 when there was none. */
int store_read_usage(struct store_reader *reader, const char *device_id, int64_t from_ms,
                     int64_t to_ms, struct store_daily *total, struct error *error);

struct store_sink_state {
    bool found;
    bool enabled;
    int64_t delivered_seq;
    int64_t pending;           /* heartbeats beyond the cursor */
    int64_t oldest_pending_ms; /* wall clock of the oldest of them; 0: none */
};
int store_read_sink(struct store_reader *reader, const char *sink, struct store_sink_state *state,
                    struct error *error);

/* Puts a consistent copy into a new file, mode 0600, while the agent runs. EXIT_CODE_USAGE when
 * there is one already. A copy that is opened as the database begins a new epoch. */
int store_backup(struct store_reader *reader, const char *target, int64_t wall_ms,
                 struct error *error);

/* What verify found. */
struct store_verify {
    int64_t heartbeats;    /* raw rows that were added up */
    int64_t days_checked;  /* rows of daily_rollups that they cover completely */
    int64_t slots_checked; /* rows of usage_slots that they cover completely */
    int64_t days_skipped;  /* rows whose heartbeats are pruned, wholly or in part, or imported */
    int64_t slots_skipped;
    int64_t sessions_checked;
    int64_t sessions_skipped;
    int64_t closed_days_checked; /* rows of local_days, that all have their quarter hours */
    int64_t impossible;  /* heartbeats that no agent wrote: each is one of the differences */
    int64_t differences; /* rows that are wrong, missing or too many */
    char integrity[256]; /* "ok", or what SQLite's integrity_check found first */
};
typedef void (*store_report)(const char *sentence, void *context);
/* Adds the raw heartbeats up and compares with daily_rollups, usage_slots and sessions, and adds
 * the quarter hours up and compares with local_days; calls report() (may be NULL) with a sentence
 * for each difference. Changes nothing. */
int store_verify(struct store_reader *reader, struct store_verify *result, store_report report,
                 void *context, struct error *error);

/* What repair did. */
struct store_repair {
    struct store_verify before; /* its differences were told */
    struct store_verify after;
    char backup[4096]; /* the copy that was made first; "": all was sound, and nothing was done */
};
/* Makes the totals agree with what verify adds up, in one transaction, and a copy of the database
 * first. What heartbeats do not cover completely is left alone, and they themselves never change.
 * report() is told of each difference before it is mended. EXIT_CODE_DATA, and nothing is changed,
 * when the database is damaged or heartbeats cannot be. Waits. [any thread but the writer] */
int store_repair(struct store *store, struct store_repair *result, store_report report,
                 void *context, struct error *error);

#endif
