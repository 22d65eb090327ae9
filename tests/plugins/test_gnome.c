/* SPDX-License-Identifier: MIT */
/* The source "gnome" of window_title, with a stand-in for the extension on a bus. */
#include "bus_place.h"
#include "window_title/window.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A bus that works may be late on a machine that is busy, and is asked again. */
enum { PATIENCE_MS = 60 * 1000, TRIES_MAX = 50 };

static const char place_of_it[] = "/org/gnome/shell/extensions/FocusedWindow";

struct fixture {
    struct bus_place place;
    struct desktop_settings settings;
    void *source;
    bool is_open;
    struct window window;
    bool is_lost;
    clb_error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    bus_place_make(&fixture->place);
    fixture->error.size = sizeof(fixture->error);
    fixture->settings = (struct desktop_settings){.run_root = fixture->place.folder,
                                                  .session_bus = fixture->place.address};
    fixture->source = window_gnome.create(&fixture->settings);
    assert_non_null(fixture->source);
    *state = fixture;
    return 0;
}

static void close_it(struct fixture *fixture)
{
    if (fixture->is_open)
        window_gnome.close(fixture->source);
    fixture->is_open = false;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    close_it(fixture);
    window_gnome.destroy(fixture->source);
    bus_place_drop(&fixture->place);
    free(fixture);
    return 0;
}

static bool open_once(struct fixture *fixture)
{
    fixture->error.text[0] = '\0';
    fixture->is_open = window_gnome.open(fixture->source, 0, &fixture->error);
    assert_int_equal(fixture->is_open, fixture->error.text[0] == '\0');
    return fixture->is_open;
}

static bool is_late(const struct fixture *fixture)
{
    return strstr(fixture->error.text, "does not answer") != NULL;
}

static bool open_it(struct fixture *fixture)
{
    bool is_open = open_once(fixture);
    for (int i = 0; i < TRIES_MAX && !is_open && is_late(fixture); i++)
        is_open = open_once(fixture);
    return is_open;
}

static bool look_once(struct fixture *fixture)
{
    memset(&fixture->window, 'x', sizeof(fixture->window));
    fixture->error.text[0] = '\0';
    fixture->is_lost = false;
    return window_gnome.look(fixture->source, 0, &fixture->window, &fixture->is_lost,
                             &fixture->error);
}

static bool look(struct fixture *fixture)
{
    bool is_seen = look_once(fixture);
    for (int i = 0; i < TRIES_MAX && !is_seen && is_late(fixture); i++)
        is_seen = look_once(fixture);
    return is_seen;
}

static void start_shell(struct fixture *fixture, const char *window)
{
    bus_place_start_service(&fixture->place, "org.gnome.Shell");
    bus_place_tell(&fixture->place, "answer %s Get s %s", place_of_it, window);
}

static bool is_told(struct fixture *fixture)
{
    for (int i = 0; i < 100; i++) {
        struct pollfd polled = {.fd = window_gnome.descriptor(fixture->source), .events = POLLIN};
        assert_true(polled.fd >= 0);
        assert_int_equal(1, poll(&polled, 1, PATIENCE_MS));
        if (window_gnome.dispatch(fixture->source, 0))
            return true;
    }
    return false;
}

static void the_window_with_the_focus_is_seen(void **state)
{
    struct fixture *fixture = *state;
    start_shell(fixture, "{\"title\":\"Doom\",\"wm_class\":\"doom\",\"pid\":7,\"focus\":true}");
    assert_true(open_it(fixture));
    assert_true(look(fixture));
    assert_true(fixture->window.is_focused);
    assert_string_equal("Doom", fixture->window.title);
    assert_string_equal("doom", fixture->window.app);
    bus_place_tell(&fixture->place, "answer %s Get s {}", place_of_it);
    assert_true(look(fixture));
    assert_false(fixture->window.is_focused);
}

static void another_focus_wakes_it_up(void **state)
{
    struct fixture *fixture = *state;
    start_shell(fixture, "{}");
    assert_true(open_it(fixture));
    assert_true(look(fixture));
    bus_place_tell(&fixture->place,
                   "signal %s org.gnome.shell.extensions.FocusedWindow FocusChanged {}",
                   place_of_it);
    assert_true(is_told(fixture));
    assert_false(window_gnome.dispatch(fixture->source, 0));
}

static void an_older_extension_has_an_error_for_no_window(void **state)
{
    struct fixture *fixture = *state;
    start_shell(fixture, "{}");
    bus_place_tell(&fixture->place, "fail %s Get org.gnome.gjs.JSError.Error No window in focus",
                   place_of_it);
    assert_true(open_it(fixture));
    assert_true(look(fixture));
    assert_false(fixture->window.is_focused);
}

static void errors_are_told_without_what_they_quote(void **state)
{
    struct fixture *fixture = *state;
    start_shell(fixture, "{}");
    bus_place_tell(&fixture->place, "fail %s Get org.gnome.gjs.JSError.TypeError a title",
                   place_of_it);
    assert_true(open_it(fixture));
    assert_false(look(fixture));
    assert_false(fixture->is_lost);
    assert_string_equal("org.gnome.Shell answered with org.gnome.gjs.JSError.TypeError",
                        fixture->error.text);
}

