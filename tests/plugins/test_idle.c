/* SPDX-License-Identifier: MIT */
/* The detector "idle", as the agent loads it, with a stand-in for logind and game pads that are
 * terminals: bytes come out of them, and they can be unplugged. */
#include "bus_place.h"
#include "fake_host.h"
#include "gpu_tree.h"

#include <dirent.h>
#include <linux/input.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* The machine of the test may have been started some minutes ago: hints are younger than that. */
enum { THRESHOLD_MS = 60 * 1000 };
/* A bus that works may be late on a machine that is busy, and is asked again. */
enum { TRIES_MAX = 50 };
enum { POLL_MS = 5000, PAUSE_MS = 130 * 1000, PATIENCE_MS = 60 * 1000, SLOW_MS = 10 * 1000 };

static const char seat[] = "/org/freedesktop/login1/seat/seat0";
static const char session[] = "/org/freedesktop/login1/session/_32";

struct place {
    struct fake_host fake;
    struct bus_place bus;
    struct gpu_tree tree;
    int pad; /* our end of it; -1: none */
    int32_t state;
    int32_t confidence;
    double value;
    char subject[128];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    gpu_tree_make(&place->tree);
    bus_place_make(&place->bus);
    place->pad = -1;
    fake_host_open(&place->fake, "idle");
    fake_host_set_text(&place->fake, "run_root", place->bus.folder);
    fake_host_set_text(&place->fake, "sys_root", place->tree.sys);
    fake_host_set_text(&place->fake, "dev_root", place->tree.root);
    fake_host_setting(&place->fake, "threshold_sec")->integer = THRESHOLD_MS;
    fake_host_set_text(&place->fake, "x11_display", ":9999");
    fake_host_set_text(&place->fake, "wayland_display", "/nonexistent/wayland-0");
    assert_int_equal(CLB_ROLE_CONTEXT, place->fake.detector->role);
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    fake_host_close(&place->fake);
    bus_place_drop(&place->bus);
    gpu_tree_drop(&place->tree);
    if (place->pad >= 0)
        close(place->pad);
    free(place);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void CLB_CALL emit(const clb_poll *poll, const clb_observation *observation)
{
    struct place *place = poll->host_data;
    assert_int_equal(0, place->state);
    place->state = observation->state;
    place->confidence = observation->confidence;
    place->value = observation->value;
    assert_null(observation->activity);
    snprintf(place->subject, sizeof(place->subject), "%s", observation->subject);
}

/* The state that it tells; 0: it is unavailable. */
static int32_t poll_once(struct place *place)
{
    clb_poll call = {.size = sizeof(call),
                     .deadline_ms = atomic_load(&place->fake.monotonic_ms) + 5000,
                     .host_data = place,
                     .emit = emit};
    place->state = 0;
    place->fake.error.text[0] = '\0';
    int64_t begin_ms = now_ms();
    int32_t status = place->fake.detector->poll(place->fake.instance, &call, &place->fake.error);
    assert_true(now_ms() - begin_ms < SLOW_MS);
    assert_int_equal(status == CLB_OK, place->state != 0);
    assert_int_equal(status == CLB_OK, place->fake.error.text[0] == '\0');
    atomic_fetch_add(&place->fake.monotonic_ms, POLL_MS);
    return place->state;
}

static int32_t poll(struct place *place)
{
    int32_t told = poll_once(place);
    for (int i = 0; i < TRIES_MAX && strstr(place->fake.error.text, "does not answer"); i++) {
        atomic_fetch_add(&place->fake.monotonic_ms, PAUSE_MS);
        told = poll_once(place);
    }
    return told;
}

static int32_t poll_after_pause(struct place *place)
{
    atomic_fetch_add(&place->fake.monotonic_ms, PAUSE_MS);
    return poll(place);
}

/* Of two sources that answer, the better one may be late. */
static int32_t poll_until(struct place *place, int32_t state)
{
    int32_t told = poll(place);
    for (int i = 0; i < TRIES_MAX && told != state; i++)
        told = poll_after_pause(place);
    return told;
}

static void assert_why(const struct place *place, const char *why)
{
    if (strstr(place->fake.error.text, why) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", why, place->fake.error.text);
}

/* Somebody is logged in, and the agent is theirs, or root's. */
static void log_in(struct place *place)
{
    bus_place_start_service(&place->bus, "org.freedesktop.login1");
    bus_place_tell(&place->bus, "property %s ActiveSession (so) 2 %s", seat, session);
    bus_place_tell(&place->bus, "property /org/freedesktop/login1/user/_%u Display (so) 2 %s",
                   geteuid() != 0 ? geteuid() : bus_place_person(), session);
    bus_place_tell(&place->bus, "property %s Class s user", session);
    bus_place_tell(&place->bus, "property %s LockedHint b false", session);
}

/* The desktop tells logind. A negative number of seconds: it never did. */
static void hint(struct place *place, bool is_idle, int seconds)
{
    long long since = seconds >= 0 ? ((long long)now_ms() - seconds * 1000LL) * 1000 : 0;
    bus_place_tell(&place->bus, "property %s IdleHint b %s", session, is_idle ? "true" : "false");
    bus_place_tell(&place->bus, "property %s IdleSinceHintMonotonic t %lld", session, since);
}

static void link_pad(const struct place *place, const char *to)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/input/event5", place->tree.root);
    unlink(path);
    assert_int_equal(0, symlink(to, path));
}

static void plug_in(struct place *place)
{
    char name[64];
    int theirs;
    struct termios raw;
    memset(&raw, 0, sizeof(raw));
    cfmakeraw(&raw);
    assert_int_equal(0, openpty(&place->pad, &theirs, name, &raw, NULL));
    gpu_tree_folder(&place->tree, "input");
    link_pad(place, name);
    gpu_tree_put(&place->tree, "sys/class/input/event5/device/capabilities/key",
                 "7fdb000000000000 0 0 0 0\n");
    gpu_tree_put(&place->tree, "sys/class/input/event5/device/capabilities/abs", "3003f\n");
    gpu_tree_put(&place->tree, "sys/class/input/event0/device/capabilities/key", "1 0\n");
    gpu_tree_put(&place->tree, "sys/class/input/event0/device/capabilities/abs", "0\n");
    close(theirs);
}

static void send_event(const struct place *place, uint16_t type, uint16_t code, int32_t value)
{
    struct input_event event = {.type = type, .code = code, .value = value};
    assert_int_equal(sizeof(event), write(place->pad, &event, sizeof(event)));
}

static void without_anything_it_is_unavailable_and_says_why(void **state)
{
    struct place *place = *state;
    fake_host_start(&place->fake);
    assert_int_equal(0, poll(place));
    assert_why(place, "x11: ");
    assert_why(place, "; wayland: ");
    assert_why(place, "; logind: org.freedesktop.login1 is not on the bus");
    assert_why(place, "; gamepads: there is none");
}

static void the_hint_of_the_desktop_is_compared_with_the_threshold(void **state)
{
    struct place *place = *state;
    log_in(place);
    fake_host_start(&place->fake);
    hint(place, true, 90);
    assert_int_equal(CLB_ACTIVE, poll(place));
    assert_true(place->value >= 90 && place->value < 150);
    assert_non_null(strstr(place->subject, "no input for "));
    assert_non_null(strstr(place->subject, " s (logind)"));
    assert_int_equal(60, place->confidence);
    hint(place, true, 2);
    assert_int_equal(CLB_INACTIVE, poll(place));
    hint(place, false, 90);
    assert_int_equal(CLB_INACTIVE, poll(place));
    assert_string_equal("input 0 s ago (logind)", place->subject);
    hint(place, true, -1); /* no time: it was never given */
    assert_int_equal(0, poll(place));
    assert_why(place, "logind: the desktop has not told it");
}

static void a_locked_screen_is_idle_whatever_is_touched(void **state)
{
    struct place *place = *state;
    log_in(place);
    fake_host_start(&place->fake);
    hint(place, false, -1);
    bus_place_tell(&place->bus, "property %s LockedHint b true", session);
    assert_int_equal(CLB_ACTIVE, poll(place));
    assert_string_equal("the screen is locked (logind)", place->subject);
    assert_int_equal(90, place->confidence);
    assert_true(place->value == 0);
    hint(place, false, 10);
    assert_int_equal(CLB_ACTIVE, poll(place));
    bus_place_tell(&place->bus, "property %s LockedHint b false", session);
    assert_int_equal(CLB_INACTIVE, poll(place));
}

static void a_session_behind_another_is_like_a_locked_one(void **state)
{
    struct place *place = *state;
    log_in(place);
    hint(place, false, 10);
    fake_host_start(&place->fake);
    bus_place_tell(&place->bus, "property %s Active b true", session);
    assert_int_equal(CLB_INACTIVE, poll(place));
    bus_place_tell(&place->bus, "property %s Active b false", session);
    assert_int_equal(CLB_ACTIVE, poll(place));
    assert_string_equal("the screen is locked (logind)", place->subject);
}

static void a_lock_wakes_it_up(void **state)
{
    struct place *place = *state;
    log_in(place);
    hint(place, false, 10);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_INACTIVE, poll(place));
    bus_place_tell(&place->bus, "property %s LockedHint b true", session);
    bus_place_tell(&place->bus,
                   "signal %s org.freedesktop.DBus.Properties PropertiesChanged LockedHint",
                   session);
    assert_int_equal(CLB_EVENT, place->fake.detector->wait(place->fake.instance, PATIENCE_MS));
    assert_int_equal(CLB_ACTIVE, poll(place));
    fake_host_ring(&place->fake);
    assert_int_equal(CLB_OK, place->fake.detector->wait(place->fake.instance, PATIENCE_MS));
}

