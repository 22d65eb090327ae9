/* SPDX-License-Identifier: MIT */
#include "gaps.h"

#include "delivery.h"
#include "platform/process.h"
#include "reader.h"
#include "record/text.h"

#include <assert.h>
#include <string.h>

/* A number that no sink has passed. */
#define NEXT_NUMBER                                                                                \
    "1 + max(coalesce((SELECT max(id) FROM gaps), 0),"                                             \
    " coalesce((SELECT max(delivered_gap) FROM sink_cursors), 0))"

int gaps_add(struct store *store, const struct gap *gap, struct error *error)
{
    /* The epoch is that of the heartbeats. */
    static const char sql[] =
        "INSERT INTO gaps(id, from_seq, to_seq, count, wall_ms, epoch, uuid, sink, reason)"
        " VALUES(" NEXT_NUMBER ", ?1, ?2, ?3, ?4,"
        " coalesce((SELECT max(id) FROM epochs WHERE first_seq <= ?1), ?5), ?6, ?7, ?8)";
    assert(gap->from_seq > 0 && gap->from_seq <= gap->to_seq && gap->count > 0);
    uint8_t random[UUID_RANDOM_BYTES];
    uint8_t uuid[UUID_BYTES];
    process_random(random, sizeof(random));
    uuid_random(random, uuid);
    sqlite3_stmt *insert = NULL;
    int result = database_prepare(store->db, sql, &insert, error);
    if (result != 0)
        return result;
    const int64_t values[] = {gap->from_seq, gap->to_seq, gap->count,
                              store->clock->wall_ms(store->clock), store->record.epoch};
    database_bind(insert, 5, values);
    sqlite3_bind_blob(insert, 6, uuid, sizeof(uuid), SQLITE_STATIC);
    if (gap->sink != NULL)
        sqlite3_bind_text(insert, 7, gap->sink, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 8, gap->reason, -1, SQLITE_STATIC);
    result = database_step(insert, error);
    sqlite3_finalize(insert);
    return result;
}

/* One number per sink says which gaps it was told of. Gaps are told of in order of seq, which may
 * differ from the order in which they came: the oldest heartbeats go at the hard cap while a newer
 * gap waits. Those that are passed over are then written down again, behind, for this sink. */
int gaps_mark_told(struct store *store, const char *sink, int64_t number, struct error *error)
{
    static const char *const sql[] = {
        "INSERT INTO gaps SELECT " NEXT_NUMBER " + row_number() OVER (ORDER BY id), uuid, ?1,"
        " epoch, from_seq, to_seq, count, reason, wall_ms FROM gaps WHERE id < ?2 AND"
        " (sink IS NULL OR sink = ?1) AND id > (SELECT delivered_gap FROM sink_cursors WHERE"
        " sink = ?1)",
        "UPDATE sink_cursors SET delivered_gap = ?2 WHERE sink = ?1 AND delivered_gap < ?2",
    };
    int result = 0;
    for (int i = 0; i < 2 && result == 0; i++) {
        sqlite3_stmt *statement = NULL;
        result = database_prepare(store->db, sql[i], &statement, error);
        if (result != 0)
            return result;
        sqlite3_bind_text(statement, 1, sink, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, number);
        result = database_step(statement, error);
        sqlite3_finalize(statement);
    }
    return result;
}

static void take_row(sqlite3_stmt *row, struct store_gap *gap)
{
    gap->number = sqlite3_column_int64(row, 0);
    gap->from_seq = sqlite3_column_int64(row, 1);
    gap->to_seq = sqlite3_column_int64(row, 2);
    gap->count = sqlite3_column_int64(row, 3);
    gap->wall_ms = sqlite3_column_int64(row, 4);
    if (sqlite3_column_bytes(row, 5) == UUID_BYTES)
        memcpy(gap->id, sqlite3_column_blob(row, 5), UUID_BYTES);
    if (sqlite3_column_bytes(row, 6) == UUID_BYTES)
        memcpy(gap->origin.epoch, sqlite3_column_blob(row, 6), UUID_BYTES);
    text_copy(gap->origin.device_id, sizeof(gap->origin.device_id),
              (const char *)sqlite3_column_text(row, 7));
    text_copy(gap->reason, sizeof(gap->reason), (const char *)sqlite3_column_text(row, 8));
}

int store_read_next_gap(struct store_reader *reader, const char *sink, struct store_gap *gap,
                        struct error *error)
{
    static const char sql[] =
        "SELECT g.id, g.from_seq, g.to_seq, g.count, g.wall_ms, g.uuid, e.uuid, d.device_id,"
        " g.reason FROM gaps g LEFT JOIN epochs e ON e.id = g.epoch LEFT JOIN devices d ON"
        " d.id = e.device WHERE g.id > (SELECT delivered_gap FROM sink_cursors WHERE sink = ?1)"
        " AND (g.sink IS NULL OR g.sink = ?1) ORDER BY g.from_seq, g.id LIMIT 1";
    sqlite3_stmt *statement = NULL;
    *gap = (struct store_gap){0};
    int result = database_prepare(reader->db, sql, &statement, error);
    if (result != 0)
        return result;
    sqlite3_bind_text(statement, 1, sink, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        take_row(statement, gap);
    else if (code != SQLITE_DONE)
        result = database_fail(reader->db, error);
    sqlite3_finalize(statement);
    return result;
}
