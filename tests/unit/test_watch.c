/* SPDX-License-Identifier: MIT */
/* When the service manager's watchdog is fed, and when it is asked for time. */
#include "fake_clock.h"
#include "platform/service.h"
#include "watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { LIMIT_MS = 12000, ROUND_MS = LIMIT_MS / 3, SOON_MS = LIMIT_MS / 12 };

static struct place {
    struct fake_clock fake;
    struct wakeup bells[2];
    struct watch watch;
    int ear;
} place;

static int begin(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    snprintf(name, sizeof(name), "@clockblock-watch-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name + 1));
    place.ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(place.ear, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) != 0)
        return -1;
    setenv("NOTIFY_SOCKET", name, 1);
    service_open();
    fake_clock_init(&place.fake, 0);
    fake_clock_advance(&place.fake, 1000000);
    wakeup_init(&place.bells[0]);
    wakeup_init(&place.bells[1]);
    watch_init(&place.watch, &place.fake.clock, &place.bells[0], &place.bells[1]);
    place.watch.limit_ms = LIMIT_MS;
    place.watch.fed_ms = 1000000;
    return 0;
}

static int end(void **state)
{
    (void)state;
    pulse_leave();
    watch_need_no_time();
    close(place.ear);
    wakeup_finish(&place.bells[0]);
    wakeup_finish(&place.bells[1]);
    return 0;
}

static int64_t now(void)
{
    return place.fake.clock.monotonic_ms(&place.fake.clock);
}

/* A look, and whether it fed; when the next one is due. */
static int64_t look(bool *fed)
{
    char heard[64] = "";
    int64_t next_ms = watch_look(&place.watch, now()) - now();
    *fed = recv(place.ear, heard, sizeof(heard) - 1, 0) > 0;
    if (*fed)
        assert_string_equal("WATCHDOG=1", heard);
    return next_ms;
}

static void assert_fed(void)
{
    bool fed;
    assert_int_equal(ROUND_MS, look(&fed));
    assert_true(fed);
}

static void assert_not_fed(void)
{
    bool fed;
    assert_int_equal(SOON_MS, look(&fed));
    assert_false(fed);
}

static bool is_rung(struct wakeup *bell)
{
    return wakeup_wait(bell, 0);
}

static void who_comes_round_is_not_woken(void **state)
{
    (void)state;
    pulse_take(&place.watch.pulses[WATCH_SAMPLER]);
    for (int i = 0; i < 3; i++) {
        fake_clock_advance(&place.fake, ROUND_MS);
        pulse_beat();
        assert_fed();
    }
    assert_false(is_rung(&place.bells[0]));
}

static void who_has_nothing_to_do_is_woken_and_answers(void **state)
{
    (void)state;
    pulse_take(&place.watch.pulses[WATCH_API]);
    fake_clock_advance(&place.fake, ROUND_MS);
    assert_fed(); /* it has beaten since the last time */
    fake_clock_advance(&place.fake, ROUND_MS);
    assert_not_fed();
    assert_true(is_rung(&place.bells[1]));
    assert_false(is_rung(&place.bells[0]));
    pulse_beat();
    fake_clock_advance(&place.fake, SOON_MS);
    assert_fed();
}

static void who_stands_still_is_named_once(void **state)
{
    (void)state;
    pulse_take(&place.watch.pulses[WATCH_STORE]); /* which has no bell yet */
    fake_clock_advance(&place.fake, SOON_MS);
    assert_fed();
    for (int i = 0; i < 12; i++) {
        fake_clock_advance(&place.fake, SOON_MS);
        assert_not_fed();
        assert_int_equal(i >= 7, place.watch.is_told[WATCH_STORE]); /* two thirds of the limit */
        assert_false(place.watch.is_told[WATCH_SAMPLER]);
    }
    pulse_beat();
    assert_fed();
    assert_false(place.watch.is_told[WATCH_STORE]);
}

static void one_is_enough(void **state)
{
    (void)state;
    for (int part = 0; part < WATCH_PARTS; part++) {
        pulse_take(&place.watch.pulses[part]);
        fake_clock_advance(&place.fake, ROUND_MS);
        (void)watch_look(&place.watch, now());
        fake_clock_advance(&place.fake, ROUND_MS);
        char rest[64];
        while (recv(place.ear, rest, sizeof(rest), 0) > 0) {
        }
        assert_not_fed();
        pulse_leave(); /* nothing is expected of what ended */
        assert_fed();
    }
}

static void what_takes_long_is_excused(void **state)
{
    (void)state;
    pulse_take(&place.watch.pulses[WATCH_STORE]);
    pulse_excuse((int64_t)10 * LIMIT_MS - 1);
    for (int i = 0; i < 30; i++) {
        fake_clock_advance(&place.fake, ROUND_MS);
        assert_fed();
    }
    fake_clock_advance(&place.fake, ROUND_MS); /* but not for ever */
    assert_not_fed();
    pulse_rest();
    fake_clock_advance(&place.fake, (int64_t)100 * LIMIT_MS);
    assert_fed();
    pulse_beat();
    fake_clock_advance(&place.fake, ROUND_MS);
    assert_fed();
    fake_clock_advance(&place.fake, ROUND_MS);
    assert_not_fed();
}

static int64_t asked_ms(void)
{
    char heard[64] = "";
    long long usec = 0;
    if (recv(place.ear, heard, sizeof(heard) - 1, 0) <= 0)
        return 0;
    assert_int_equal(1, sscanf(heard, "EXTEND_TIMEOUT_USEC=%lld", &usec));
    return usec / 1000;
}

static void time_is_asked_for_while_work_goes_on(void **state)
{
    (void)state;
    pulse_take(&place.watch.pulses[WATCH_SAMPLER]);
    assert_int_equal(0, asked_ms());
    watch_ask_for_time();
    pulse_beat();
    assert_int_equal(30000, asked_ms());
    for (int i = 0; i < 9; i++) { /* not at every beat */
        fake_clock_advance(&place.fake, 100);
        pulse_beat();
        assert_int_equal(0, asked_ms());
    }
    fake_clock_advance(&place.fake, 100);
    pulse_beat();
    assert_int_equal(30000, asked_ms());
    pulse_excuse(60000);
    assert_int_equal(90000, asked_ms());
    fake_clock_advance(&place.fake, 100000);
    assert_int_equal(0, asked_ms()); /* who stands still gets none */
    watch_need_no_time();
    pulse_beat();
    assert_int_equal(0, asked_ms());
    watch_ask_for_time();
    pulse_excuse(60000);
    assert_int_equal(90000, asked_ms());
    watch_need_no_time();
    watch_ask_for_time(); /* for a stop, which knows nothing of what the start was given */
    pulse_beat();
    assert_int_equal(30000, asked_ms());
    watch_need_no_time();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_comes_round_is_not_woken, begin, end),
        cmocka_unit_test_setup_teardown(who_has_nothing_to_do_is_woken_and_answers, begin, end),
        cmocka_unit_test_setup_teardown(who_stands_still_is_named_once, begin, end),
        cmocka_unit_test_setup_teardown(one_is_enough, begin, end),
        cmocka_unit_test_setup_teardown(what_takes_long_is_excused, begin, end),
        cmocka_unit_test_setup_teardown(time_is_asked_for_while_work_goes_on, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
