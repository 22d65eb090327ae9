/* SPDX-License-Identifier: MIT */
/* What a result means: each row of the table, and that whatever comes, nothing is lost. */
#include "deliver/backoff.h"
#include "deliver/policy.h"

#include <clockblock/sink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An answer about a batch right behind the cursor, of heartbeats without holes. */
static struct policy_step take(struct policy *policy, int count, int accepted, int32_t outcome)
{
    const struct policy_attempt attempt = {.count = count,
                                           .accepted = accepted,
                                           .accepted_seq = policy->cursor + accepted,
                                           .refused_seq = policy->cursor + accepted + 1,
                                           .outcome = outcome,
                                           .random = 12345};
    policy->border = policy->cursor + count;
    return policy_take(policy, &attempt);
}

/* ---- The rows of the table ---- */

static void a_success_advances(void **state)
{
    struct policy policy = {.cursor = 10, .failures = 3, .in_row = 2};
    (void)state;
    assert_int_equal(take(&policy, 200, 200, CLB_DELIVERED).action, POLICY_GO_ON);
    assert_int_equal(policy.cursor, 210);
    assert_int_equal(policy.border, 0);
    assert_int_equal(policy.failures, 0);
    assert_int_equal(policy.in_row, 0);
    assert_int_equal(policy_limit(&policy, 200), 200);
}

static void a_retry_pauses_longer_and_keeps_the_border(void **state)
{
    struct policy policy = {.cursor = 10};
    (void)state;
    for (int failures = 1; failures < 20; failures++) {
        struct policy_step step = take(&policy, 200, 0, CLB_RETRY);
        assert_int_equal(step.action, POLICY_RETRY);
        assert_int_equal(step.pause_ms, backoff_ms(failures, 12345, 0));
        assert_int_equal(policy.failures, failures);
        assert_int_equal(policy.cursor, 10);
        assert_int_equal(policy.border, 210);
    }
}

static void what_was_taken_before_a_retry_stays_taken(void **state)
{
    struct policy policy = {.cursor = 10, .failures = 7};
    (void)state;
    assert_int_equal(take(&policy, 200, 50, CLB_RETRY).action, POLICY_RETRY);
    assert_int_equal(policy.cursor, 60);
    assert_int_equal(policy.border, 210);
    assert_int_equal(policy.failures, 1); /* something got through: it begins anew */
}

static void a_receiver_that_asks_for_time_gets_it(void **state)
{
    struct policy policy = {0};
    struct policy_attempt attempt = {
        .count = 1, .refused_seq = 1, .outcome = CLB_RETRY, .retry_after_ms = 60000, .random = 1};
    (void)state;
    assert_int_equal(policy_take(&policy, &attempt).pause_ms, 60000);
    attempt.retry_after_ms = INT64_MAX;
    assert_int_equal(policy_take(&policy, &attempt).pause_ms, BACKOFF_ASKED_MAX_MS);
}

static void a_413_halves_the_batch_and_is_remembered(void **state)
{
    struct policy policy = {.cursor = 10};
    (void)state;
    assert_int_equal(take(&policy, 200, 0, CLB_TOO_LARGE).action, POLICY_GO_ON);
    assert_int_equal(policy.border, 0);
    assert_int_equal(policy_limit(&policy, 200), 100);
    assert_int_equal(take(&policy, 100, 0, CLB_TOO_LARGE).action, POLICY_GO_ON);
    assert_int_equal(policy_limit(&policy, 200), 50);
    for (int i = 0; i < 10; i++)
        take(&policy, 50, 50, CLB_DELIVERED);
    assert_int_equal(policy_limit(&policy, 200), 50);
    assert_int_equal(policy.cursor, 510);
}

static void a_single_record_that_is_too_large_is_set_aside(void **state)
{
    struct policy policy = {.cursor = 10};
    (void)state;
    take(&policy, 2, 0, CLB_TOO_LARGE);
    assert_int_equal(policy_limit(&policy, 200), 1);
    assert_int_equal(take(&policy, 1, 0, CLB_TOO_LARGE).action, POLICY_QUARANTINE);
    assert_int_equal(policy.cursor, 11);
    /* The record was at fault: the others need not go one by one for ever. */
    assert_int_equal(policy_limit(&policy, 200), 200);
}

static void a_bad_record_is_found_by_halving(void **state)
{
    (void)state;
    for (int poison = 1; poison <= 4000; poison += 7) {
        struct policy policy = {0};
        int requests = 0;
        struct policy_step step = {.action = POLICY_GO_ON};
        while (step.action != POLICY_QUARANTINE) {
            int count = policy_limit(&policy, 4000);
            bool is_bad = policy.cursor < poison && poison <= policy.cursor + count;
            step =
                take(&policy, count, is_bad ? 0 : count, is_bad ? CLB_BAD_RECORD : CLB_DELIVERED);
            assert_true(++requests <= 26); /* 2 x log2(4000), and the last one alone */
        }
        assert_int_equal(policy.cursor, poison);
        assert_int_equal(policy_limit(&policy, 4000), 4000);
    }
}

