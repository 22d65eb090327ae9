/* SPDX-License-Identifier: MIT */
#include "sessions.h"

#include "account.h"
#include "can_be.h"
#include "reader.h"
#include "record.h"
#include "record/text.h"
#include "record/usage.h"

#include <assert.h>

void session_columns(const struct session *session, int64_t values[SESSION_COLUMNS])
{
    const int64_t columns[SESSION_COLUMNS] = {
        session->id,     session->device,  session->activity,     session->start_ms,
        session->end_ms, session->used_ms, session->overdraft_ms,
    };
    for (int i = 0; i < SESSION_COLUMNS; i++)
        values[i] = columns[i];
}

/* Time that nobody credited, and that does not end a session: a tick that came late, a clock that
 * was set a little. */
static int64_t tolerance_ms(const struct heartbeat *heartbeat)
{
    int64_t interval_ms = (int64_t)heartbeat->poll_interval_sec * 1000;
    return interval_ms / 2 > 1000 ? interval_ms / 2 : 1000;
}

static bool goes_on(const struct session *session, const struct heartbeat *heartbeat,
                    int64_t activity)
{
    int64_t apart_ms = heartbeat->wall_ms - heartbeat->credited_ms - session->end_ms;
    int64_t tolerated_ms = tolerance_ms(heartbeat);
    return session->id != 0 && session->activity == activity && apart_ms <= tolerated_ms &&
           apart_ms >= -tolerated_ms;
}

bool session_take(struct session *session, const struct heartbeat *heartbeat, int64_t activity)
{
    assert(session->device != 0 && heartbeat->credited_ms > 0 && heartbeat->seq > 0);
    bool continues = goes_on(session, heartbeat, activity);
    if (!continues)
        *session = (struct session){.id = heartbeat->seq,
                                    .device = session->device,
                                    .activity = activity,
                                    .start_ms = heartbeat->wall_ms - heartbeat->credited_ms,
                                    .end_ms = heartbeat->wall_ms};
    if (session->end_ms < heartbeat->wall_ms)
        session->end_ms = heartbeat->wall_ms;
    session->used_ms += heartbeat->credited_ms;
    session->overdraft_ms += heartbeat->overdraft_ms;
    return continues;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static int load_newest(struct record *record, struct error *error)
{
    sqlite3_stmt *newest = record->statements[RECORD_SESSION_NEWEST];
    record->session = (struct session){.device = record->device};
    database_bind(newest, 1, &record->device);
    int code = sqlite3_step(newest);
    if (code == SQLITE_ROW)
        record->session = (struct session){.id = sqlite3_column_int64(newest, 0),
                                           .device = record->device,
                                           .activity = sqlite3_column_int64(newest, 1),
                                           .start_ms = sqlite3_column_int64(newest, 2),
                                           .end_ms = sqlite3_column_int64(newest, 3),
                                           .used_ms = sqlite3_column_int64(newest, 4),
                                           .overdraft_ms = sqlite3_column_int64(newest, 5)};
    int result = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_fail(record->db, error);
    sqlite3_reset(newest);
    if (result != 0)
        record->session.device = 0;
    return result;
}

int sessions_record(struct record *record, const struct heartbeat *heartbeat, int64_t activity,
                    struct error *error)
{
    if (heartbeat->credited_ms == 0)
        return 0;
    int result = record->session.device == record->device ? 0 : load_newest(record, error);
    if (result != 0)
        return result;
    int64_t values[SESSION_COLUMNS];
    session_take(&record->session, heartbeat, activity);
    session_columns(&record->session, values);
    database_bind(record->statements[RECORD_SESSION], SESSION_COLUMNS, values);
    return database_step(record->statements[RECORD_SESSION], error);
}

/* ---- Reading --------------------------------------------------------------------------------- */

int store_each_session(struct store_reader *reader, const char *device_id, int64_t from_ms,
                       int64_t to_ms, store_visit_session visit, void *context, struct error *error)
{
    static const char sql[] =
        "SELECT s.id, n.name, s.start_ms, s.end_ms, s.used_ms, s.overdraft_ms FROM sessions s"
        " LEFT JOIN names n ON n.id = s.activity WHERE s.device = (SELECT id FROM devices WHERE"
        " device_id = ?1) AND s.end_ms > ?2 AND s.start_ms < ?3 AND " TIME_CAN_BE(
            "s.start_ms") " AND " TIME_CAN_BE("s.end_ms") " ORDER BY s.start_ms, s.id";
    const int64_t range[] = {from_ms, to_ms};
    sqlite3_stmt *row = NULL;
    assert(from_ms <= to_ms);
    int result = reader_prepare(reader, sql, device_id, 2, range, &row, error);
    if (result != 0)
        return result;
    int code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        struct store_session session = {.id = sqlite3_column_int64(row, 0),
                                        .start_ms = sqlite3_column_int64(row, 2),
                                        .end_ms = sqlite3_column_int64(row, 3),
                                        .used_ms = sqlite3_column_int64(row, 4),
                                        .overdraft_ms = sqlite3_column_int64(row, 5)};
        text_copy(session.activity, sizeof(session.activity),
                  (const char *)sqlite3_column_text(row, 1));
        visit(&session, context);
    }
    return reader_end(reader, row, code, error);
}

int store_each_activity(struct store_reader *reader, const char *device_id, int64_t from_ms,
                        int64_t to_ms, store_visit_activity visit, void *context,
                        struct error *error)
{
    static const char sql[] =
        "SELECT coalesce(n.name, ''), sum(s.used_ms), sum(s.overdraft_ms) FROM usage_slots s"
        " LEFT JOIN names n ON n.id = s.activity WHERE s.device = (SELECT id FROM devices WHERE"
        " device_id = ?1) AND s.slot >= ?2 AND s.slot < ?3 GROUP BY s.activity"
        " ORDER BY 2 DESC, 1";
    const int64_t range[] = {from_ms / USAGE_SLOT_MS, to_ms / USAGE_SLOT_MS};
    sqlite3_stmt *row = NULL;
    assert(from_ms % USAGE_SLOT_MS == 0 && to_ms % USAGE_SLOT_MS == 0 && from_ms <= to_ms);
    int result = reader_prepare(reader, sql, device_id, 2, range, &row, error);
    if (result != 0)
        return result;
    int code;
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        char activity[ACTIVITY_CAPACITY];
        text_copy(activity, sizeof(activity), (const char *)sqlite3_column_text(row, 0));
        visit(activity, sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2), context);
    }
    return reader_end(reader, row, code, error);
}