static void who_is_not_there_has_no_input(void **state)
{
    struct place *place = *state;
    log_in(place);
    hint(place, true, 100);
    fake_host_start(&place->fake);
    bus_place_tell(&place->bus, "property %s Class s greeter", session);
    assert_int_equal(0, poll(place));
    assert_why(place, "logind: nobody is logged in");
    bus_place_tell(&place->bus, "property %s Class s user", session);
    assert_int_equal(CLB_ACTIVE, poll(place));
    bus_place_tell(&place->bus, "property %s ActiveSession (so) - /", seat);
    bus_place_tell(&place->bus, "property /org/freedesktop/login1/user/_%u Display (so) - /",
                   geteuid());
    assert_int_equal(0, poll(place));
    assert_why(place, "logind: there is no graphical session");
}

/* What the agent of another user is told. */
static int32_t poll_as(struct place *place, uid_t uid)
{
    assert_int_equal(0, seteuid(uid));
    fake_host_start(&place->fake);
    int32_t told = poll(place);
    assert_int_equal(0, seteuid(0));
    return told;
}

static void the_agent_of_a_user_asks_for_their_session(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0 || bus_place_person() == 0)
        skip(); /* then all others do this */
    log_in(place);
    hint(place, true, 100);
    bus_place_tell(&place->bus, "forget %s ActiveSession", seat);
    assert_int_equal(CLB_ACTIVE, poll_as(place, bus_place_person()));
}

