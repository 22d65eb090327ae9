/* SPDX-License-Identifier: MIT */
/* The source x11 of window_title and of idle, with an X server that says what none would: nothing
 * at all, or what is not so. */
#include "idle/input.h"
#include "window_title/window.h"
#include "x_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Half a second is waited for a greeting, and for answers; machines that are busy take longer. On
 * them a server that works may also come too late, so that it is asked again. */
enum { LIMIT_MS = 3000, TRIES_MAX = 50 };

struct place {
    struct x_server server;
    struct desktop_settings settings;
    void *source;
    clb_error error;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void make_place(struct place *place, enum x_server_way way)
{
    *place = (struct place){.error = {.size = sizeof(place->error)}};
    x_server_start(&place->server, way);
    place->settings.x11_root = place->server.root;
    place->settings.x11_display = ":0";
    place->settings.run_root = "/nonexistent";
    place->source = window_x11.create(&place->settings);
    assert_non_null(place->source);
}

static void drop_place(struct place *place)
{
    window_x11.destroy(place->source);
    x_server_stop(&place->server);
}

static bool open_source(struct place *place)
{
    int64_t began_ms = now_ms();
    bool is_open = window_x11.open(place->source, 0, &place->error);
    assert_true(now_ms() - began_ms < LIMIT_MS);
    return is_open;
}

static void refuses(enum x_server_way way, const char *says)
{
    struct place place;
    make_place(&place, way);
    bool is_open = open_source(&place);
    for (int i = 0; i < TRIES_MAX && !is_open && strstr(place.error.text, says) == NULL; i++)
        is_open = open_source(&place);
    if (is_open || strstr(place.error.text, says) == NULL)
        fail_msg("%d: %s", (int)way, place.error.text);
    drop_place(&place);
}

static bool look_once(struct place *place, struct window *window, bool *is_lost)
{
    int64_t began_ms = now_ms();
    memset(window, 0, sizeof(*window));
    bool is_seen = window_x11.look(place->source, 0, window, is_lost, &place->error);
    assert_true(now_ms() - began_ms < LIMIT_MS);
    return is_seen;
}

static void look(struct place *place, struct window *window)
{
    bool is_lost = false;
    for (int i = 0; i < TRIES_MAX; i++) {
        if (!open_source(place))
            continue;
        if (look_once(place, window, &is_lost))
            return;
        window_x11.close(place->source);
    }
    fail_msg("%s", place->error.text);
}

static void a_server_that_works_is_seen(void **state)
{
    struct place place;
    struct window window;
    (void)state;
    make_place(&place, X_SERVER_WORKS);
    look(&place, &window);
    assert_true(window.is_focused && !window.is_fullscreen);
    assert_string_equal("Minecraft", window.title);
    assert_string_equal("game", window.app);
    drop_place(&place);
}

static void a_greeting_has_an_end(void **state)
{
    (void)state;
    refuses(X_SERVER_IS_SILENT, "the X server :0 cannot be used: it does not answer");
    refuses(X_SERVER_STOPS_IN_GREETING, "it does not answer");
    refuses(X_SERVER_TAKES_NOBODY, "it does not answer");
    refuses(X_SERVER_HANGS_UP, "it ");
    refuses(X_SERVER_ENDS_IN_GREETING, "it ended the connection");
}

static void a_greeting_makes_sense(void **state)
{
    (void)state;
    refuses(X_SERVER_REFUSES, "it refuses: n\xEF\xBF\xBD .");
    refuses(X_SERVER_ASKS_BACK, "it wants a kind of key");
    refuses(X_SERVER_HAS_A_LONG_VENDOR, "it is no X server");
    refuses(X_SERVER_HAS_NO_SCREEN, "it is no X server");
    refuses(X_SERVER_TAKES_SMALL_REQUESTS, "it is no X server");
    refuses(X_SERVER_GREETS_SHORTLY, "it is no X server");
}

static void is_lost(enum x_server_way way, const char *says)
{
    struct place place;
    struct window window;
    bool is_gone = false;
    make_place(&place, way);
    for (int i = 0; i < TRIES_MAX && !open_source(&place); i++)
        continue;
    assert_false(look_once(&place, &window, &is_gone));
    assert_true(is_gone);
    assert_string_equal(says, place.error.text);
    drop_place(&place);
}

static void answers_have_an_end(void **state)
{
    (void)state;
    refuses(X_SERVER_ANSWERS_NOTHING, "the X server :0 does not answer");
    is_lost(X_SERVER_KEEPS_PROPERTIES, "the X server :0 does not answer");
    is_lost(X_SERVER_STOPS_IN_A_REPLY, "the X server :0 does not answer");
    is_lost(X_SERVER_SAYS_MUCH, "the X server :0 says more than it was asked for");
    is_lost(X_SERVER_FLOODS, "the X server :0 does not answer");
}

static void a_property_is_as_long_as_what_was_sent(void **state)
{
    struct place place;
    struct window window;
    (void)state;
    make_place(&place, X_SERVER_LIES_OF_LENGTHS);
    look(&place, &window);
    assert_true(window.is_focused);
    assert_string_equal("Minecraft", window.title); /* with what it was filled up with */
    assert_string_equal("game", window.app);
    drop_place(&place);
}

static void a_window_that_is_gone_has_no_focus(void **state)
{
    struct place place;
    struct window window;
    (void)state;
    make_place(&place, X_SERVER_LOST_THE_WINDOW);
    look(&place, &window);
    assert_false(window.is_focused);
    drop_place(&place);
}

static void one_question_a_look_when_nothing_happened(void **state)
{
    struct place place;
    struct window window;
    bool is_lost;
    (void)state;
    make_place(&place, X_SERVER_WORKS);
    look(&place, &window);
    unsigned before = *place.server.requests;
    assert_true(before > 8);
    for (int i = 0; i < 100; i++) {
        assert_false(window_x11.dispatch(place.source, 0));
        assert_true(look_once(&place, &window, &is_lost));
    }
    assert_string_equal("Minecraft", window.title);
    assert_int_equal(100, *place.server.requests - before);
    drop_place(&place);
}

static void a_server_that_ends_is_noticed(void **state)
{
    struct place place;
    struct window window;
    bool is_lost;
    (void)state;
    make_place(&place, X_SERVER_WORKS);
    look(&place, &window);
    assert_false(window_x11.dispatch(place.source, 0));
    x_server_stop(&place.server);
    assert_true(window_x11.dispatch(place.source, 0));
    assert_false(look_once(&place, &window, &is_lost));
    assert_true(is_lost);
    assert_string_equal("the X server :0 ended the connection", place.error.text);
    window_x11.close(place.source);
    assert_false(window_x11.open(place.source, 0, &place.error));
    assert_non_null(strstr(place.error.text, "it is not there"));
    window_x11.destroy(place.source);
}

static void idle_wants_its_extension(void **state)
{
    struct place place;
    (void)state;
    make_place(&place, X_SERVER_WORKS);
    void *source = input_x11.create(&place.settings);
    bool is_told = false;
    for (int i = 0; i < TRIES_MAX && !is_told; i++) {
        assert_false(input_x11.open(source, 0, &place.error));
        is_told = strcmp("the X server :0 is without the extension MIT-SCREEN-SAVER",
                         place.error.text) == 0;
    }
    assert_true(is_told);
    input_x11.destroy(source);
    drop_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_works_is_seen),
        cmocka_unit_test(a_greeting_has_an_end),
        cmocka_unit_test(a_greeting_makes_sense),
        cmocka_unit_test(answers_have_an_end),
        cmocka_unit_test(a_property_is_as_long_as_what_was_sent),
        cmocka_unit_test(a_window_that_is_gone_has_no_focus),
        cmocka_unit_test(one_question_a_look_when_nothing_happened),
        cmocka_unit_test(a_server_that_ends_is_noticed),
        cmocka_unit_test(idle_wants_its_extension),
    };
    unsetenv("XAUTHORITY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
