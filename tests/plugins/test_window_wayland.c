/* SPDX-License-Identifier: MIT */
/* The source "wayland" of window_title, against a compositor that says what a test wants. */
#include "window_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Windows ---- */

static void no_window_has_the_focus(void **state)
{
    struct place *place = *state;
    run_and_open(place);
    assert_focused(place, NULL);
    add_window(place, 0, "Doom", false);
    assert_focused(place, NULL);
}

static void the_window_that_has_the_focus(void **state)
{
    static const uint32_t fullscreen[] = {FULLSCREEN, 77, ACTIVATED};
    struct place *place = *state;
    run_and_open(place);
    add_window(place, 0, "Editor", false);
    add_window(place, 1, "Doom", true);
    assert_focused(place, "Doom");
    assert_false(place->seen.is_fullscreen);
    set_states(place, 1, fullscreen, 3);
    say(place, "title", 1, "Doom - Level 2");
    say(place, "done", 1, "");
    assert_focused(place, "Doom - Level 2");
    assert_true(place->seen.is_fullscreen);
    focus(place, 1, false);
    focus(place, 0, true);
    assert_focused(place, "Editor");
    assert_false(place->seen.is_fullscreen);
}

static void a_window_that_was_there_before(void **state)
{
    struct place *place = *state;
    compositor_run(&place->compositor, (struct compositor_offer){.windows = 3, .title = "Doom"});
    for (int i = 0; i < 2; i++) {
        open_source(place);
        assert_focused(place, "Doom");
        window_wayland.close(place->source);
    }
}

static void nothing_holds_before_it_is_complete(void **state)
{
    static const uint32_t activated[] = {ACTIVATED};
    struct place *place = *state;
    run_and_open(place);
    say(place, "windows", 1, "");
    say(place, "title", 0, "Doom");
    say(place, "app", 0, "some.app");
    set_states(place, 0, activated, 1);
    assert_focused(place, NULL);
    say(place, "done", 0, "");
    assert_focused(place, "Doom");
    say(place, "title", 0, "Quake");
    assert_focused(place, "Doom");
}

static void of_two_seats_the_one_that_moved_last(void **state)
{
    struct place *place = *state;
    run_and_open(place);
    add_window(place, 0, "Doom", true);
    add_window(place, 1, "Editor", true);
    assert_focused(place, "Editor");
    say(place, "title", 0, "Doom 2"); /* is no change of the focus */
    say(place, "done", 0, "");
    assert_focused(place, "Editor");
    say(place, "closed", 1, "");
    assert_focused(place, "Doom 2");
    say(place, "closed", 0, "");
    assert_focused(place, NULL);
}

static void only_what_concerns_the_focus_is_news(void **state)
{
    struct place *place = *state;
    run_and_open(place);
    add_window(place, 0, "Doom", true);
    assert_true(dispatch(place));
    assert_focused(place, "Doom");
    add_window(place, 1, "a spinner |", false);
    assert_false(dispatch(place));
    say(place, "title", 1, "a spinner /");
    say(place, "done", 1, "");
    assert_false(dispatch(place));
    focus(place, 0, true);
    assert_false(dispatch(place));
    say(place, "title", 0, "Doom 2");
    say(place, "done", 0, "");
    assert_true(dispatch(place));
    assert_focused(place, "Doom 2");
    say(place, "closed", 0, "");
    assert_true(dispatch(place));
    assert_focused(place, NULL);
    assert_false(window_wayland.dispatch(place->source, 0));
}

/* ---- Hostile ones ---- */

static void long_titles_are_cut_between_two_characters(void **state)
{
    char title[3900];
    struct place *place = *state;
    run_and_open(place);
    for (size_t i = 0; i + 3 < sizeof(title); i += 3)
        memcpy(title + i, "\xE2\x82\xAC", 4); /* an euro sign */
    add_window(place, 0, title, true);
    say(place, "app", 0, title);
    say(place, "done", 0, "");
    assert_true(look(place));
    assert_int_equal(WINDOW_TITLE_BYTES - 1, strlen(place->seen.title)); /* a multiple of 3 */
    assert_int_equal(WINDOW_APP_BYTES - 1, strlen(place->seen.app));
    assert_memory_equal(title, place->seen.title, WINDOW_TITLE_BYTES - 1);
    title[0] = 'x';
    memmove(title + 1, title + 3, sizeof(title) - 3);
    say(place, "title", 0, title);
    say(place, "done", 0, "");
    assert_true(look(place));
    assert_int_equal(WINDOW_TITLE_BYTES - 3, strlen(place->seen.title));
}

static void titles_are_valid_whatever_was_sent(void **state)
{
    struct place *place = *state;
    run_and_open(place);
    add_window(place, 0, "D\xFFoom\n\xC3\xA9 \xE2\x82", true);
    assert_true(look(place));
    assert_null(strchr(place->seen.title, '\xFF'));
    assert_null(strchr(place->seen.title, '\n'));
    assert_null(strstr(place->seen.title, "\xE2\x82"));
    assert_non_null(strstr(place->seen.title, "oom"));
    assert_non_null(strstr(place->seen.title, "\xC3\xA9"));
}

static void states_that_are_cut_off(void **state)
{
    static const unsigned char states[] = {1, 0, 0, 0, ACTIVATED, 0, 0};
    struct place *place = *state;
    run_and_open(place);
    add_window(place, 0, "Doom", true);
    compositor_do(&place->compositor, "states", 0, states, sizeof(states));
    say(place, "done", 0, "");
    assert_focused(place, NULL);
}

static void more_windows_than_anybody_has(void **state)
{
    struct place *place = *state;
    run_and_open(place);
    say(place, "windows", 256, "");
    focus(place, 255, true);
    assert_true(look(place));
    assert_true(place->seen.is_focused);
    say(place, "windows", 600, "");
    assert_lost(place, "there are too many windows");
    open_source(place);
    assert_focused(place, NULL);
}

/* ---- The manager ---- */

static void a_compositor_without_a_manager(void **state)
{
    struct place *place = *state;
    compositor_run(&place->compositor, (struct compositor_offer){.seats = 1, .notifier = 2});
    assert_refused(place, "this compositor does not tell of windows");
    compositor_end(&place->compositor);
    run_and_open(place);
    assert_focused(place, NULL);
}

static void a_manager_that_ends(void **state)
{
    struct place *place = *state;
    run_and_open(place);
    add_window(place, 0, "Doom", true);
    say(place, "finished", 0, "");
    assert_true(dispatch(place));
    assert_lost(place, "the compositor tells no more of windows");
}

static void an_old_manager(void **state)
{
    struct place *place = *state;
    compositor_run(&place->compositor, (struct compositor_offer){.windows = 1});
    open_source(place);
    add_window(place, 0, "Doom", true);
    assert_focused(place, "Doom");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACED(no_window_has_the_focus),
        PLACED(the_window_that_has_the_focus),
        PLACED(a_window_that_was_there_before),
        PLACED(nothing_holds_before_it_is_complete),
        PLACED(of_two_seats_the_one_that_moved_last),
        PLACED(only_what_concerns_the_focus_is_news),
        PLACED(long_titles_are_cut_between_two_characters),
        PLACED(titles_are_valid_whatever_was_sent),
        PLACED(states_that_are_cut_off),
        PLACED(more_windows_than_anybody_has),
        PLACED(a_compositor_without_a_manager),
        PLACED(a_manager_that_ends),
        PLACED(an_old_manager),
    };
    unsetenv("WAYLAND_DISPLAY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