static void the_agent_of_a_service_asks_who_is_in_front(void **state)
{
    struct place *place = *state;
    if (geteuid() != 0)
        skip(); /* nobody else can become one */
    log_in(place);
    hint(place, true, 100);
    bus_place_tell(&place->bus, "forget /org/freedesktop/login1/user/_%u Display",
                   bus_place_person());
    assert_int_equal(CLB_ACTIVE, poll_as(place, bus_place_somebody()));
}

static void answers_of_wrong_types_are_no_answers(void **state)
{
    struct place *place = *state;
    log_in(place);
    fake_host_start(&place->fake);
    bus_place_tell(&place->bus, "property %s IdleHint s true", session);
    bus_place_tell(&place->bus, "property %s IdleSinceHintMonotonic b true", session);
    bus_place_tell(&place->bus, "property %s LockedHint t 1", session);
    bus_place_tell(&place->bus, "property %s Class t 1", session);
    assert_int_equal(0, poll(place));
    hint(place, true, 100);
    bus_place_tell(&place->bus, "property %s IdleSinceHintMonotonic t 18446744073709551615",
                   session);
    assert_int_equal(CLB_INACTIVE, poll(place)); /* in a time to come */
    bus_place_tell(&place->bus, "property %s ActiveSession s /", seat);
    bus_place_tell(&place->bus, "property /org/freedesktop/login1/user/_%u Display s /", geteuid());
    assert_int_equal(0, poll(place));
}

