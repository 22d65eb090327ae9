/* SPDX-License-Identifier: MIT */
/* What is stored beside what it should be: rows that are wrong, missing or too many. */
#include "verify.h"

#include "can_be.h"
#include "record/usage.h"
#include "sums.h"
#include "zone/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static_assert(USAGE_SLOT_MS == 900000 && CIVIL_DAY_MS == 86400000, "as in the SQL below");

enum { SENTENCE_CAPACITY = 512 };

/* Which rows are compared, and which are left out: ?1 is the moment from which on heartbeats cover
 * all. */
struct comparison {
    const char *count;  /* how many are compared, and how many are not */
    const char *differ; /* those that differ: what describe() puts into words */
    void (*describe)(sqlite3_stmt *row, char sentence[SENTENCE_CAPACITY]);
    int64_t *checked;
    int64_t *skipped;
};

/* ---- Words ----------------------------------------------------------------------------------- */

static void time_of(sqlite3_stmt *row, int column, char text[CIVIL_TIMESTAMP_CAPACITY])
{
    civil_format_timestamp(sqlite3_column_int64(row, column), text);
}

/* What, start, device; used and overdraft as they are stored, and as they should be. */
static void describe_total(sqlite3_stmt *row, char sentence[SENTENCE_CAPACITY])
{
    char start[CIVIL_TIMESTAMP_CAPACITY];
    time_of(row, 1, start);
    snprintf(sentence, SENTENCE_CAPACITY,
             "%s from %s (device %" PRId64 "): stored %" PRId64 " ms used and %" PRId64
             " ms overdraft, its %s add up to %" PRId64 " and %" PRId64,
             (const char *)sqlite3_column_text(row, 0), start,
             (int64_t)sqlite3_column_int64(row, 2), (int64_t)sqlite3_column_int64(row, 3),
             (int64_t)sqlite3_column_int64(row, 4), (const char *)sqlite3_column_text(row, 7),
             (int64_t)sqlite3_column_int64(row, 5), (int64_t)sqlite3_column_int64(row, 6));
}

static void put_session(sqlite3_stmt *row, int column, char *text, size_t capacity)
{
    char start[CIVIL_TIMESTAMP_CAPACITY];
    char end[CIVIL_TIMESTAMP_CAPACITY];
    if (sqlite3_column_type(row, column) == SQLITE_NULL) {
        snprintf(text, capacity, "none");
        return;
    }
    time_of(row, column + 2, start);
    time_of(row, column + 3, end);
    snprintf(text, capacity,
             "%s to %s, device %" PRId64 ", activity %" PRId64 ", %" PRId64 " ms used and %" PRId64
             " ms overdraft",
             start, end, (int64_t)sqlite3_column_int64(row, column),
             (int64_t)sqlite3_column_int64(row, column + 1),
             (int64_t)sqlite3_column_int64(row, column + 4),
             (int64_t)sqlite3_column_int64(row, column + 5));
}

/* Its number, and its columns as they are stored and as they should be; NULL: there is none. */
static void describe_session(sqlite3_stmt *row, char sentence[SENTENCE_CAPACITY])
{
    char stored[SENTENCE_CAPACITY / 3];
    char made[SENTENCE_CAPACITY / 3];
    put_session(row, 1, stored, sizeof(stored));
    put_session(row, 7, made, sizeof(made));
    snprintf(sentence, SENTENCE_CAPACITY,
             "session %" PRId64 ": stored is %s, its heartbeats make %s",
             (int64_t)sqlite3_column_int64(row, 0), stored, made);
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static int count(struct verify *verify, const struct comparison *comparison, struct error *error)
{
    sqlite3_stmt *row = NULL;
    int result = database_prepare(verify->db, comparison->count, &row, error);
    if (result != 0)
        return result;
    database_bind(row, sqlite3_bind_parameter_count(row), &verify->covered_from_ms);
    if (sqlite3_step(row) == SQLITE_ROW) {
        *comparison->checked = sqlite3_column_int64(row, 0);
        *comparison->skipped = sqlite3_column_int64(row, 1);
    } else {
        result = database_fail(verify->db, error);
    }
    sqlite3_finalize(row);
    return result;
}

static int compare(struct verify *verify, const struct comparison *comparison, struct error *error)
{
    sqlite3_stmt *row = NULL;
    int code = SQLITE_DONE;
    int result = count(verify, comparison, error);
    if (result == 0)
        result = database_prepare(verify->db, comparison->differ, &row, error);
    if (result != 0)
        return result;
    database_bind(row, sqlite3_bind_parameter_count(row), &verify->covered_from_ms);
    while ((code = sqlite3_step(row)) == SQLITE_ROW) {
        char sentence[SENTENCE_CAPACITY];
        comparison->describe(row, sentence);
        verify_tell(verify, sentence);
    }
    if (code != SQLITE_DONE)
        result = database_fail(verify->db, error);
    sqlite3_finalize(row);
    return result;
}

static int compare_all(struct verify *verify, const struct comparison *comparisons, size_t count,
                       struct error *error)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        result = compare(verify, &comparisons[i], error);
    return result;
}

