/* SPDX-License-Identifier: MIT */
/* The connection to a Wayland compositor that goes away, hangs, or is none; by the windows that it
 * tells of. */
#include "window_place.h"

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
#include <wayland-client.h>

#include <cmocka.h>

enum { SOON_SEC = 10 }; /* for what lasts a second or two, on a machine that is busy */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Ends ---- */

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
    open_source(place);
    assert_focused(place, NULL);
}

/* ---- Hostile ones ---- */

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

static int words_of_the_library;

static void hear_library(const char *format, va_list arguments)
{
    (void)format;
    (void)arguments;
    words_of_the_library++;
}

/* It belongs to the whole process, and workers of others run while this one opens. */
static void the_library_is_quieted_when_the_source_is_created(void **state)
{
    static const uint32_t unknown_event[] = {1, 0x00080007};
    struct place *place = *state;
    compositor_babble(&place->compositor, unknown_event, sizeof(unknown_event), true);
    wl_log_set_handler_client(hear_library);
    assert_refused(place, "");
    int heard = words_of_the_library;
    window_wayland.destroy(place->source);
    place->source = window_wayland.create(&place->settings);
    assert_refused(place, "");
    assert_true(heard > 0);
    assert_int_equal(heard, words_of_the_library);
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
    assert_in_range(now_ms() - begun_ms, 450, SOON_SEC * 1000);
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
    compositor_run(&place->compositor,
                   (struct compositor_offer){.windows = 3, .title = "Doom", .owner = uid});
    for (int i = 0; i < SOCKETS; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/wayland-%d", folder, i);
        if (i == 1)
            assert_int_equal(0, link(place->compositor.path, paths[i]));
        else
            silent[i] = compositor_listen(paths[i], uid);
    }
    place->settings.wayland_display = NULL;
    open_source(place);
    assert_focused(place, "Doom");
    window_wayland.close(place->source);
    compositor_signal(&place->compositor, SIGSTOP);
    int64_t begun_ms = now_ms();
    assert_refused(place, ": the compositor does not answer");
    assert_in_range(now_ms() - begun_ms, 450, 1400); /* and not half a second for each */
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
    compositor_run(&place->compositor,
                   (struct compositor_offer){.windows = 3, .title = "Doom", .owner = 1000});
    compositor_make(&other);
    compositor_run(&other,
                   (struct compositor_offer){.windows = 3, .title = "Quake", .owner = 1001});
    link_socket(place, &place->compositor, 1000);
    link_socket(place, &other, 1001);
    place->settings.wayland_display = NULL;
    put_in_front(place, 1000);
    open_source(place);
    assert_focused(place, "Doom");
    put_in_front(place, 1001);
    window_wayland.close(place->source);
    open_source(place);
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

/* What is in the place of a socket when one connects is another's than the file was. */
static void one_of_another_than_its_socket_is_refused(void **state)
{
    static const char *const folders[] = {"user", "user/1000"};
    struct place *place = *state;
    if (geteuid() != 0)
        skip();
    for (int i = 0; i < 2; i++)
        set_folder(place, folders[i], true);
    compositor_run(&place->compositor,
                   (struct compositor_offer){.windows = 3, .title = "Doom", .owner = 1001});
    assert_int_equal(0, chown(place->compositor.path, 1000, (gid_t)-1));
    link_socket(place, &place->compositor, 1000);
    place->settings.wayland_display = NULL;
    assert_refused(place, ": Permission denied");
    unlink_in(place, "user/1000/wayland-1");
    for (int i = 1; i >= 0; i--)
        set_folder(place, folders[i], false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACED(a_compositor_that_is_killed_and_comes_back),
        PLACED(one_that_hangs_is_not_waited_for),
        PLACED(an_error_of_the_protocol),
        PLACED(nonsense),
        PLACED(the_library_is_quieted_when_the_source_is_created),
        PLACED(one_that_never_stops_talking),
        PLACED(what_is_no_compositor),
        PLACED(one_that_hangs_does_not_hide_the_other),
        PLACED(who_comes_to_the_screen_is_looked_at),
        PLACED(one_of_another_than_its_socket_is_refused),
    };
    unsetenv("WAYLAND_DISPLAY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