static void a_silent_logind_is_asked_again_later(void **state)
{
    struct place *place = *state;
    log_in(place);
    hint(place, true, 100);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_ACTIVE, poll(place));
    kill(place->bus.service, SIGSTOP);
    assert_int_equal(0, poll_once(place));
    assert_why(place, "logind: org.freedesktop.login1 does not answer");
    atomic_fetch_add(&place->fake.monotonic_ms, -POLL_MS); /* it is not asked all the time */
    kill(place->bus.service, SIGCONT);
    assert_int_equal(0, poll_once(place));
    assert_int_equal(CLB_ACTIVE, poll_after_pause(place));
}

static void a_bus_that_ends_is_noticed_and_found_again(void **state)
{
    struct place *place = *state;
    log_in(place);
    hint(place, true, 100);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_ACTIVE, poll(place));
    bus_place_kill_daemon(&place->bus);
    assert_int_equal(CLB_EVENT, place->fake.detector->wait(place->fake.instance, PATIENCE_MS));
    assert_int_equal(0, poll(place));
    fake_host_ring(&place->fake); /* nothing else is left to wake it up */
    assert_int_equal(CLB_OK, place->fake.detector->wait(place->fake.instance, PATIENCE_MS));
    assert_int_equal(0, poll_after_pause(place));
    assert_why(place, "logind: the bus unix:path=");
    bus_place_kill_service(&place->bus);
    bus_place_start_daemon(&place->bus);
    log_in(place);
    hint(place, true, 100);
    assert_int_equal(CLB_ACTIVE, poll_after_pause(place));
}

static void the_compositor_of_gnome_knows_exactly(void **state)
{
    static const char path[] = "/org/gnome/Mutter/IdleMonitor/Core";
    struct place *place = *state;
    struct bus_place shell = place->bus; /* a second service on the same bus */
    fake_host_set_text(&place->fake, "session_bus", place->bus.address);
    log_in(place);
    hint(place, true, 100);
    bus_place_start_service(&shell, "org.gnome.Mutter.IdleMonitor");
    bus_place_tell(&shell, "answer %s GetIdletime t 2500", path);
    fake_host_start(&place->fake);
    int32_t recent = poll_until(place, CLB_INACTIVE);
    char subject[128];
    memcpy(subject, place->subject, sizeof(subject));
    hint(place, false, 100);
    bus_place_tell(&shell, "answer %s GetIdletime t 18446744073709551615", path);
    int32_t endless = poll_until(place, CLB_ACTIVE);
    hint(place, true, 100);
    bus_place_tell(&shell, "answer %s GetIdletime s 5", path);
    int32_t wrong = poll(place);
    kill(shell.service, SIGSTOP);
    int32_t silent = poll(place);
    kill(shell.service, SIGCONT);
    bus_place_tell(&shell, "answer %s GetIdletime t 2500", path);
    atomic_fetch_add(&place->fake.monotonic_ms, -POLL_MS);
    int32_t paused = poll(place);
    int32_t again = poll_until(place, CLB_INACTIVE);
    bus_place_kill_service(&shell);
    assert_int_equal(CLB_INACTIVE, recent);
    assert_string_equal("input 2 s ago (gnome)", subject);
    assert_int_equal(CLB_ACTIVE, endless);
    assert_int_equal(CLB_ACTIVE, wrong); /* then the hint of logind counts */
    assert_int_equal(CLB_ACTIVE, silent);
    assert_int_equal(CLB_ACTIVE, paused);
    assert_int_equal(CLB_INACTIVE, again);
}

static void a_game_pad_is_input(void **state)
{
    struct place *place = *state;
    log_in(place);
    hint(place, true, 100);
    plug_in(place);
    fake_host_start(&place->fake);
    assert_int_equal(CLB_ACTIVE, poll(place));
    send_event(place, EV_KEY, BTN_SOUTH, 1);
    send_event(place, EV_SYN, SYN_REPORT, 0);
    assert_int_equal(CLB_INACTIVE, poll(place));
    assert_string_equal("input 0 s ago (gamepads)", place->subject);
    for (int i = 0; i < 100; i++)
        send_event(place, EV_KEY, BTN_SOUTH, 2); /* it lies on a cushion */
    assert_int_equal(CLB_INACTIVE, poll(place));
    assert_string_equal("input 5 s ago (gamepads)", place->subject);
    atomic_fetch_add(&place->fake.monotonic_ms, 60 * 1000);
    assert_int_equal(CLB_ACTIVE, poll(place));
    assert_string_equal("no input for 70 s (gamepads)", place->subject);
}

