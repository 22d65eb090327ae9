/* SPDX-License-Identifier: MIT */
/* Totals that were lost, or are of an earlier moment, are made of the heartbeats again. */
#include "salvage_rows.h"

#include "record/usage.h"
#include "sums.h"
#include "zone/civil.h"

#include <assert.h>

static_assert(USAGE_SLOT_MS == 900000 && CIVIL_DAY_MS == 86400000, "as in the SQL below");

/* Totals are never less than what the rows add up to. */
static const char raise_totals[] =
    "INSERT INTO daily_rollups SELECT device, date, used, over, last, last FROM temp.day"
    " WHERE true ON CONFLICT DO UPDATE SET " MAX_OF(used_ms) ", " MAX_OF(overdraft_ms) ", " MAX_OF(
        last_heartbeat_ms) ";"
                           "INSERT INTO usage_slots SELECT device, slot, activity, used, over FROM "
                           "temp.slot"
                           " WHERE true ON CONFLICT DO UPDATE SET " MAX_OF(used_ms) ", " MAX_OF(
                               overdraft_ms) ";";

/* Where they are more, rows are lost: the rest of the account cannot be checked against rows before
 * that. */
static const char move_border[] =
    "INSERT OR IGNORE INTO meta VALUES('pruned_before_ms', 0);"
    "UPDATE meta SET value = max(value,"
    " coalesce((SELECT max((s.slot + 1) * 900000) FROM usage_slots s LEFT JOIN temp.slot t ON"
    " t.device = s.device AND t.slot = s.slot AND t.activity = s.activity WHERE s.slot * 900000"
    " >= meta.value AND (t.used IS NOT s.used_ms OR t.over IS NOT s.overdraft_ms)), 0),"
    " coalesce((SELECT max((r.date_utc + 1) * 86400000) FROM daily_rollups r LEFT JOIN temp.day t"
    " ON t.device = r.device AND t.date = r.date_utc WHERE r.date_utc * 86400000 >= meta.value AND"
    " (t.used IS NOT r.used_ms OR t.over IS NOT r.overdraft_ms)), 0))"
    " WHERE key = 'pruned_before_ms';";

/* A closed day is the sum of its quarter hours and of its grants, whatever its row says. */
static const char close_days[] =
    "UPDATE local_days SET (used_ms, overdraft_ms) = (SELECT coalesce(sum(used_ms), 0),"
    " coalesce(sum(overdraft_ms), 0) FROM usage_slots s WHERE s.device = local_days.device AND"
    " s.slot >= local_days.start_ms / 900000 AND s.slot < local_days.end_ms / 900000), granted_ms ="
    " (SELECT coalesce(sum(g.granted_ms), 0) FROM grants g WHERE g.device = local_days.device AND"
    " g.date = local_days.date);";

/* Behind the border (?1) sessions are those of the heartbeats. Before it those that were found
 * stay, and are never less than their heartbeats; what the heartbeats tell of others joins them. */
static const char *const make_sessions[] = {
    "DELETE FROM sessions WHERE start_ms >= ?1 OR id IN (SELECT id FROM temp.session WHERE"
    " start_ms >= ?1)",
    /* One that is of an earlier moment, and whose first heartbeats are pruned, ends later. */
    "UPDATE sessions SET end_ms = coalesce((SELECT max(t.end_ms) FROM temp.session t WHERE"
    " t.device = sessions.device AND t.activity = sessions.activity AND t.id > sessions.id AND"
    " t.start_ms >= sessions.start_ms AND t.start_ms < sessions.end_ms AND t.end_ms >"
    " sessions.end_ms), end_ms) WHERE id < (SELECT min(seq) FROM heartbeats)",
    "INSERT INTO sessions SELECT t.* FROM temp.session t WHERE NOT " SUMS_IS_FRAGMENT
    " ON CONFLICT DO UPDATE SET " MAX_OF(end_ms) ", " MAX_OF(used_ms) ", " MAX_OF(overdraft_ms),
};

static int put_sessions(sqlite3 *db, struct error *error)
{
    int64_t border_ms;
    int result = database_integer(db, "SELECT value FROM meta WHERE key = 'pruned_before_ms'",
                                  &border_ms, error);
    for (size_t i = 0; i < sizeof(make_sessions) / sizeof(make_sessions[0]) && result == 0; i++) {
        sqlite3_stmt *statement = NULL;
        result = database_prepare(db, make_sessions[i], &statement, error);
        if (result != 0)
            return result;
        database_bind(statement, sqlite3_bind_parameter_count(statement), &border_ms);
        result = database_step(statement, error);
        sqlite3_finalize(statement);
    }
    return result;
}

int salvage_totals(sqlite3 *db, struct error *error)
{
    static const char *const steps[] = {raise_totals, move_border, close_days};
    struct sums sums = {.mends_borders = true};
    int result = sums_make(db, &sums, error);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result == 0; i++)
        result = database_exec(db, steps[i], error);
    if (result == 0)
        result = put_sessions(db, error);
    sums_drop(db);
    return result;
}
