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

/* What waits for its commit counts too. It may be committed while we look: then once more. */
static int read_day(struct ledger *ledger, int64_t wall_ms, struct ledger_day *day,
                    struct error *error)
{
    if (ledger->store == NULL)
        return days_at(&ledger->days, wall_ms, &day->date, &day->account, error);
    int64_t before = -1;
    int64_t after = 0;
    int result = 0;
    while (result == 0 && before != after) {
        before = store_committed(ledger->store);
        result = days_at(&ledger->days, wall_ms, &day->date, &day->account, error);
        after = store_add_waiting(ledger->store, &day->account);
    }
    return result;
}

static struct ledger_day look_up(struct ledger *ledger, int64_t wall_ms)
{
    struct error error = {0};
    struct ledger_day day = {0};
    settle(ledger);
    day.is_known = read_day(ledger, wall_ms, &day, &error) == 0;
    if (!day.is_known)
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

/* What cannot be read now is read at the next heartbeat. */
static void find_today(struct ledger *ledger, int64_t wall_ms)
{
    if (!ledger->is_stale && holds(&ledger->today, wall_ms))
        return;
    struct ledger_day found = look_up(ledger, wall_ms);
    if (!found.is_known && holds(&ledger->today, wall_ms))
        return;
    ledger->before = ledger->today;
    ledger->before.is_known = ledger->today.is_known && !ledger->is_stale &&
                              ledger->today.account.end_ms == found.account.start_ms;
    ledger->today = found;
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
    int64_t granted_ms;
    if (store_read_granted(ledger->days.reader, ledger->days.device_id, ledger->today.date,
                           &granted_ms, &error) == 0) {
        ledger->today.account.granted_ms = granted_ms;
        return;
    }
    log_error("ledger", "what was granted cannot be read: %s", error.text);
    ledger_grants_changed(ledger);
}

/* ---- Turning the page ------------------------------------------------------------------------ */

static void add_closed(struct store_turn *turn, int32_t date, const struct day_account *day)
{
    assert(turn->closed_count < STORE_CLOSED_MAX);
    turn->closed[turn->closed_count].date = date;
    turn->closed[turn->closed_count++].day = *day;
}

/* A day that today took in, because the zone changed, is none of its own. The configuration may
 * have changed since it was lived in. */
static void close_last(struct ledger *ledger, struct store_turn *turn)
{
    const struct day_account *today = &ledger->today.account;
    struct error error = {0};
    struct ledger_day last = look_up_date(ledger, ledger->last_date);
    bool is_apart =
        last.account.end_ms <= today->start_ms || last.account.start_ms >= today->end_ms;
    if (!last.is_known || !is_apart)
        return;
    if (store_read_opened(ledger->days.reader, ledger->days.device_id, last.date,
                          &last.account.allowance_ms, &error) != 0)
        log_error("ledger", "what was allowed that day cannot be read: %s", error.text);
    add_closed(turn, last.date, &last.account);
}

/* The day of this device's newest heartbeat, in an earlier run. */
static void find_last_date(struct ledger *ledger)
{
    struct error error = {0};
    int64_t wall_ms;
    bool found = false;
    if (store_read_newest(ledger->days.reader, ledger->days.device_id, &wall_ms, &found, &error) !=
        0)
        log_error("ledger", "the newest heartbeat cannot be read: %s", error.text);
    if (!found)
        return;
    ledger->last_date = look_up(ledger, wall_ms).date;
    ledger->has_last_date = true;
}

/* Does its credit begin in the day before? */
static bool reaches_back(const struct ledger *ledger, const struct heartbeat *heartbeat)
{
    return heartbeat->wall_ms - heartbeat->credited_ms < ledger->today.account.start_ms;
}

static void turn_page(struct ledger *ledger, const struct heartbeat *heartbeat,
                      struct store_turn *turn)
{
    const struct ledger_day *today = &ledger->today;
    int32_t date = today->date;
    bool is_first = !ledger->has_last_date;
    if (is_first)
        find_last_date(ledger);
    turn->opens = is_first || ledger->last_date != date ||
                  ledger->opened_allowance_ms != today->account.allowance_ms;
    turn->opened_date = date;
    turn->opened_allowance_ms = today->account.allowance_ms;
    ledger->opened_allowance_ms = today->account.allowance_ms;
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

void ledger_enter(struct ledger *ledger, struct heartbeat *heartbeat, struct store_turn *turn)
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
        turn_page(ledger, heartbeat, turn);
}
