/* SPDX-License-Identifier: MIT */
/* The source "wayland" of window_title, against a compositor that says what a test wants. */
#include "compositor.h"
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAXIMIZED, MINIMIZED, ACTIVATED, FULLSCREEN };
/* For what may last a second, on a machine that is busy. */
enum { PATIENCE_SEC = 30, SOON_SEC = 10 };

struct place {
    struct compositor compositor;
    struct desktop_settings settings;
    void *source;
    struct window seen;
    bool is_lost;
    clb_error error;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    compositor_make(&place->compositor);
    place->settings.wayland_display = place->compositor.path;
    place->settings.run_root = place->compositor.folder;
    place->source = window_wayland.create(&place->settings);
    assert_non_null(place->source);
    place->error.size = sizeof(place->error);
    *state = place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    window_wayland.destroy(place->source);
    compositor_drop(&place->compositor);
    free(place);
    return 0;
}

static void run_and_open(struct place *place)
{
    compositor_run(&place->compositor, (struct compositor_offer){.windows = 3});
    if (!window_wayland.open(place->source, 0, &place->error))
        fail_msg("%s", place->error.text);
}

static bool look(struct place *place)
{
    place->error.text[0] = '\0';
    memset(&place->seen, 0x55, sizeof(place->seen));
    return window_wayland.look(place->source, 0, &place->seen, &place->is_lost, &place->error);
}

static void say(struct place *place, const char *word, int number, const char *text)
{
    compositor_do(&place->compositor, word, number, text, strlen(text));
}

static void set_states(struct place *place, int number, const uint32_t *states, size_t count)
{
    compositor_do(&place->compositor, "states", number, states, count * sizeof(*states));
}

static void focus(struct place *place, int number, bool is_focused)
{
    static const uint32_t states[] = {MAXIMIZED, ACTIVATED};
    set_states(place, number, states, is_focused ? 2 : 1);
    say(place, "done", number, "");
}

static void add_window(struct place *place, int number, const char *title, bool is_focused)
{
    say(place, "windows", 1, "");
    say(place, "title", number, title);
    say(place, "app", number, "some.app");
    focus(place, number, is_focused);
}

static void assert_focused(struct place *place, const char *title)
{
    assert_true(look(place));
    assert_int_equal(title != NULL, place->seen.is_focused);
    assert_string_equal(title != NULL ? title : "", place->seen.title);
    assert_string_equal(title != NULL ? "some.app" : "", place->seen.app);
    assert_int_equal(0, place->seen.pid);
}

/* Lets the source take what came; whether it wants to be looked at. */
static bool dispatch(struct place *place)
{
    struct pollfd polled = {.fd = window_wayland.descriptor(place->source), .events = POLLIN};
    assert_int_equal(1, poll(&polled, 1, PATIENCE_SEC * 1000));
    return window_wayland.dispatch(place->source, 0);
}

static void assert_lost(struct place *place, const char *why)
{
    assert_false(look(place));
    assert_true(place->is_lost);
    assert_string_equal(why, place->error.text);
    window_wayland.close(place->source);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void assert_refused(struct place *place, const char *why)
{
    assert_false(window_wayland.open(place->source, 0, &place->error));
    assert_non_null(strstr(place->error.text, why));
}

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
        assert_true(window_wayland.open(place->source, 0, &place->error));
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
    assert_true(window_wayland.open(place->source, 0, &place->error));
    assert_focused(place, NULL);
}

static void an_error_of_the_protocol(void **state)
{
    struct place *place = *state;
    run_and_open(place);
    add_window(place, 0, "Doom", true);
    assert_focused(place, "Doom"); /* the library leaks a window that it hears of with the error */
    say(place, "error", 0, "");    /* with words of its own, which are written nowhere */
    int usual = dup(STDERR_FILENO);
    FILE *written = tmpfile();
    assert_non_null(written);
    dup2(fileno(written), STDERR_FILENO);
    assert_lost(place, "the compositor does not keep to the protocol");
    dup2(usual, STDERR_FILENO);
    close(usual);
    assert_int_equal(0, fseek(written, 0, SEEK_END));
    assert_int_equal(0, ftell(written));
    fclose(written);
}