/* A sink that says how many it took before the bad one: only the rest is searched. */
static void what_was_taken_before_a_bad_record_is_not_sent_again(void **state)
{
    struct policy policy = {.cursor = 10};
    (void)state;
    assert_int_equal(take(&policy, 100, 99, CLB_BAD_RECORD).action, POLICY_GO_ON);
    assert_int_equal(policy.cursor, 109);
    assert_int_equal(policy_limit(&policy, 200), 1);
    assert_int_equal(take(&policy, 1, 0, CLB_BAD_RECORD).action, POLICY_QUARANTINE);
    assert_int_equal(policy.cursor, 110);
}

static void a_conflict_is_found_by_halving_and_counts_as_delivered(void **state)
{
    struct policy policy = {.cursor = 0};
    (void)state;
    assert_int_equal(take(&policy, 2, 0, CLB_CONFLICT).action, POLICY_GO_ON);
    assert_int_equal(policy_limit(&policy, 200), 1);
    assert_int_equal(take(&policy, 1, 0, CLB_CONFLICT).action, POLICY_GO_ON);
    assert_int_equal(policy.cursor, 1);
    /* The next ones are likely to be there as well, and then more at once again. */
    assert_int_equal(policy_limit(&policy, 200), 1);
    take(&policy, 1, 1, CLB_DELIVERED);
    assert_int_equal(policy_limit(&policy, 200), 2);
    take(&policy, 2, 2, CLB_DELIVERED);
    assert_int_equal(policy_limit(&policy, 200), 4);
}

/* A receiver that took a batch and could not say so: each costs one request, not a search. */
static void a_whole_batch_of_conflicts_costs_no_search_for_each(void **state)
{
    struct policy policy = {0};
    int requests = 0;
    (void)state;
    while (policy.cursor < 200) {
        take(&policy, policy_limit(&policy, 200), 0, CLB_CONFLICT);
        requests++;
    }
    assert_in_range(requests, 200, 220);
}

static void a_hold_keeps_everything_and_tries_at_the_cap(void **state)
{
    struct policy policy = {.cursor = 10};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct policy_step step = take(&policy, 200, 0, CLB_HOLD);
        assert_int_equal(step.action, POLICY_HOLD);
        assert_false(step.over_budget);
        assert_int_equal(step.pause_ms, BACKOFF_CAP_MS);
        assert_int_equal(policy.cursor, 10);
        assert_int_equal(policy.border, 210);
    }
}

/* ---- The budget ---- */

static void five_in_a_row_mean_that_the_sink_is_at_fault(void **state)
{
    struct policy policy = {0};
    (void)state;
    for (int i = 0; i < POLICY_QUARANTINES_IN_ROW; i++)
        assert_int_equal(take(&policy, 1, 0, CLB_BAD_RECORD).action, POLICY_QUARANTINE);
    struct policy_step step = take(&policy, 1, 0, CLB_BAD_RECORD);
    assert_int_equal(step.action, POLICY_HOLD);
    assert_true(step.over_budget);
    assert_int_equal(step.pause_ms, BACKOFF_CAP_MS);
    assert_int_equal(policy.cursor, POLICY_QUARANTINES_IN_ROW);
    /* One that is taken shows that it works. */
    take(&policy, 1, 1, CLB_DELIVERED);
    assert_int_equal(take(&policy, 1, 0, CLB_BAD_RECORD).action, POLICY_QUARANTINE);
}

static void ten_in_an_hour_mean_that_the_sink_is_at_fault(void **state)
{
    struct policy policy = {0};
    struct policy_attempt attempt = {.count = 1, .refused_seq = 1, .outcome = CLB_TOO_LARGE};
    (void)state;
    attempt.lately = POLICY_QUARANTINES_PER_HOUR;
    assert_int_equal(policy_take(&policy, &attempt).action, POLICY_HOLD);
    assert_int_equal(policy.cursor, 0);
    attempt.lately = POLICY_QUARANTINES_PER_HOUR - 1;
    assert_int_equal(policy_take(&policy, &attempt).action, POLICY_QUARANTINE);
}

/* ---- Gaps, starts and restarts ---- */