static int open_files(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void what_was_stopped_keeps_nothing_open(void **state)
{
    struct place *place = *state;
    log_in(place);
    hint(place, true, 100);
    plug_in(place);
    fake_host_set_text(&place->fake, "session_bus", place->bus.address);
    int before = open_files();
    fake_host_start(&place->fake);
    assert_int_equal(CLB_ACTIVE, poll(place));
    assert_true(open_files() > before);
    place->fake.detector->stop(place->fake.instance);
    assert_int_equal(before, open_files());
    assert_int_equal(CLB_OK, place->fake.detector->start(place->fake.instance, &place->fake.error));
    assert_int_equal(CLB_ACTIVE, poll(place));
    fake_host_stop(&place->fake);
    assert_int_equal(before, open_files());
}

static void a_game_pad_alone_shows_nothing(void **state)
{
    struct place *place = *state;
    plug_in(place);
    fake_host_start(&place->fake);
    send_event(place, EV_KEY, BTN_SOUTH, 1);
    assert_int_equal(0, poll(place));
    assert_null(strstr(place->fake.error.text, "gamepads"));
    assert_why(place, "logind: ");
}

static void game_pads_come_and_go(void **state)
{
    static const char *const only[] = {"gamepads"};
    struct place *place = *state;
    fake_host_set_list(&place->fake, "sources", only, 1);
    fake_host_start(&place->fake);
    assert_int_equal(0, poll(place));
    assert_string_equal("gamepads: there is none", place->fake.error.text);
    plug_in(place);
    atomic_fetch_add(&place->fake.monotonic_ms, 10000);
    poll(place);
    assert_string_equal("game pads alone do not tell that nobody is there", place->fake.error.text);
    close(place->pad);
    place->pad = -1;
    poll(place);
    assert_string_equal("gamepads: there is none", place->fake.error.text);
    link_pad(place, "/nonexistent"); /* somebody else may have the terminal now */
    atomic_fetch_add(&place->fake.monotonic_ms, 10000);
    poll(place);
    assert_why(place, "gamepads: a game pad cannot be read: ");
    plug_in(place);
    atomic_fetch_add(&place->fake.monotonic_ms, 10000);
    poll(place);
    assert_why(place, "game pads alone");
}

static void settings_that_cannot_be_meant_are_refused(void **state)
{
    static const char *const unknown[] = {"logind", "magic"};
    struct place *place = *state;
    fake_host_set_list(&place->fake, "sources", unknown, 2);
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_string_equal("sources: there is no \"magic\"; there are x11, wayland, gnome, "
                        "logind, gamepads, and all",
                        place->fake.error.text);
    fake_host_set_list(&place->fake, "sources", unknown, 1);
    fake_host_set_text(&place->fake, "run_root", "");
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_why(place, "run_root");
    fake_host_set_text(&place->fake, "run_root", "/run");
    place->fake.lacks = CLB_CLOCK;
    assert_int_equal(CLB_FAILED, fake_host_create(&place->fake));
    assert_why(place, CLB_CLOCK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        TEST(without_anything_it_is_unavailable_and_says_why),
        TEST(the_hint_of_the_desktop_is_compared_with_the_threshold),
        TEST(a_locked_screen_is_idle_whatever_is_touched),
        TEST(a_session_behind_another_is_like_a_locked_one),
        TEST(a_lock_wakes_it_up),
        TEST(who_is_not_there_has_no_input),
        TEST(the_agent_of_a_user_asks_for_their_session),
        TEST(the_agent_of_a_service_asks_who_is_in_front),
        TEST(answers_of_wrong_types_are_no_answers),
        TEST(a_silent_logind_is_asked_again_later),
        TEST(a_bus_that_ends_is_noticed_and_found_again),
        TEST(the_compositor_of_gnome_knows_exactly),
        TEST(a_game_pad_is_input),
        TEST(what_was_stopped_keeps_nothing_open),
        TEST(a_game_pad_alone_shows_nothing),
        TEST(game_pads_come_and_go),
        TEST(settings_that_cannot_be_meant_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