static void nonsense(void **state)
{
    static const uint32_t too_large[] = {1, 0xFFFF0000, 0, 0};
    static const uint32_t too_small[] = {1, 0x00040000, 1, 0x00040000};
    static const uint32_t unknown_event[] = {1, 0x00080007};
    static const uint32_t unknown_object[] = {0xFF000007, 0x00080000};
    static const uint32_t bad_text[] = {2, 0x00140000, 1, 0xFFFFFFF0, 1};
    static const struct {
        const void *bytes;
        size_t length;
    } cases[] = {{too_large, sizeof(too_large)},         {too_small, sizeof(too_small)},
                 {unknown_event, sizeof(unknown_event)}, {unknown_object, sizeof(unknown_object)},
                 {bad_text, sizeof(bad_text)},           {"HTTP/1.1 400 Bad Request\r\n\r\n", 28}};
    struct place *place = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        compositor_babble(&place->compositor, cases[i].bytes, cases[i].length, true);
        assert_refused(place, ": the compositor does not ");
        compositor_end(&place->compositor);
    }
}

static void one_that_never_stops_talking(void **state)
{
    static const uint32_t delete_unknown[] = {1, 0x000C0001, 0x00FFFFF0};
    uint32_t words[300];
    struct place *place = *state;
    for (size_t i = 0; i < 300; i += 3)
        memcpy(words + i, delete_unknown, sizeof(delete_unknown));
    compositor_babble(&place->compositor, words, sizeof(words), true);
    int64_t begun_ms = now_ms();
    assert_refused(place, ": the compositor does not answer");
    assert_in_range(now_ms() - begun_ms, 1000, SOON_SEC * 1000);
}

static void what_is_no_compositor(void **state)
{
    struct place *place = *state;
    assert_refused(place, ": No such file or directory");
    place->settings.wayland_display = "/dev/null";
    assert_refused(place, "/dev/null: Connection refused");
    place->settings.wayland_display = NULL;
    assert_refused(place, "there is no display of Wayland");
}

/* ---- Several displays ---- */

/* A socket of a user, as whom root looks too, that nobody answers at. */
static int listen_silently(const char *path, uid_t uid)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(0, bind(listening, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(listening, 8));
    assert_int_equal(0, chown(path, uid, (gid_t)-1));
    return listening;
}

static void one_that_hangs_does_not_hide_the_other(void **state)
{
    enum { SOCKETS = 3 };
    struct place *place = *state;
    uid_t uid = geteuid() != 0 ? geteuid() : 1000;
    char users[80];
    char folder[100];
    char paths[SOCKETS][128];
    int silent[SOCKETS] = {-1, -1, -1};
    snprintf(users, sizeof(users), "%s/user", place->compositor.folder);
    snprintf(folder, sizeof(folder), "%s/%u", users, uid);
    assert_int_equal(0, mkdir(users, 0755));
    assert_int_equal(0, mkdir(folder, 0755));
    compositor_run(&place->compositor, (struct compositor_offer){.windows = 3, .title = "Doom"});
    assert_int_equal(0, chown(place->compositor.path, uid, (gid_t)-1));
    for (int i = 0; i < SOCKETS; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/wayland-%d", folder, i);
        if (i == 1)
            assert_int_equal(0, link(place->compositor.path, paths[i]));
        else
            silent[i] = listen_silently(paths[i], uid);
    }
    place->settings.wayland_display = NULL;
    if (!window_wayland.open(place->source, 0, &place->error))
        fail_msg("%s", place->error.text);
    assert_focused(place, "Doom");
    window_wayland.close(place->source);
    compositor_signal(&place->compositor, SIGSTOP);
    int64_t begun_ms = now_ms();
    assert_refused(place, ": the compositor does not answer");
    assert_in_range(now_ms() - begun_ms, 500, 2500); /* and not a second for each of three */
    for (int i = 0; i < SOCKETS; i++) {
        close(silent[i]);
        unlink(paths[i]);
    }
    rmdir(folder);
    rmdir(users);
}