#define COUNT(table, start)                                                                        \
    "SELECT count(*) FILTER (WHERE " start " >= ?1), count(*) FILTER (WHERE " start                \
    " < ?1) FROM " table

static const char days_differ[] =
    "SELECT 'day', r.date_utc * 86400000, r.device, r.used_ms, r.overdraft_ms,"
    " coalesce(t.used, 0), coalesce(t.over, 0), 'heartbeats' FROM daily_rollups r LEFT JOIN"
    " temp.day t ON t.device = r.device AND t.date = r.date_utc WHERE r.date_utc * 86400000 >= ?1"
    " AND (t.used IS NOT r.used_ms OR t.over IS NOT r.overdraft_ms) UNION ALL"
    " SELECT 'day', t.date * 86400000, t.device, 0, 0, t.used, t.over, 'heartbeats' FROM temp.day t"
    " LEFT JOIN daily_rollups r ON r.device = t.device AND r.date_utc = t.date"
    " WHERE r.device IS NULL AND t.date * 86400000 >= ?1";

static const char slots_differ[] =
    "SELECT 'slot', r.slot * 900000, r.device, r.used_ms, r.overdraft_ms, coalesce(t.used, 0),"
    " coalesce(t.over, 0), 'heartbeats' FROM usage_slots r LEFT JOIN temp.slot t ON"
    " t.device = r.device AND t.slot = r.slot AND t.activity = r.activity WHERE"
    " r.slot * 900000 >= ?1 AND (t.used IS NOT r.used_ms OR t.over IS NOT r.overdraft_ms) UNION ALL"
    " SELECT 'slot', t.slot * 900000, t.device, 0, 0, t.used, t.over, 'heartbeats' FROM temp.slot t"
    " LEFT JOIN usage_slots r ON r.device = t.device AND r.slot = t.slot AND"
    " r.activity = t.activity WHERE r.device IS NULL AND t.slot * 900000 >= ?1";

static const char sessions_differ[] =
    "SELECT s.id, s.device, s.activity, s.start_ms, s.end_ms, s.used_ms, s.overdraft_ms,"
    " t.device, t.activity, t.start_ms, t.end_ms, t.used, t.over FROM sessions s LEFT JOIN"
    " temp.session t ON t.id = s.id WHERE (s.start_ms >= ?1 OR t.start_ms >= ?1) AND"
    " (s.device, s.activity, s.start_ms, s.end_ms, s.used_ms, s.overdraft_ms) IS NOT"
    " (t.device, t.activity, t.start_ms, t.end_ms, t.used, t.over) UNION ALL"
    " SELECT t.id, NULL, NULL, NULL, NULL, NULL, NULL, t.device, t.activity, t.start_ms, t.end_ms,"
    " t.used, t.over FROM temp.session t WHERE t.id NOT IN (SELECT id FROM sessions) AND"
    " t.start_ms >= ?1 AND NOT " SUMS_IS_FRAGMENT;

