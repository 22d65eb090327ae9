/* SPDX-License-Identifier: MIT */
#include "accounts.h"

#include "days.h"
#include "record/usage.h"
#include "store/account.h"
#include "store/store_internal.h"
#include "words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "sim: %s\n", what);
    exit(1);
}

static sqlite3_stmt *ask(struct sim *sim, const char *sql)
{
    struct error error = {0};
    sqlite3_stmt *statement = NULL;
    sim_settle(sim);
    if (database_prepare(sim->store->db, sql, &statement, &error) != 0)
        give_up(error.text);
    return statement;
}

int64_t accounts_number(struct sim *sim, const char *sql)
{
    sqlite3_stmt *statement = ask(sim, sql);
    if (sqlite3_step(statement) != SQLITE_ROW)
        give_up(sql);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

struct totals accounts_sum(struct sim *sim, const char *sql, const char *name)
{
    struct totals totals = {0};
    sqlite3_stmt *statement = ask(sim, sql);
    if (name != NULL)
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        totals.used_ms += sqlite3_column_int64(statement, 0);
        totals.overdraft_ms += sqlite3_column_int64(statement, 1);
    }
    sqlite3_finalize(statement);
    return totals;
}

/* ---- Days ---- */

struct day_account accounts_day(struct sim *sim, int32_t date)
{
    struct error error = {0};
    struct day_account day = {0};
    const struct days days = {sim->household, sim->reader, sim->config.device_id};
    sim_settle(sim);
    if (days_of(&days, date, &day, &error) != 0)
        give_up(error.text);
    return day;
}

struct totals accounts_utc_day(struct sim *sim, int32_t date)
{
    struct error error = {0};
    struct store_daily daily = {0};
    sim_settle(sim);
    if (store_read_daily(sim->reader, sim->config.device_id, date, &daily, &error) != 0)
        give_up(error.text);
    return (struct totals){daily.used_ms, daily.overdraft_ms};
}

struct totals accounts_total(struct sim *sim)
{
    return accounts_sum(sim, "SELECT credited_ms, overdraft_ms FROM heartbeats", NULL);
}

/* The days around each UTC date that has a slot: nobody is more than a day from it, and a day that
 * was long, because the zone changed, not more than two. */
static struct totals sum_of_days(struct sim *sim)
{
    struct totals totals = {0};
    sqlite3_stmt *dates =
        ask(sim, "SELECT DISTINCT s.slot / 96 + d.value FROM usage_slots s,"
                 " (SELECT -2 AS value UNION SELECT -1 UNION SELECT 0 UNION SELECT 1 UNION"
                 " SELECT 2) d");
    while (sqlite3_step(dates) == SQLITE_ROW) {
        struct day_account day = accounts_day(sim, sqlite3_column_int(dates, 0));
        totals.used_ms += day.used_ms;
        totals.overdraft_ms += day.overdraft_ms;
    }
    sqlite3_finalize(dates);
    return totals;
}

static void add_activity(const char *activity, int64_t used_ms, int64_t overdraft_ms, void *context)
{
    struct totals *totals = context;
    (void)activity;
    totals->used_ms += used_ms;
    totals->overdraft_ms += overdraft_ms;
}

static struct totals sum_of_activities(struct sim *sim)
{
    struct error error = {0};
    struct totals totals = {0};
    int64_t first = accounts_number(sim, "SELECT coalesce(min(slot), 0) FROM usage_slots");
    int64_t last = accounts_number(sim, "SELECT coalesce(max(slot), 0) FROM usage_slots");
    if (store_each_activity(sim->reader, sim->config.device_id, first * USAGE_SLOT_MS,
                            (last + 1) * USAGE_SLOT_MS, add_activity, &totals, &error) != 0)
        give_up(error.text);
    return totals;
}

/* ---- What has to hold ---- */

struct check {
    struct sim *sim;
    void (*report)(const char *sentence, void *context);
    void *context;
    struct totals total;
};

static void compare(const struct check *check, const char *what, struct totals found,
                    const char *with, struct totals wanted)
{
    char sentence[256];
    char texts[4][32];
    if (memcmp(&found, &wanted, sizeof(found)) == 0)
        return;
    words_format_total(found.used_ms, texts[0]);
    words_format_total(found.overdraft_ms, texts[1]);
    words_format_total(wanted.used_ms, texts[2]);
    words_format_total(wanted.overdraft_ms, texts[3]);
    snprintf(sentence, sizeof(sentence), "%s: used %s overdraft %s, but %s: used %s overdraft %s",
             what, texts[0], texts[1], with, texts[2], texts[3]);
    check->report(sentence, check->context);
}

/* What /status tells. */
static void check_live(const struct check *check)
{
    struct sampler_view view;
    sampler_get(check->sim->sampler, &view);
    if (!check->sim->has_ticked || check->sim->has_news)
        return;
    struct day_account day = accounts_day(check->sim, view.date);
    compare(check, "today as the sampler knows it",
            (struct totals){view.today.used_ms, view.today.overdraft_ms}, "as it is stored",
            (struct totals){day.used_ms, day.overdraft_ms});
}

static void check_bounds(const struct check *check)
{
    char sentence[128];
    char texts[2][32];
    int64_t wanted_ms = oracle_used_ms(&check->sim->oracle);
    words_format_total(check->total.used_ms, texts[0]);
    words_format_total(wanted_ms, texts[1]);
    snprintf(sentence, sizeof(sentence), "used is %s, but should be %s", texts[0], texts[1]);
    if (check->total.used_ms != wanted_ms)
        check->report(sentence, check->context);
    if (check->total.used_ms > check->sim->awake_ms)
        check->report("more was used than the machine was awake", check->context);
    if (accounts_number(check->sim, "SELECT count(*) FROM heartbeats WHERE overdraft_ms < 0"
                                    " OR overdraft_ms > credited_ms OR"
                                    " credited_ms > 2000 * poll_interval_sec") != 0)
        check->report("a heartbeat has more overdraft than credit, or more credit than two "
                      "intervals",
                      check->context);
}

static void check_verify(const struct check *check)
{
    struct error error = {0};
    struct store_verify result = {0};
    if (store_verify(check->sim->reader, &result, check->report, check->context, &error) != 0)
        give_up(error.text);
    if (strcmp(result.integrity, "ok") != 0)
        check->report(result.integrity, check->context);
}

void accounts_check(struct sim *sim, void (*report)(const char *sentence, void *context),
                    void *context)
{
    const struct check check = {sim, report, context, accounts_total(sim)};
    const char *with = "the heartbeats";
    compare(&check, "the UTC days",
            accounts_sum(sim, "SELECT used_ms, overdraft_ms FROM daily_rollups", NULL), with,
            check.total);
    compare(&check, "the quarter hours",
            accounts_sum(sim, "SELECT used_ms, overdraft_ms FROM usage_slots", NULL), with,
            check.total);
    compare(&check, "the sessions",
            accounts_sum(sim, "SELECT used_ms, overdraft_ms FROM sessions", NULL), with,
            check.total);
    compare(&check, "the activities", sum_of_activities(sim), with, check.total);
    compare(&check, "the household's days", sum_of_days(sim), with, check.total);
    check_bounds(&check);
    check_live(&check);
    check_verify(&check);
}
