/* SPDX-License-Identifier: MIT */
/* The statement that says what has to be in the books. */
#include "statements.h"

#include "accounts.h"
#include "words.h"
#include "zone/civil.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char form[] =
    "expect day DATE|utc day DATE|activity NAME|total used H:MM:SS.mmm overdraft H:MM:SS.mmm"
    " [left H:MM:SS.mmm|none] [lasts DURATION], expect left H:MM:SS.mmm|none,"
    " expect heartbeats|sessions N, or expect flags N first|resumed|clock_step|late";

static void expect_number(struct scenario *scenario, const char *what, int64_t wanted,
                          int64_t found)
{
    if (wanted != found)
        scenario_fail(scenario, "%s: %" PRId64 " expected, %" PRId64 " found", what, wanted, found);
}

static void expect_ms(struct scenario *scenario, const char *what, int64_t wanted, int64_t found)
{
    char texts[2][32];
    words_format_total(wanted, texts[0]);
    words_format_total(found, texts[1]);
    if (wanted != found)
        scenario_fail(scenario, "%s: %s expected, %s found", what, texts[0], texts[1]);
}

/* ---- Pairs of a name and a total ---- */

/* What is there to compare with. */
struct found {
    struct totals totals;
    const struct day_account *day; /* NULL: it is no day */
};

static bool expect_left(struct scenario *scenario, const char *text, int64_t left_ms)
{
    int64_t wanted;
    bool unlimited = strcmp(text, "none") == 0;
    if (!unlimited && !words_total(text, &wanted))
        return false;
    if (unlimited && left_ms != ALLOWANCE_UNLIMITED)
        scenario_fail(scenario, "left: no allowance expected, but there is one");
    else if (!unlimited && left_ms == ALLOWANCE_UNLIMITED)
        scenario_fail(scenario, "left: there is no allowance");
    else if (!unlimited)
        expect_ms(scenario, "left", wanted, left_ms);
    return true;
}

static bool expect_pair(struct scenario *scenario, const char *name, const char *text,
                        const struct found *found)
{
    int64_t wanted;
    if (strcmp(name, "left") == 0 && found->day != NULL)
        return expect_left(scenario, text, allowance_left_ms(found->day));
    if (strcmp(name, "lasts") == 0 && found->day != NULL) {
        if (!words_duration(text, &wanted))
            return false;
        expect_ms(scenario, name, wanted, found->day->end_ms - found->day->start_ms);
        return true;
    }
    bool is_used = strcmp(name, "used") == 0;
    if ((!is_used && strcmp(name, "overdraft") != 0) || !words_total(text, &wanted))
        return false;
    expect_ms(scenario, name, wanted, is_used ? found->totals.used_ms : found->totals.overdraft_ms);
    return true;
}

/* From word `at` on; used and overdraft are always told. */
static bool expect_pairs(struct scenario *scenario, int at, const struct found *found)
{
    if (scenario->count < at + 4 || (scenario->count - at) % 2 != 0 ||
        strcmp(scenario->words[at], "used") != 0 ||
        strcmp(scenario->words[at + 2], "overdraft") != 0)
        return false;
    for (; at < scenario->count; at += 2)
        if (!expect_pair(scenario, scenario->words[at], scenario->words[at + 1], found))
            return false;
    return true;
}

/* ---- What there is to expect ---- */

static bool expect_day(struct scenario *scenario)
{
    int32_t date;
    if (!civil_parse_date(scenario->words[2], &date))
        return false;
    struct day_account day = accounts_day(scenario->sim, date);
    const struct found found = {{day.used_ms, day.overdraft_ms}, &day};
    return expect_pairs(scenario, 3, &found);
}

static bool expect_utc_day(struct scenario *scenario)
{
    int32_t date;
    if (strcmp(scenario->words[2], "day") != 0 || !civil_parse_date(scenario->words[3], &date))
        return false;
    const struct found found = {.totals = accounts_utc_day(scenario->sim, date)};
    return expect_pairs(scenario, 4, &found);
}

static bool expect_total(struct scenario *scenario)
{
    const struct found found = {.totals = accounts_total(scenario->sim)};
    return expect_pairs(scenario, 2, &found);
}

static bool expect_activity(struct scenario *scenario)
{
    const struct found found = {
        .totals = accounts_sum(scenario->sim,
                               "SELECT used_ms, overdraft_ms FROM usage_slots"
                               " JOIN names ON names.id = activity WHERE name = ?",
                               scenario->words[2])};
    return expect_pairs(scenario, 3, &found);
}

static bool expect_count(struct scenario *scenario)
{
    int64_t wanted;
    bool sessions = strcmp(scenario->words[1], "sessions") == 0;
    if (scenario->count != 3 || !words_number(scenario->words[2], &wanted))
        return false;
    expect_number(scenario, scenario->words[1], wanted,
                  accounts_number(scenario->sim, sessions ? "SELECT count(*) FROM sessions"
                                                          : "SELECT count(*) FROM heartbeats"));
    return true;
}

static bool expect_flags(struct scenario *scenario)
{
    static const char *const names[] = {"first", "resumed", "clock_step", "late"};
    char sql[96];
    int64_t wanted;
    if (scenario->count != 4 || !words_number(scenario->words[2], &wanted))
        return false;
    for (int bit = 0; bit < 4; bit++) {
        if (strcmp(scenario->words[3], names[bit]) != 0)
            continue;
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM heartbeats WHERE flags & %d", 1 << bit);
        expect_number(scenario, names[bit], wanted, accounts_number(scenario->sim, sql));
        return true;
    }
    return false;
}

/* Of the newest sample: what /status tells. */
static bool expect_left_now(struct scenario *scenario)
{
    struct sampler_view view;
    sampler_get(scenario->sim->sampler, &view);
    return scenario->count == 3 &&
           expect_left(scenario, scenario->words[2], allowance_left_ms(&view.today));
}

static bool play_expect(struct scenario *scenario)
{
    static const struct {
        const char *what;
        bool (*play)(struct scenario *scenario);
    } kinds[] = {{"day", expect_day},          {"utc", expect_utc_day},
                 {"total", expect_total},      {"activity", expect_activity},
                 {"heartbeats", expect_count}, {"sessions", expect_count},
                 {"flags", expect_flags},      {"left", expect_left_now}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(scenario->words[1], kinds[i].what) == 0)
            return kinds[i].play(scenario);
    return false;
}

const struct statement expect_statement = {"expect", form, true, play_expect};
