/* SPDX-License-Identifier: MIT */
/* The source "wayland" of idle, against a compositor that says what a test wants. Time stands still
 * unless a test moves it. */
#include "compositor.h"
#include "idle/input.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { PATIENCE_SEC = 30, SOON_SEC = 10 }; /* on a machine that is busy */
enum { BEGIN_MS = 1000000, SHORT_MS = 5000 };

struct place {
    struct compositor compositor;
    struct desktop_settings settings;
    void *source;
    int64_t now_ms;
    struct input seen;
    bool is_lost;
    clb_error error;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    compositor_make(&place->compositor);
    place->settings = (struct desktop_settings){.wayland_display = place->compositor.path,
                                                .run_root = place->compositor.folder,
                                                .idle_after_ms = 60000};
    place->source = input_wayland.create(&place->settings);
    assert_non_null(place->source);
    place->error.size = sizeof(place->error);
    place->now_ms = BEGIN_MS;
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    input_wayland.destroy(place->source);
    compositor_drop(&place->compositor);
    free(place);
    return 0;
}

static void run_and_open(struct place *place, struct compositor_offer offer)
{
    compositor_run(&place->compositor, offer);
    if (!input_wayland.open(place->source, place->now_ms, &place->error))
        fail_msg("%s", place->error.text);
}

static void run_with_seats(struct place *place, int seats)
{
    run_and_open(place, (struct compositor_offer){.notifier = 2, .seats = seats});
}

static bool look(struct place *place)
{
    place->error.text[0] = '\0';
    memset(&place->seen, 0x55, sizeof(place->seen));
    return input_wayland.look(place->source, place->now_ms, &place->seen, &place->is_lost,
                              &place->error);
}

static void assert_idle(struct place *place, enum input_knowledge knowledge, int64_t idle_ms)
{
    assert_true(look(place));
    assert_int_equal(knowledge, place->seen.knowledge);
    assert_int_equal(idle_ms, place->seen.idle_ms);
    assert_false(place->seen.is_locked);
}

/* Tells it of a seat, and says whether the source wants to be looked at now. */
static bool tell(struct place *place, const char *word, int seat)
{
    compositor_do(&place->compositor, word, seat, NULL, 0);
    struct pollfd polled = {.fd = input_wayland.descriptor(place->source), .events = POLLIN};
    assert_int_equal(1, poll(&polled, 1, PATIENCE_SEC * 1000));
    return input_wayland.dispatch(place->source, place->now_ms);
}

static void assert_asked(struct place *place, int seat, const char *how)
{
    assert_string_equal(how, compositor_do(&place->compositor, "asked", seat, NULL, 0));
}

/* Without another look. */
static void until_asked(struct place *place, int seat, const char *how)
{
    const char *asked = "";
    time_t end = time(NULL) + PATIENCE_SEC;
    while (strcmp(asked, how) != 0 && time(NULL) < end)
        asked = compositor_do(&place->compositor, "asked", seat, NULL, 0);
    assert_string_equal(how, asked);
}

static void assert_refused(struct place *place, const char *why)
{
    assert_false(input_wayland.open(place->source, place->now_ms, &place->error));
    assert_non_null(strstr(place->error.text, why));
}

static void assert_lost(struct place *place, const char *why)
{
    assert_false(look(place));
    assert_true(place->is_lost);
    assert_string_equal(why, place->error.text);
    input_wayland.close(place->source);
}

/* ---- Who is asked ---- */

static void the_best_of_what_is_offered_is_asked(void **state)
{
    static const struct {
        struct compositor_offer offer;
        const char *how;
    } cases[] = {{{.notifier = 2, .kde = 1, .seats = 1}, "input 5000"},
                 {{.notifier = 1, .kde = 1, .seats = 1}, "plain 5000"},
                 {{.kde = 1, .seats = 1}, "kde 5000"}};
    struct place *place = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run_and_open(place, cases[i].offer);
        assert_asked(place, 0, cases[i].how);
        place->now_ms += SHORT_MS;
        tell(place, "idle", 0);
        place->now_ms += 1000;
        assert_idle(place, INPUT_ROUGHLY, SHORT_MS + 1000);
        tell(place, "resumed", 0);
        assert_idle(place, INPUT_EXACTLY, 0);
        input_wayland.close(place->source);
        compositor_end(&place->compositor);
    }
}

static void who_is_idle_soon_is_noticed_soon(void **state)
{
    static const struct {
        int64_t idle_after_ms;
        const char *how;
    } cases[] = {{3000, "input 3000"}, {0, "input 1000"}, {INT64_MAX, "input 5000"}};
    struct place *place = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        input_wayland.destroy(place->source);
        place->settings.idle_after_ms = cases[i].idle_after_ms;
        place->source = input_wayland.create(&place->settings);
        run_with_seats(place, 1);
        assert_asked(place, 0, cases[i].how);
        compositor_end(&place->compositor);
    }
}

static void a_compositor_that_tells_nothing(void **state)
{
    struct place *place = *state;
    compositor_run(&place->compositor, (struct compositor_offer){.windows = 3, .seats = 1});
    assert_refused(place, "this compositor does not tell of input");
    compositor_end(&place->compositor);
    assert_refused(place, ": No such file or directory");
    place->settings.wayland_display = NULL;
    assert_refused(place, "there is no display of Wayland");
}

/* ---- Since when ---- */