static void a_gap_record_waits_for_the_way_and_for_nothing_else(void **state)
{
    struct policy policy = {.cursor = 10};
    struct policy_attempt attempt = {.count = 1, .accepted = 0, .outcome = CLB_RETRY};
    static const int32_t settled[] = {CLB_DELIVERED, CLB_TOO_LARGE, CLB_BAD_RECORD, CLB_CONFLICT};
    (void)state;
    assert_int_equal(policy_take_gap(&policy, &attempt).action, POLICY_RETRY);
    attempt.outcome = CLB_HOLD;
    assert_int_equal(policy_take_gap(&policy, &attempt).action, POLICY_HOLD);
    for (int i = 0; i < 4; i++) {
        policy.failures = 2;
        attempt.outcome = settled[i];
        assert_int_equal(policy_take_gap(&policy, &attempt).action, POLICY_GO_ON);
        assert_int_equal(policy.failures, 0);
    }
    assert_int_equal(policy.cursor, 10);
}

static void a_start_that_fails_pauses_longer_each_time(void **state)
{
    struct policy policy = {0};
    (void)state;
    for (int i = 1; i < 12; i++)
        assert_int_equal(policy_fail(&policy, 777).pause_ms, backoff_ms(i, 777, 0));
}

static void a_clock_that_was_set_does_not_make_it_wait_for_ever(void **state)
{
    enum { HOUR_MS = 3600 * 1000 };
    (void)state;
    assert_int_equal(policy_left_ms(0, 1000), 0);
    assert_int_equal(policy_left_ms(5000, 1000), 4000);
    assert_int_equal(policy_left_ms(1000, 5000), 0);
    assert_int_equal(policy_left_ms(INT64_C(4000000000000), 1000), HOUR_MS);
    assert_int_equal(policy_left_ms(INT64_MAX, 0), HOUR_MS);
}

/* ---- Whatever comes ---- */

enum { RECORDS = 400, BATCH = 64 };
enum fate { PENDING, DELIVERED, QUARANTINED };
enum kind { GOOD, POISON, HUGE_RECORD, THERE_ALREADY };

struct world {
    uint32_t random;
    struct policy policy;
    int64_t seqs[RECORDS]; /* with holes between them */
    enum kind kinds[RECORDS];
    enum fate fates[RECORDS];
    int first; /* pending */
    int lately;
    int frozen_from; /* the batch that is being retried; -1: none */
    int frozen_count;
};

static uint32_t draw(struct world *world, uint32_t sides)
{
    world->random = world->random * 1664525u + 1013904223u;
    return (world->random >> 8) % sides;
}

static void make_world(struct world *world, uint32_t seed)
{
    *world = (struct world){.random = seed, .frozen_from = -1};
    int64_t seq = 0;
    uint32_t bad = 2 + draw(world, 100); /* from nearly all to few */
    for (int i = 0; i < RECORDS; i++) {
        seq += 1 + (draw(world, 20) == 0 ? draw(world, 50) : 0);
        world->seqs[i] = seq;
        uint32_t kind = draw(world, bad);
        world->kinds[i] = kind < 1 ? (enum kind)(1 + draw(world, 3)) : GOOD;
    }
}

/* As the worker reads it: up to the border when it is frozen. */
static int batch_size(struct world *world)
{
    int limit = policy_limit(&world->policy, BATCH);
    int count = 0;
    bool is_frozen = world->policy.border > world->policy.cursor;
    while (world->first + count < RECORDS &&
           (is_frozen ? world->seqs[world->first + count] <= world->policy.border : count < limit))
        count++;
    return count;
}

/* A receiver that takes all or nothing, or the leading ones; and a way that is blocked at times. */
static void answer(struct world *world, int count, struct policy_attempt *attempt)
{
    bool tells_how_many = draw(world, 4) == 0;
    int bad = 0;
    while (bad < count && world->kinds[world->first + bad] == GOOD)
        bad++;
    attempt->count = count;
    attempt->random = draw(world, 1u << 20);
    attempt->lately = world->lately;
    uint32_t luck = draw(world, 10);
    if (luck < 3) {
        attempt->outcome = luck < 2 ? CLB_RETRY : CLB_HOLD;
        attempt->accepted = tells_how_many ? (int)draw(world, (uint32_t)bad + 1) : 0;
        if (attempt->accepted == count)
            attempt->outcome = CLB_DELIVERED;
    } else if (bad == count) {
        attempt->accepted = count;
    } else {
        static const int32_t outcomes[] = {0, CLB_BAD_RECORD, CLB_TOO_LARGE, CLB_CONFLICT};
        attempt->outcome = outcomes[world->kinds[world->first + bad]];
        attempt->accepted = tells_how_many ? bad : 0;
    }
    attempt->accepted_seq =
        attempt->accepted > 0 ? world->seqs[world->first + attempt->accepted - 1] : 0;
    attempt->refused_seq =
        attempt->accepted < count ? world->seqs[world->first + attempt->accepted] : 0;
}