static void put_in_front(struct place *place, int uid)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/systemd/seats/seat0", place->compositor.folder);
    FILE *seat = fopen(path, "w");
    assert_non_null(seat);
    fprintf(seat, "IS_SEAT0=1\nACTIVE_UID=%d\n", uid);
    fclose(seat);
}

/* A folder below the compositor's; or away with it. */
static void set_folder(const struct place *place, const char *name, bool is_there)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", place->compositor.folder, name);
    assert_int_equal(0, is_there ? mkdir(path, 0755) : rmdir(path));
}

static void link_socket(const struct place *place, const struct compositor *compositor, int uid)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/user/%d/wayland-1", place->compositor.folder, uid);
    assert_int_equal(0, chown(compositor->path, (uid_t)uid, (gid_t)-1));
    assert_int_equal(0, link(compositor->path, path));
}

static void unlink_in(const struct place *place, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", place->compositor.folder, name);
    assert_int_equal(0, unlink(path));
}

static void who_comes_to_the_screen_is_looked_at(void **state)
{
    static const char *const folders[] = {"user", "user/1000", "user/1001", "systemd",
                                          "systemd/seats"};
    struct place *place = *state;
    struct compositor other;
    if (geteuid() != 0)
        skip();
    for (int i = 0; i < 5; i++)
        set_folder(place, folders[i], true);
    compositor_run(&place->compositor, (struct compositor_offer){.windows = 3, .title = "Doom"});
    compositor_make(&other);
    compositor_run(&other, (struct compositor_offer){.windows = 3, .title = "Quake"});
    link_socket(place, &place->compositor, 1000);
    link_socket(place, &other, 1001);
    place->settings.wayland_display = NULL;
    put_in_front(place, 1000);
    assert_true(window_wayland.open(place->source, 0, &place->error));
    assert_focused(place, "Doom");
    put_in_front(place, 1001);
    assert_lost(place, "somebody else is in front of the screen now");
    assert_true(window_wayland.open(place->source, 0, &place->error));
    assert_focused(place, "Quake");
    assert_focused(place, "Quake");
    window_wayland.close(place->source);
    compositor_drop(&other);
    unlink_in(place, "user/1000/wayland-1");
    unlink_in(place, "user/1001/wayland-1");
    unlink_in(place, "systemd/seats/seat0");
    for (int i = 4; i >= 0; i--)
        set_folder(place, folders[i], false);
}

/* ---- Ends ---- */

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
    assert_true(window_wayland.open(place->source, 0, &place->error));
    add_window(place, 0, "Doom", true);
    assert_focused(place, "Doom");
}

static void a_compositor_that_is_killed_and_comes_back(void **state)
{
    struct place *place = *state;
    for (int i = 0; i < 3; i++) {
        run_and_open(place);
        add_window(place, 0, "Doom", true);
        assert_focused(place, "Doom");
        compositor_signal(&place->compositor, SIGKILL);
        assert_true(dispatch(place));
        assert_true(window_wayland.dispatch(place->source, 0));
        assert_lost(place, "the compositor ended the connection");
    }
}

static void one_that_hangs_is_not_waited_for(void **state)
{
    struct place *place = *state;
    time_t begun = time(NULL);
    run_and_open(place);
    add_window(place, 0, "Doom", true);
    compositor_signal(&place->compositor, SIGSTOP);
    assert_lost(place, "the compositor does not answer");
    assert_refused(place, ": the compositor does not answer");
    assert_true(time(NULL) - begun < SOON_SEC);
    compositor_signal(&place->compositor, SIGCONT);
    assert_true(window_wayland.open(place->source, 0, &place->error));
    assert_focused(place, NULL);
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)
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
        PLACED(an_error_of_the_protocol),
        PLACED(nonsense),
        PLACED(one_that_never_stops_talking),
        PLACED(what_is_no_compositor),
        PLACED(one_that_hangs_does_not_hide_the_other),
        PLACED(who_comes_to_the_screen_is_looked_at),
        PLACED(a_compositor_without_a_manager),
        PLACED(a_manager_that_ends),
        PLACED(an_old_manager),
        PLACED(a_compositor_that_is_killed_and_comes_back),
        PLACED(one_that_hangs_is_not_waited_for),
    };
    unsetenv("WAYLAND_DISPLAY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
