/* SPDX-License-Identifier: MIT */
/* A read-only connection with its statements. Private to this folder. */
#ifndef STORE_READER_H
#define STORE_READER_H

#include "database.h"
#include "platform/file.h"
#include "store.h"

enum reader_statement {
    READER_AFTER,
    READER_BEFORE,
    READER_ORIGIN,
    READER_DAILY,
    READER_USAGE,
    READER_USAGE_DAY,
    READER_SINK,
    READER_STATEMENTS
};

/* Statements stay prepared: to read their SQL again takes longer than most answers. */
enum { READER_KEPT_MAX = 16 };
struct reader_kept {
    sqlite3_stmt *statement; /* owned; NULL: the place is free */
    bool is_used;            /* from reader_prepare() to reader_end() */
};

struct store_reader {
    sqlite3 *db;
    char *path;                    /* owned */
    struct file_identity identity; /* of the file that is open */
    bool leaves_no_trace;          /* puts nothing beside the database */
    sqlite3_stmt *statements[READER_STATEMENTS];
    struct reader_kept kept[READER_KEPT_MAX];
    int used_count;       /* statements between reader_prepare() and reader_end() */
    int64_t origin_epoch; /* whose origin this is; 0: none */
    struct heartbeat_origin origin;
};

/* The columns that reader_row() expects, in its order. */
#define READER_COLUMNS                                                                             \
    "h.seq, h.wall_ms, h.poll_interval_sec, h.is_playing, h.credited_ms, h.overdraft_ms, h.flags," \
    " h.epoch, h.id, a.name, b.name, d.border_ms, d.overdraft_before_ms FROM heartbeats h"         \
    " LEFT JOIN names a ON a.id = h.activity LEFT JOIN names b ON b.id = h.decided_by"             \
    " LEFT JOIN day_splits d ON d.seq = h.seq"

/* The number of that device, in the SQL of such a statement. */
#define READER_DEVICE "(SELECT id FROM devices WHERE device_id = ?1)"

/* A statement of its own, with the device first and whole numbers behind it. Looks before that
 * what is open is the database that the agent writes, unless another statement is in use: what is
 * read meanwhile is of the same database as that one's rows. */
int reader_prepare(struct store_reader *reader, const char *sql, const char *device_id, int count,
                   const int64_t *values, sqlite3_stmt **statement, struct error *error);
/* Gives it back; `code` is that of its last step. */
int reader_end(struct store_reader *reader, sqlite3_stmt *statement, int code, struct error *error);

void reader_row(sqlite3_stmt *row, struct heartbeat *heartbeat);

#endif
