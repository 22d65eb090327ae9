/* SPDX-License-Identifier: MIT */
/* The totals are made to agree with what they are totals of. Only when somebody asks for it: a
 * difference that mends itself tells nobody what made it. */
#include "store_internal.h"

#include "can_be.h"
#include "record/usage.h"
#include "sums.h"
#include "verify.h"
#include "zone/civil.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static_assert(USAGE_SLOT_MS == 900000 && CIVIL_DAY_MS == 86400000, "as in the SQL below");

/* ?1 is the moment from which on heartbeats cover all, ?2 is now. Rows that agree are not touched.
 * The closed days come last: they are sums of the quarter hours. One that cannot be is none: nobody
 * can tell what it was. */
static const char *const changes[] = {
    "DELETE FROM daily_rollups WHERE date_utc * 86400000 >= ?1 AND (device, date_utc) NOT IN"
    " (SELECT device, date FROM temp.day)",
    "INSERT INTO daily_rollups SELECT device, date, used, over, last, ?2 FROM temp.day WHERE"
    " date * 86400000 >= ?1 ON CONFLICT DO UPDATE SET used_ms = excluded.used_ms,"
    " overdraft_ms = excluded.overdraft_ms, updated_ms = excluded.updated_ms WHERE"
    " used_ms <> excluded.used_ms OR overdraft_ms <> excluded.overdraft_ms",
    "DELETE FROM usage_slots WHERE slot * 900000 >= ?1 AND (device, slot, activity) NOT IN"
    " (SELECT device, slot, activity FROM temp.slot)",
    "INSERT INTO usage_slots SELECT device, slot, activity, used, over FROM temp.slot WHERE"
    " slot * 900000 >= ?1 ON CONFLICT DO UPDATE SET used_ms = excluded.used_ms,"
    " overdraft_ms = excluded.overdraft_ms WHERE used_ms <> excluded.used_ms OR"
    " overdraft_ms <> excluded.overdraft_ms",
    "DELETE FROM sessions WHERE start_ms >= ?1 AND id NOT IN (SELECT id FROM temp.session)",
    "INSERT INTO sessions SELECT t.* FROM temp.session t WHERE (t.start_ms >= ?1 OR t.id IN"
    " (SELECT id FROM sessions WHERE start_ms >= ?1)) AND NOT " SUMS_IS_FRAGMENT
    " ON CONFLICT DO UPDATE SET device = excluded.device, activity = excluded.activity,"
    " start_ms = excluded.start_ms, end_ms = excluded.end_ms, used_ms = excluded.used_ms,"
    " overdraft_ms = excluded.overdraft_ms WHERE (sessions.device, sessions.activity,"
    " sessions.start_ms, sessions.end_ms, sessions.used_ms, sessions.overdraft_ms) IS NOT"
    " (excluded.device, excluded.activity, excluded.start_ms, excluded.end_ms, excluded.used_ms,"
    " excluded.overdraft_ms)",
    "DELETE FROM local_days WHERE NOT " CLOSED_DAY_CAN_BE,
    "UPDATE local_days SET used_ms = t.used, overdraft_ms = t.over FROM (SELECT d.device AS device,"
    " d.date AS date, coalesce(sum(s.used_ms), 0) AS used, coalesce(sum(s.overdraft_ms), 0) AS over"
    " FROM local_days d LEFT JOIN usage_slots s ON s.device = d.device AND s.slot >="
    " d.start_ms / 900000 AND s.slot < d.end_ms / 900000 GROUP BY d.device, d.date) t WHERE"
    " local_days.device = t.device AND local_days.date = t.date AND (local_days.used_ms <> t.used"
    " OR local_days.overdraft_ms <> t.over)",
    "UPDATE local_days SET granted_ms = t.granted FROM (SELECT d.device AS device, d.date AS date,"
    " coalesce(sum(g.granted_ms), 0) AS granted FROM local_days d LEFT JOIN grants g ON"
    " g.device = d.device AND g.date = d.date GROUP BY d.device, d.date) t WHERE"
    " local_days.device = t.device AND local_days.date = t.date AND"
    " local_days.granted_ms <> t.granted",
};
enum { CHANGES_COUNT = sizeof(changes) / sizeof(changes[0]) };