static void without_the_extension_or_gnome_it_says_so(void **state)
{
    struct fixture *fixture = *state;
    assert_true(open_it(fixture));
    assert_false(look(fixture));
    assert_string_equal("org.gnome.Shell is not on the bus", fixture->error.text);
    bus_place_start_service(&fixture->place, "org.gnome.Shell");
    assert_false(look(fixture));
    assert_string_equal("GNOME has no extension \"Focused Window D-Bus\", or it is off",
                        fixture->error.text);
    assert_false(fixture->is_lost);
}

/* GNOME switches it off then. */
static void a_locked_screen_has_no_window(void **state)
{
    struct fixture *fixture = *state;
    struct bus_place lock = fixture->place; /* a second service on the same bus */
    bus_place_start_service(&fixture->place, "org.gnome.Shell");
    bus_place_start_service(&lock, "org.gnome.ScreenSaver");
    bus_place_tell(&lock, "answer /org/gnome/ScreenSaver GetActive b true");
    assert_true(open_it(fixture));
    bool is_seen = look(fixture);
    bus_place_tell(&lock, "answer /org/gnome/ScreenSaver GetActive b false");
    bool is_seen_unlocked = look(fixture);
    bus_place_tell(&lock, "answer /org/gnome/ScreenSaver GetActive s true");
    bool is_seen_wrong = look(fixture);
    bus_place_kill_service(&lock);
    assert_true(is_seen);
    assert_false(fixture->window.is_focused);
    assert_false(is_seen_unlocked);
    assert_false(is_seen_wrong);
}

static void what_is_no_window_is_not_taken_for_one(void **state)
{
    struct fixture *fixture = *state;
    start_shell(fixture, "[\"a title\"]");
    assert_true(open_it(fixture));
    assert_false(look(fixture));
    assert_string_equal("the extension answered with something else", fixture->error.text);
    bus_place_tell(&fixture->place, "answer %s Get s @2000000", place_of_it);
    assert_false(look(fixture));
    bus_place_tell(&fixture->place, "answer %s Get t 5", place_of_it);
    assert_false(look(fixture));
    assert_false(fixture->is_lost);
    bus_place_tell(&fixture->place, "answer %s Get s {}", place_of_it);
    assert_true(look(fixture));
}

static void silence_and_an_end_are_losses(void **state)
{
    struct fixture *fixture = *state;
    start_shell(fixture, "{}");
    assert_true(open_it(fixture));
    kill(fixture->place.service, SIGSTOP);
    assert_false(look_once(fixture));
    assert_true(fixture->is_lost);
    close_it(fixture);
    kill(fixture->place.service, SIGCONT);
    assert_true(open_it(fixture));
    assert_true(look(fixture));
    bus_place_kill_daemon(&fixture->place);
    assert_true(is_told(fixture));
    assert_false(look(fixture));
    assert_true(fixture->is_lost);
    close_it(fixture);
    assert_false(open_it(fixture));
}

/* For root that of who is logged in. */
static void the_bus_is_found_in_the_folder_of_its_owner(void **state)
{
    struct fixture *fixture = *state;
    uid_t owner = geteuid() != 0 ? geteuid() : 1000;
    char user[128];
    char path[160];
    unsetenv("DBUS_SESSION_BUS_ADDRESS");
    fixture->settings.session_bus = NULL;
    assert_false(open_it(fixture));
    assert_string_equal("there is no bus of a session", fixture->error.text);
    if (geteuid() == 0) { /* on whose own bus there is no desktop */
        setenv("DBUS_SESSION_BUS_ADDRESS", fixture->place.address, 1);
        assert_false(open_it(fixture));
        unsetenv("DBUS_SESSION_BUS_ADDRESS");
    }

    snprintf(user, sizeof(user), "%s/user", fixture->place.folder);
    assert_int_equal(0, mkdir(user, 0755));
    snprintf(path, sizeof(path), "%s/%u", user, owner);
    assert_int_equal(0, mkdir(path, 0755));
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char *address = to.sun_path;
    assert_true(snprintf(address, sizeof(to.sun_path), "%s/user/%u/bus", fixture->place.folder,
                         owner) < (int)sizeof(to.sun_path));
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    uid_t before = geteuid();
    bool is_bound = bind(listening, (struct sockaddr *)&to, sizeof(to)) == 0 &&
                    seteuid(owner) == 0 && listen(listening, 1) == 0;
    is_bound = seteuid(before) == 0 && is_bound;
    /* What root made there is not theirs. */
    bool is_trusted =
        geteuid() == 0 && (open_once(fixture) || strstr(fixture->error.text, address));
    is_bound = is_bound && chown(address, owner, (gid_t)-1) == 0;
    bool is_silent = !open_once(fixture) && strstr(fixture->error.text, address) != NULL &&
                     strstr(fixture->error.text, "it does not answer") != NULL;
    close(listening);
    unlink(address);
    rmdir(path);
    rmdir(user);
    assert_true(is_bound);
    assert_false(is_trusted);
    assert_true(is_silent);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_window_with_the_focus_is_seen),
        TEST(another_focus_wakes_it_up),
        TEST(an_older_extension_has_an_error_for_no_window),
        TEST(errors_are_told_without_what_they_quote),
        TEST(without_the_extension_or_gnome_it_says_so),
        TEST(a_locked_screen_has_no_window),
        TEST(what_is_no_window_is_not_taken_for_one),
        TEST(silence_and_an_end_are_losses),
        TEST(the_bus_is_found_in_the_folder_of_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
