/* SPDX-License-Identifier: MIT */
#include "gaps.h"

#include "platform/process.h"

#include <assert.h>

int gaps_add(struct store *store, const struct gap *gap, struct error *error)
{
    /* A number that no sink has passed, also when rows with higher ones are gone. The epoch
     * is that of the heartbeats. */
    static const char sql[] =
        "INSERT INTO gaps(id, from_seq, to_seq, count, wall_ms, epoch, uuid, sink, reason)"
        " VALUES(1 + max(coalesce((SELECT max(id) FROM gaps), 0),"
        " coalesce((SELECT max(delivered_gap) FROM sink_cursors), 0)), ?1, ?2, ?3, ?4,"
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