int verify_compare_totals(struct verify *verify, struct error *error)
{
    struct store_verify *result = verify->result;
    const struct comparison comparisons[] = {
        {COUNT("daily_rollups", "date_utc * 86400000"), days_differ, describe_total,
         &result->days_checked, &result->days_skipped},
        {COUNT("usage_slots", "slot * 900000"), slots_differ, describe_total,
         &result->slots_checked, &result->slots_skipped},
        {COUNT("sessions", "start_ms"), sessions_differ, describe_session,
         &result->sessions_checked, &result->sessions_skipped},
    };
    return compare_all(verify, comparisons, sizeof(comparisons) / sizeof(comparisons[0]), error);
}

/* ---- Closed days ----------------------------------------------------------------------------- */

/* The midnight of its date, its device, its borders. */
static void describe_borders(sqlite3_stmt *row, char sentence[SENTENCE_CAPACITY])
{
    char start[CIVIL_TIMESTAMP_CAPACITY];
    char end[CIVIL_TIMESTAMP_CAPACITY];
    char date[CIVIL_TIMESTAMP_CAPACITY];
    time_of(row, 0, date);
    time_of(row, 2, start);
    time_of(row, 3, end);
    snprintf(sentence, SENTENCE_CAPACITY,
             "closed day %.10s (device %" PRId64 "): it lasts from %s to %s, and not from one"
             " quarter hour to a later one",
             date, (int64_t)sqlite3_column_int64(row, 1), start, end);
}

/* The midnight of its date, its device; what is stored and what it should be. */
static void describe_granted(sqlite3_stmt *row, char sentence[SENTENCE_CAPACITY])
{
    char date[CIVIL_TIMESTAMP_CAPACITY];
    time_of(row, 0, date);
    snprintf(sentence, SENTENCE_CAPACITY,
             "closed day %.10s (device %" PRId64 "): stored %" PRId64
             " ms granted, its grants add up to %" PRId64,
             date, (int64_t)sqlite3_column_int64(row, 1), (int64_t)sqlite3_column_int64(row, 2),
             (int64_t)sqlite3_column_int64(row, 3));
}

static const char days_count[] = "SELECT count(*), 0 FROM local_days";

static const char borders_differ[] =
    "SELECT date * 86400000, device, start_ms, end_ms FROM local_days WHERE NOT " CLOSED_DAY_CAN_BE;

static const char closed_days_differ[] =
    "SELECT 'closed day', d.start_ms, d.device, d.used_ms, d.overdraft_ms,"
    " coalesce(sum(s.used_ms), 0) AS used, coalesce(sum(s.overdraft_ms), 0) AS over,"
    " 'quarter hours' FROM (SELECT * FROM local_days WHERE " CLOSED_DAY_CAN_BE
    ") d LEFT JOIN usage_slots s ON s.device = d.device AND s.slot >= d.start_ms / 900000 AND"
    " s.slot < d.end_ms / 900000 GROUP BY d.device, d.date"
    " HAVING used <> d.used_ms OR over <> d.overdraft_ms";

static const char granted_differ[] =
    "SELECT d.date * 86400000, d.device, d.granted_ms, coalesce(sum(g.granted_ms), 0) AS granted"
    " FROM (SELECT * FROM local_days WHERE " CLOSED_DAY_CAN_BE
    ") d LEFT JOIN grants g ON g.device = d.device AND g.date = d.date GROUP BY d.device, d.date"
    " HAVING granted <> d.granted_ms";

/* They need no heartbeats: quarter hours and grants are never pruned. */
int verify_compare_closed_days(struct verify *verify, struct error *error)
{
    int64_t none;
    int64_t *checked = &verify->result->closed_days_checked;
    const struct comparison comparisons[] = {
        {days_count, borders_differ, describe_borders, checked, &none},
        {days_count, closed_days_differ, describe_total, checked, &none},
        {days_count, granted_differ, describe_granted, checked, &none},
    };
    return compare_all(verify, comparisons, sizeof(comparisons) / sizeof(comparisons[0]), error);
}