/* Everything up to the cursor has the fate that the step says, everything behind is pending. */
static void follow(struct world *world, const struct policy_attempt *attempt,
                   struct policy_step step)
{
    int first = world->first;
    int dealt = 0;
    while (first + dealt < RECORDS && world->seqs[first + dealt] <= world->policy.cursor)
        dealt++;
    bool is_settled = step.action == POLICY_QUARANTINE ||
                      (attempt->outcome == CLB_CONFLICT && attempt->count == 1);
    assert_int_equal(dealt, attempt->accepted + (is_settled ? 1 : 0));
    for (int i = 0; i < dealt; i++) {
        assert_int_equal(world->fates[first + i], PENDING);
        world->fates[first + i] = DELIVERED;
    }
    if (step.action == POLICY_QUARANTINE) {
        assert_int_equal(attempt->count, 1);
        assert_int_not_equal(world->kinds[first], GOOD); /* never an innocent one */
        world->fates[first] = QUARANTINED;
        world->lately++;
    }
    world->first += dealt;
}

static void step(struct world *world)
{
    int count = batch_size(world);
    struct policy_attempt attempt = {0};
    assert_true(count > 0);
    /* A retry offers what is left of the same batch. */
    if (world->frozen_from >= 0)
        assert_int_equal(world->first + count, world->frozen_from + world->frozen_count);
    world->policy.border = world->seqs[world->first + count - 1];
    answer(world, count, &attempt);
    struct policy_step next = policy_take(&world->policy, &attempt);
    assert_true(next.pause_ms >= 0 && next.pause_ms <= BACKOFF_CAP_MS);
    assert_int_equal(next.pause_ms > 0, next.action == POLICY_RETRY || next.action == POLICY_HOLD);
    follow(world, &attempt, next);
    world->frozen_from = next.pause_ms > 0 ? world->first : -1;
    world->frozen_count = count - attempt.accepted;
    if (draw(world, 50) == 0) /* a restart: the store knows this much */
        world->policy = (struct policy){.cursor = world->policy.cursor,
                                        .border = world->policy.border,
                                        .failures = world->policy.failures,
                                        .in_row = world->policy.in_row};
    if (draw(world, 30) == 0 && world->lately > 0)
        world->lately--; /* time passes */
}

/* What is held for good is held because of a record that really is bad. */
static bool is_stuck(const struct world *world)
{
    return world->first < RECORDS && world->policy.in_row >= POLICY_QUARANTINES_IN_ROW &&
           (world->kinds[world->first] == POISON || world->kinds[world->first] == HUGE_RECORD);
}

static void nothing_is_lost_whatever_comes(void **state)
{
    enum { WORLDS = 3000, STEPS_MAX = 20000 };
    static struct world world;
    int finished = 0;
    int quarantined = 0;
    (void)state;
    for (uint32_t seed = 1; seed <= WORLDS; seed++) {
        make_world(&world, seed);
        int steps = 0;
        while (world.first < RECORDS && !is_stuck(&world)) {
            step(&world);
            if (++steps > STEPS_MAX)
                fail_msg("seed %u does not end", seed);
        }
        for (int i = 0; i < RECORDS; i++) {
            assert_int_equal(world.fates[i] == PENDING,
                             i >= world.first); /* in order, none twice */
            quarantined += world.fates[i] == QUARANTINED;
        }
        finished += world.first == RECORDS;
    }
    assert_in_range(finished, WORLDS / 2, WORLDS); /* and both really happen */
    assert_true(quarantined > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_success_advances),
        cmocka_unit_test(a_retry_pauses_longer_and_keeps_the_border),
        cmocka_unit_test(what_was_taken_before_a_retry_stays_taken),
        cmocka_unit_test(a_receiver_that_asks_for_time_gets_it),
        cmocka_unit_test(a_413_halves_the_batch_and_is_remembered),
        cmocka_unit_test(a_single_record_that_is_too_large_is_set_aside),
        cmocka_unit_test(a_bad_record_is_found_by_halving),
        cmocka_unit_test(what_was_taken_before_a_bad_record_is_not_sent_again),
        cmocka_unit_test(a_conflict_is_found_by_halving_and_counts_as_delivered),
        cmocka_unit_test(a_whole_batch_of_conflicts_costs_no_search_for_each),
        cmocka_unit_test(a_hold_keeps_everything_and_tries_at_the_cap),
        cmocka_unit_test(five_in_a_row_mean_that_the_sink_is_at_fault),
        cmocka_unit_test(ten_in_an_hour_mean_that_the_sink_is_at_fault),
        cmocka_unit_test(a_gap_record_waits_for_the_way_and_for_nothing_else),
        cmocka_unit_test(a_start_that_fails_pauses_longer_each_time),
        cmocka_unit_test(a_clock_that_was_set_does_not_make_it_wait_for_ever),
        cmocka_unit_test(nothing_is_lost_whatever_comes),
    };
    return cmocka_run_group_tests_name("deliver_policy", tests, NULL, NULL);
}