struct repair {
    struct store_repair *result;
    store_report report;
    void *context;
};

static int change(struct store *store, const struct verify *verify, struct error *error)
{
    const int64_t values[] = {verify->covered_from_ms, store->clock->wall_ms(store->clock)};
    int result = 0;
    for (int i = 0; i < CHANGES_COUNT && result == 0; i++) {
        sqlite3_stmt *statement = NULL;
        result = database_prepare(store->db, changes[i], &statement, error);
        if (result != 0)
            return result;
        database_bind(statement, sqlite3_bind_parameter_count(statement), values);
        result = database_step(statement, error);
        sqlite3_finalize(statement);
    }
    return result;
}

/* What is made of wrong rows is not right either. */
static int refuse_damage(const struct store *store, const struct store_verify *found,
                         struct error *error)
{
    if (strcmp(found->integrity, "ok") != 0)
        return error_set(error, EXIT_CODE_DATA,
                         "%s: is damaged (%s), and nothing was changed: what can be read of it is "
                         "salvaged when the agent starts",
                         store->path, found->integrity);
    if (found->impossible > 0)
        return error_set(error, EXIT_CODE_DATA,
                         "%s: %d of its heartbeats cannot be, and nothing was changed: they are "
                         "never changed, and cannot be added up",
                         store->path, (int)found->impossible);
    return 0;
}

static int mend(struct store *store, struct repair *repair, struct error *error)
{
    struct store_repair *result = repair->result;
    struct verify verify = {.db = store->db,
                            .result = &result->before,
                            .report = repair->report,
                            .context = repair->context};
    result->before = (struct store_verify){0};
    int code = verify_all(&verify, error);
    if (code == 0)
        code = refuse_damage(store, &result->before, error);
    if (code == 0)
        code = change(store, &verify, error);
    if (code != 0)
        return code;
    result->after = result->before;
    result->after.differences = 0;
    verify.result = &result->after;
    verify.report = NULL;
    return verify_compare(&verify, error);
}

static int run_mend(struct store *store, void *argument, struct error *error)
{
    int result = mend(store, argument, error);
    sums_drop(store->db);
    record_forget(&store->record); /* what it remembers of a session may be wrong now */
    return result;
}

static int choose_backup(const char *path, int64_t wall_ms, char *backup, size_t capacity,
                         struct error *error)
{
    char time[CIVIL_TIMESTAMP_CAPACITY];
    civil_format_timestamp(wall_ms, time);
    int length = snprintf(backup, capacity, "%s.before-repair-%.4s%.2s%.2sT%.2s%.2s%.2sZ", path,
                          time, time + 5, time + 8, time + 11, time + 14, time + 17);
    if (length + 8 >= (int)capacity)
        return error_set(error, EXIT_CODE_CONFIG, "%s: the path is too long", path);
    for (int i = 2; file_exists(backup) && i < 1000; i++)
        snprintf(backup + length, capacity - (size_t)length, ".%d", i);
    return 0;
}

/* What there is to mend, and a copy of it as it was. */
static int look_and_back_up(struct store *store, struct store_reader *reader,
                            struct store_repair *result, struct error *error)
{
    int64_t wall_ms = store->clock->wall_ms(store->clock);
    int code = store_verify(reader, &result->before, NULL, NULL, error);
    result->after = result->before;
    if (code == 0)
        code = refuse_damage(store, &result->before, error);
    if (code != 0 || result->before.differences == 0)
        return code;
    code = choose_backup(store->path, wall_ms, result->backup, sizeof(result->backup), error);
    return code == 0 ? store_backup(reader, result->backup, wall_ms, error) : code;
}

int store_repair(struct store *store, struct store_repair *result, store_report report,
                 void *context, struct error *error)
{
    struct repair repair = {.result = result, .report = report, .context = context};
    struct store_reader *reader = NULL;
    *result = (struct store_repair){0};
    int code = store_settle(store, error);
    if (code == 0)
        code = store_reader_open(&reader, store->path, error);
    if (code == 0)
        code = look_and_back_up(store, reader, result, error);
    store_reader_close(reader);
    if (code != 0 || result->backup[0] == '\0')
        return code;
    return writer_call(store, run_mend, &repair, error);
}
