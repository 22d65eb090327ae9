/* SPDX-License-Identifier: MIT */
/*
 * The household's account in the store: closed days, grants and sessions. Dates are days of the
 * household since 1970-01-01, times are milliseconds.
 */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "record/allowance.h"
#include "store.h"

/* ---- Days ------------------------------------------------------------------------------------ */

enum { STORE_CLOSED_MAX = 2 };

/* What a heartbeat does to days beside its own: in the same transaction it closes those that it
 * leaves behind or reaches back into. */
struct store_turn {
    int closed_count;
    struct {
        int32_t date;
        struct day_account day; /* its borders and allowance; totals are taken from the slots */
    } closed[STORE_CLOSED_MAX];
    bool opens;
    int32_t opened_date;         /* a day that is lived in (again) is not closed */
    int64_t opened_allowance_ms; /* what is in force, should the next run close it */
};

/* When the newest heartbeat of a device was taken that is still there. */
int store_read_newest(struct store_reader *reader, const char *device_id, int64_t *wall_ms,
                      bool *found, struct error *error);

/* What was allowed on the day that a device lived in last, if that is this date: *allowance_ms is
 * left alone otherwise. */
int store_read_opened(struct store_reader *reader, const char *device_id, int32_t date,
                      int64_t *allowance_ms, struct error *error);

/* How many heartbeats were committed or given up since the start. [any thread] */
int64_t store_committed(struct store *store);
/* Adds to the totals of a day what waits for its commit within its borders. Returns what
 * store_committed() would. [any thread] */
int64_t store_add_waiting(struct store *store, struct day_account *day);

/* A date among the closed days. */
struct store_neighbours {
    bool has_before;
    int32_t before_date; /* the newest closed one before the date */
    int64_t before_end_ms;
    bool is_closed; /* the date itself */
    struct day_account day;
    bool has_after;
    int32_t after_date; /* the oldest closed one after the date */
    int64_t after_start_ms;
};
int store_read_neighbours(struct store_reader *reader, const char *device_id, int32_t date,
                          struct store_neighbours *neighbours, struct error *error);

/* Was anything used or granted on or around the dates from `from` to `to`, that closed days do not
 * tell? */
int store_is_blank(struct store_reader *reader, const char *device_id, int32_t from, int32_t to,
                   bool *blank, struct error *error);

/* The closed days from `from` to `to`, both included, in order. */
typedef void (*store_visit_day)(int32_t date, const struct day_account *day, void *context);
int store_each_day(struct store_reader *reader, const char *device_id, int32_t from, int32_t to,
                   store_visit_day visit, void *context, struct error *error);

/* ---- Grants ---------------------------------------------------------------------------------- */

enum { GRANT_BY_CAPACITY = 64, GRANT_NOTE_CAPACITY = 256, GRANT_MAX_MIN = 24 * 60 };

/* Bonus minutes of a day; less than none takes back. Never edited: another grant corrects. */
struct store_grant {
    int64_t id; /* 0: not stored yet */
    int32_t date;
    int64_t granted_ms;
    int64_t wall_ms;                /* when it was given */
    char by[GRANT_BY_CAPACITY];     /* who gave it */
    char note[GRANT_NOTE_CAPACITY]; /* "": none */
};

/* Stores a grant, also in its day when that is closed; sets its id and wall_ms. Waits for the
 * commit. [any thread] */
int store_grant_add(struct store *store, struct store_grant *grant, struct error *error);

/* What was granted for a day, all in all. */
int store_read_granted(struct store_reader *reader, const char *device_id, int32_t date,
                       int64_t *granted_ms, struct error *error);

/* The grants for the days from `from` to `to`, both included, in order of date and time. */
typedef void (*store_visit_grant)(const struct store_grant *grant, void *context);
int store_each_grant(struct store_reader *reader, const char *device_id, int32_t from, int32_t to,
                     store_visit_grant visit, void *context, struct error *error);

/* ---- Activities and sessions ----------------------------------------------------------------- */

/* What was played from `from_ms` to `to_ms`, both multiples of USAGE_SLOT_MS, the most first;
 * activity "": it had no name. */
typedef void (*store_visit_activity)(const char *activity, int64_t used_ms, int64_t overdraft_ms,
                                     void *context);
int store_each_activity(struct store_reader *reader, const char *device_id, int64_t from_ms,
                        int64_t to_ms, store_visit_activity visit, void *context,
                        struct error *error);

/* Contiguous play of one activity. */
struct store_session {
    int64_t id;
    char activity[ACTIVITY_CAPACITY];
    int64_t start_ms;
    int64_t end_ms;
    int64_t used_ms;
    int64_t overdraft_ms;
};

/* The sessions that reach into [from_ms, to_ms), in order of their start. */
typedef void (*store_visit_session)(const struct store_session *session, void *context);
int store_each_session(struct store_reader *reader, const char *device_id, int64_t from_ms,
                       int64_t to_ms, store_visit_session visit, void *context,
                       struct error *error);

#endif
