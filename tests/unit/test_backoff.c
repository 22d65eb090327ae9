/* SPDX-License-Identifier: MIT */
#include "deliver/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void the_ceiling_doubles_up_to_its_cap(void **state)
{
    static const int64_t ceilings[] = {1000,  2000,   4000,   8000,   16000, 32000,
                                       64000, 128000, 256000, 300000, 300000};
    (void)state;
    for (int i = 0; i < (int)(sizeof(ceilings) / sizeof(ceilings[0])); i++) {
        /* The longest and the shortest wait, and that nothing lies outside of them. */
        uint32_t ceiling = (uint32_t)ceilings[i];
        assert_int_equal(backoff_ms(i + 1, ceiling - 1, 0), ceilings[i]);
        assert_int_equal(backoff_ms(i + 1, 0, 0), 1);
        for (uint32_t random = 0; random < 4000000000u; random += 40000003u) {
            int64_t wait = backoff_ms(i + 1, random, 0);
            assert_true(wait >= 1 && wait <= ceilings[i]);
        }
    }
    assert_int_equal(backoff_ms(INT64_MAX, BACKOFF_CAP_MS - 1, 0), BACKOFF_CAP_MS);
}

/* Many agents that fail at the same moment must not come back at the same moment. */
static void waits_are_spread(void **state)
{
    enum { DRAWS = 4000, QUARTERS = 4 };
    int counts[QUARTERS] = {0};
    uint32_t random = 1;
    (void)state;
    for (int i = 0; i < DRAWS; i++) {
        random = random * 1664525u + 1013904223u;
        counts[(backoff_ms(5, random, 0) - 1) * QUARTERS / 16000]++;
    }
    for (int i = 0; i < QUARTERS; i++)
        assert_in_range(counts[i], DRAWS / QUARTERS * 8 / 10, DRAWS / QUARTERS * 12 / 10);
}

static void what_the_receiver_asks_for_is_honoured(void **state)
{
    (void)state;
    assert_int_equal(backoff_ms(1, 0, 60000), 60000);
    assert_int_equal(backoff_ms(1, 499, 200), 500); /* the own wait is longer */
    assert_int_equal(backoff_ms(1, 0, BACKOFF_ASKED_MAX_MS), BACKOFF_ASKED_MAX_MS);
    assert_int_equal(backoff_ms(1, 0, BACKOFF_ASKED_MAX_MS + 1), BACKOFF_ASKED_MAX_MS);
    assert_int_equal(backoff_ms(1, 0, INT64_MAX), BACKOFF_ASKED_MAX_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ceiling_doubles_up_to_its_cap),
        cmocka_unit_test(waits_are_spread),
        cmocka_unit_test(what_the_receiver_asks_for_is_honoured),
    };
    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
