/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include "log.h"

#include <assert.h>

void ledger_init(struct ledger *ledger, struct store *store, struct store_reader *reader)
{
    *ledger = (struct ledger){.store = store, .days = {.reader = reader}};
    if (store != NULL)
        ledger->days.device_id = store_origin(store)->device_id;
    mutex_init(&ledger->lock);
}

void ledger_finish(struct ledger *ledger)
{
    mutex_finish(&ledger->lock);
}

void ledger_configure(struct ledger *ledger, const struct household *household)
{
    ledger->days.household = household;
    ledger->before.is_known = false;
    ledger->is_stale = true;
}

void ledger_grants_changed(struct ledger *ledger)
{
    mutex_lock(&ledger->lock);
    ledger->grants_changed = true;
    mutex_unlock(&ledger->lock);
}

void ledger_repaired(struct ledger *ledger)
{
    mutex_lock(&ledger->lock);
    ledger->was_repaired = true;
    mutex_unlock(&ledger->lock);
}

/* ---- Looking up ------------------------------------------------------------------------------ */

/* What the store knows has to be all there is. */
static void settle(struct ledger *ledger)
{
    struct store_health health;
    struct error error = {0};
    if (ledger->store == NULL)
        return;
    store_get_health(ledger->store, &health);
    if (health.storing)
        (void)store_settle(ledger->store, &error);
}

static struct ledger_day look_up(struct ledger *ledger, int64_t wall_ms)
{
    struct error error = {0};
    struct ledger_day day = {.is_known = true};
    settle(ledger);
    if (days_at(&ledger->days, wall_ms, &day.date, &day.account, &error) != 0)
        log_error("ledger", "what was used that day cannot be read: %s", error.text);
    return day;
}

static struct ledger_day look_up_date(struct ledger *ledger, int32_t date)
{
    struct error error = {0};
    struct ledger_day day = {.date = date};
    day.is_known = days_of(&ledger->days, date, &day.account, &error) == 0;
    if (!day.is_known)
        log_error("ledger", "what was used that day cannot be read: %s", error.text);
    return day;
}

static bool holds(const struct ledger_day *day, int64_t wall_ms)
{
    return day->is_known && day->account.start_ms <= wall_ms && wall_ms < day->account.end_ms;
}

static bool is_same_day(const struct ledger_day *a, const struct ledger_day *b)
{
    return a->is_known && b->is_known && a->date == b->date &&
           a->account.start_ms == b->account.start_ms && a->account.end_ms == b->account.end_ms;
}

/* A heartbeat may still wait for its commit: what is in memory counts, where it is the same day. */
static void find_today(struct ledger *ledger, int64_t wall_ms)
{
    if (!ledger->is_stale && holds(&ledger->today, wall_ms))
        return;
    struct ledger_day old = ledger->today;
    ledger->today = look_up(ledger, wall_ms);
    struct day_account *account = &ledger->today.account;
    if (is_same_day(&old, &ledger->today)) {
        account->used_ms = old.account.used_ms;
        account->overdraft_ms = old.account.overdraft_ms;
    }
    ledger->before = old;
    ledger->before.is_known =
        old.is_known && !ledger->is_stale && old.account.end_ms == account->start_ms;
    ledger->is_stale = false;
}

static void find_before(struct ledger *ledger)
{
    struct day_account *account = &ledger->before.account;
    int64_t end_ms = ledger->today.account.start_ms;
    if (!ledger->before.is_known || account->end_ms != end_ms)
        ledger->before = look_up_date(ledger, ledger->today.date - 1);
    account->end_ms = end_ms;
    if (account->start_ms > end_ms)
        account->start_ms = end_ms;
}

static void forget_what_was_repaired(struct ledger *ledger)
{
    mutex_lock(&ledger->lock);
    bool forgets = ledger->was_repaired;
    ledger->was_repaired = false;
    mutex_unlock(&ledger->lock);
    if (!forgets)
        return;
    ledger->today.is_known = false;
    ledger->before.is_known = false;
}

static void read_grants(struct ledger *ledger)
{
    struct error error = {0};
    mutex_lock(&ledger->lock);
    bool changed = ledger->grants_changed;
    ledger->grants_changed = false;
    mutex_unlock(&ledger->lock);
    if (!changed || ledger->days.reader == NULL)
        return;
    ledger->before.is_known = false;
    if (ledger->today.is_known &&
        store_read_granted(ledger->days.reader, ledger->days.device_id, ledger->today.date,
                           &ledger->today.account.granted_ms, &error) != 0)
        log_error("ledger", "what was granted cannot be read: %s", error.text);
}

/* ---- Turning the page ------------------------------------------------------------------------ */

static void add_closed(struct store_turn *turn, int32_t date, const struct day_account *day)
{
    assert(turn->closed_count < STORE_CLOSED_MAX);
    turn->closed[turn->closed_count].date = date;
    turn->closed[turn->closed_count++].day = *day;
}

/* A day that today took in, because the zone changed, is none of its own. */
static void close_last(struct ledger *ledger, struct store_turn *turn)
{
    const struct day_account *today = &ledger->today.account;
    struct ledger_day last = look_up_date(ledger, ledger->last_date);
    bool is_apart =
        last.account.end_ms <= today->start_ms || last.account.start_ms >= today->end_ms;
    if (last.is_known && is_apart)
        add_closed(turn, last.date, &last.account);
}

/* Does its credit begin in the day before? */
static bool reaches_back(const struct ledger *ledger, const struct heartbeat *heartbeat)
{
    return heartbeat->wall_ms - heartbeat->credited_ms < ledger->today.account.start_ms;
}

static void turn_page(struct ledger *ledger, const struct heartbeat *heartbeat,
                      const int64_t *previous_wall_ms, struct store_turn *turn)
{
    int32_t date = ledger->today.date;
    bool is_first = !ledger->has_last_date;
    if (is_first && previous_wall_ms != NULL) {
        ledger->last_date = look_up(ledger, *previous_wall_ms).date;
        ledger->has_last_date = true;
    }
    turn->opens = is_first || ledger->last_date != date;
    turn->opened_date = date;
    if (ledger->has_last_date && ledger->last_date != date)
        close_last(ledger, turn);
    /* A day that was closed already is closed anew with what the heartbeat adds to it. */
    bool is_closed_here = turn->closed_count > 0 && turn->closed[0].date == ledger->before.date;
    if (reaches_back(ledger, heartbeat) && !is_closed_here)
        add_closed(turn, ledger->before.date, &ledger->before.account);
    ledger->last_date = date;
    ledger->has_last_date = true;
    /* Where days begin and end depends on which are closed: today may have other borders now. */
    ledger->is_stale = turn->opens || turn->closed_count > 0;
}

void ledger_enter(struct ledger *ledger, struct heartbeat *heartbeat,
                  const int64_t *previous_wall_ms, struct store_turn *turn)
{
    *turn = (struct store_turn){0};
    forget_what_was_repaired(ledger);
    find_today(ledger, heartbeat->wall_ms);
    read_grants(ledger);
    bool is_split = reaches_back(ledger, heartbeat);
    if (is_split)
        find_before(ledger);
    allowance_apply(heartbeat, is_split ? &ledger->before.account : NULL, &ledger->today.account);
    if (ledger->store != NULL)
        turn_page(ledger, heartbeat, previous_wall_ms, turn);
}
