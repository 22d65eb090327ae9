/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include "backoff.h"

#include <assert.h>
#include <clockblock/sink.h>
#include <stddef.h>

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int half(int count)
{
    return count > 1 ? count / 2 : 1;
}

int policy_limit(const struct policy *policy, int limit)
{
    assert(limit > 0);
    if (policy->learned > 0)
        limit = smaller(limit, policy->learned);
    if (policy->careful > 0)
        limit = smaller(limit, policy->careful);
    if (policy->suspects > 0)
        limit = smaller(limit, half(policy->suspects));
    return limit;
}

static const struct policy_step go_on = {.action = POLICY_GO_ON};

/* Some were taken: the receiver works. */
static void advance(struct policy *policy, const struct policy_attempt *attempt)
{
    enum { CAREFUL_MAX = 4096 };
    if (attempt->accepted == 0)
        return;
    assert(attempt->accepted_seq > policy->cursor);
    policy->cursor = attempt->accepted_seq;
    policy->failures = 0;
    policy->in_row = 0;
    policy->suspects =
        policy->suspects > attempt->accepted ? policy->suspects - attempt->accepted : 0;
    if (attempt->accepted == attempt->count && policy->careful > 0)
        policy->careful = policy->careful < CAREFUL_MAX ? 2 * policy->careful : 0;
    if (policy->cursor >= policy->border)
        policy->border = 0;
}

/* Goes past a single record that was refused. */
static void pass(struct policy *policy, const struct policy_attempt *attempt)
{
    assert(attempt->refused_seq > policy->cursor);
    policy->cursor = attempt->refused_seq;
    policy->border = 0;
    policy->suspects = 0;
    policy->failures = 0;
}

static struct policy_step retry(struct policy *policy, uint32_t random, int64_t asked_ms)
{
    policy->failures++;
    return (struct policy_step){.action = POLICY_RETRY,
                                .pause_ms = backoff_ms(policy->failures, random, asked_ms)};
}

/* A person has to act: no use in hurrying, and nothing to spread. */
static struct policy_step hold(struct policy *policy, bool over_budget)
{
    policy->failures++;
    return (struct policy_step){
        .action = POLICY_HOLD, .over_budget = over_budget, .pause_ms = BACKOFF_CAP_MS};
}

static struct policy_step quarantine(struct policy *policy, const struct policy_attempt *attempt)
{
    if (attempt->lately >= POLICY_QUARANTINES_PER_HOUR ||
        policy->in_row >= POLICY_QUARANTINES_IN_ROW)
        return hold(policy, true);
    pass(policy, attempt);
    policy->in_row++;
    return (struct policy_step){.action = POLICY_QUARANTINE};
}

/* At least one of those that were not taken is at fault. */
static struct policy_step bisect(struct policy *policy, const struct policy_attempt *attempt)
{
    policy->border = 0;
    policy->suspects = attempt->count - attempt->accepted;
    return go_on;
}

static struct policy_step too_large(struct policy *policy, const struct policy_attempt *attempt)
{
    if (attempt->accepted > 0)
        return bisect(policy, attempt); /* that much got through: the size is not to blame */
    if (attempt->count == 1) {
        /* The record is at fault, not the size of the batches: that is learned anew. */
        policy->learned = 0;
        return quarantine(policy, attempt);
    }
    policy->border = 0;
    policy->learned = half(attempt->count);
    return go_on;
}

static struct policy_step conflict(struct policy *policy, const struct policy_attempt *attempt)
{
    if (attempt->count > 1)
        return bisect(policy, attempt);
    /* Where one was there already, the next ones are likely to be. */
    pass(policy, attempt);
    policy->in_row = 0;
    policy->careful = 1;
    return go_on;
}

struct policy_step policy_take(struct policy *policy, const struct policy_attempt *attempt)
{
    assert(attempt->count > 0 && attempt->accepted >= 0 && attempt->accepted <= attempt->count);
    advance(policy, attempt);
    switch (attempt->outcome) {
    case CLB_DELIVERED:
        assert(attempt->accepted == attempt->count);
        policy->border = 0;
        return go_on;
    case CLB_TOO_LARGE:
        return too_large(policy, attempt);
    case CLB_BAD_RECORD:
        return attempt->count > 1 ? bisect(policy, attempt) : quarantine(policy, attempt);
    case CLB_CONFLICT:
        return conflict(policy, attempt);
    case CLB_HOLD:
        return hold(policy, false);
    default:
        return retry(policy, attempt->random, attempt->retry_after_ms);
    }
}

struct policy_step policy_take_gap(struct policy *policy, const struct policy_attempt *attempt)
{
    if (attempt->outcome == CLB_HOLD)
        return hold(policy, false);
    if (attempt->outcome == CLB_RETRY)
        return retry(policy, attempt->random, attempt->retry_after_ms);
    policy->failures = 0;
    return go_on;
}

struct policy_step policy_fail(struct policy *policy, uint32_t random)
{
    return retry(policy, random, 0);
}

int64_t policy_left_ms(int64_t retry_at_ms, int64_t wall_ms)
{
    int64_t left_ms = retry_at_ms > wall_ms ? retry_at_ms - wall_ms : 0;
    return left_ms < BACKOFF_ASKED_MAX_MS ? left_ms : BACKOFF_ASKED_MAX_MS;
}