static void idleness_begins_with_the_last_input(void **state)
{
    struct place *place = *state;
    run_with_seats(place, 1);
    place->now_ms += 20000; /* silence: there was input */
    assert_idle(place, INPUT_EXACTLY, 0);
    assert_false(tell(place, "idle", 0));
    assert_idle(place, INPUT_EXACTLY, SHORT_MS);
    place->now_ms += 70000;
    assert_idle(place, INPUT_EXACTLY, SHORT_MS + 70000);
    assert_true(tell(place, "resumed", 0)); /* somebody is back */
    assert_idle(place, INPUT_EXACTLY, 0);
    assert_false(tell(place, "idle", 0));
    place->now_ms += 3000;
    assert_false(tell(place, "resumed", 0)); /* was never gone for as long as it matters */
    place->now_ms += 3000;
    assert_idle(place, INPUT_EXACTLY, 0);
}

static void before_it_was_asked_nothing_is_known(void **state)
{
    struct place *place = *state;
    run_with_seats(place, 1);
    assert_idle(place, INPUT_ROUGHLY, 0);
    place->now_ms += SHORT_MS;
    assert_idle(place, INPUT_ROUGHLY, SHORT_MS);
    tell(place, "idle", 0);
    place->now_ms += 100000;
    assert_idle(place, INPUT_ROUGHLY, SHORT_MS + 100000);
    tell(place, "resumed", 0);
    tell(place, "idle", 0);
    assert_idle(place, INPUT_EXACTLY, SHORT_MS);
}

static void a_short_limit_is_news_at_once(void **state)
{
    struct place *place = *state;
    input_wayland.destroy(place->source);
    place->settings.idle_after_ms = 2000;
    place->source = input_wayland.create(&place->settings);
    run_with_seats(place, 1);
    place->now_ms += 2000;
    assert_true(tell(place, "idle", 0));
    assert_idle(place, INPUT_ROUGHLY, 2000);
    assert_true(tell(place, "resumed", 0));
}

static void what_makes_no_sense(void **state)
{
    struct place *place = *state;
    run_with_seats(place, 1);
    tell(place, "resumed", 0);
    assert_idle(place, INPUT_EXACTLY, 0);
    place->now_ms += 1000;
    tell(place, "idle", 0);
    tell(place, "idle", 0);
    assert_idle(place, INPUT_EXACTLY, SHORT_MS);
}

/* ---- Seats ---- */

static void of_several_seats_the_busiest_counts(void **state)
{
    struct place *place = *state;
    run_with_seats(place, 2);
    tell(place, "resumed", 0);
    tell(place, "resumed", 1);
    place->now_ms += SHORT_MS;
    tell(place, "idle", 0);
    assert_idle(place, INPUT_EXACTLY, 0);
    place->now_ms += 30000;
    tell(place, "idle", 1);
    assert_idle(place, INPUT_EXACTLY, SHORT_MS);
    tell(place, "resumed", 0);
    assert_idle(place, INPUT_EXACTLY, 0);
}

static void seats_come_and_go(void **state)
{
    struct place *place = *state;
    run_with_seats(place, 0);
    assert_false(look(place));
    assert_false(place->is_lost);
    assert_string_equal("the compositor has no seat", place->error.text);
    tell(place, "seat", 0);
    assert_idle(place, INPUT_ROUGHLY, 0);
    until_asked(place, 0, "input 5000"); /* its silence counts from now on */
    tell(place, "idle", 0);
    place->now_ms += 10000;
    assert_idle(place, INPUT_ROUGHLY, SHORT_MS + 10000);
    tell(place, "seat", 0);
    assert_idle(place, INPUT_ROUGHLY, 0);
    tell(place, "unseat", 1);
    assert_idle(place, INPUT_ROUGHLY, SHORT_MS + 10000);
    tell(place, "unseat", 0);
    assert_false(look(place));
    assert_false(place->is_lost);
}

static void more_seats_than_anybody_has(void **state)
{
    struct place *place = *state;
    run_with_seats(place, 8);
    assert_idle(place, INPUT_ROUGHLY, 0);
    assert_true(tell(place, "seat", 0));
    assert_lost(place, "there are too many seats");
    assert_refused(place, "there are too many seats");
}

/* ---- Ends ---- */

static void a_compositor_that_is_killed_and_comes_back(void **state)
{
    struct place *place = *state;
    for (int i = 0; i < 3; i++) {
        run_with_seats(place, 1);
        place->now_ms += SHORT_MS;
        tell(place, "idle", 0);
        assert_idle(place, INPUT_ROUGHLY, SHORT_MS);
        compositor_signal(&place->compositor, SIGKILL);
        assert_lost(place, "the compositor ended the connection");
        assert_refused(place, ": No such file or directory");
    }
}

static void one_that_hangs_is_not_waited_for(void **state)
{
    struct place *place = *state;
    time_t begun = time(NULL);
    run_with_seats(place, 1);
    compositor_signal(&place->compositor, SIGSTOP);
    place->now_ms += 20000; /* this silence is none of somebody who plays */
    assert_lost(place, "the compositor does not answer");
    assert_refused(place, ": the compositor does not answer");
    assert_true(time(NULL) - begun < SOON_SEC);
    compositor_signal(&place->compositor, SIGCONT);
    assert_true(input_wayland.open(place->source, place->now_ms, &place->error));
    assert_idle(place, INPUT_ROUGHLY, 0);
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        PLACED(the_best_of_what_is_offered_is_asked),
        PLACED(who_is_idle_soon_is_noticed_soon),
        PLACED(a_compositor_that_tells_nothing),
        PLACED(idleness_begins_with_the_last_input),
        PLACED(before_it_was_asked_nothing_is_known),
        PLACED(a_short_limit_is_news_at_once),
        PLACED(what_makes_no_sense),
        PLACED(of_several_seats_the_busiest_counts),
        PLACED(seats_come_and_go),
        PLACED(more_seats_than_anybody_has),
        PLACED(a_compositor_that_is_killed_and_comes_back),
        PLACED(one_that_hangs_is_not_waited_for),
    };
    unsetenv("WAYLAND_DISPLAY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
