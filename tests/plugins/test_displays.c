/* SPDX-License-Identifier: MIT */
/* Where displays are found: in folders of sockets that belong to several users. */
#include "desktop/displays.h"
#include "desktop/people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 200 };

struct place {
    char root[64];
    char run[80];
    char x11[80];
    struct desktop_settings settings;
    struct desktop_display displays[DISPLAYS_MAX];
    int count;
};

static void make_folder(const char *path)
{
    assert_int_equal(0, mkdir(path, 0755));
}

static int make_place(void **state)
{
    static struct place place;
    place = (struct place){.root = "/tmp/clockblock-displays-XXXXXX"};
    assert_non_null(mkdtemp(place.root));
    snprintf(place.run, sizeof(place.run), "%s/run", place.root);
    snprintf(place.x11, sizeof(place.x11), "%s/x11", place.root);
    make_folder(place.run);
    make_folder(place.x11);
    place.settings.run_root = place.run;
    place.settings.x11_root = place.x11;
    unsetenv("DISPLAY");
    unsetenv("XAUTHORITY");
    unsetenv("WAYLAND_DISPLAY");
    unsetenv("XDG_RUNTIME_DIR");
    *state = &place;
    return 0;
}

static int drop_place(void **state)
{
    struct place *place = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", place->root);
    return system(command);
}

static void make_folders(const struct place *place, const char *path)
{
    char whole[PATH_BYTES];
    char command[PATH_BYTES + 16];
    snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
    snprintf(command, sizeof(command), "mkdir -p '%s'", whole);
    assert_int_equal(0, system(command));
}

static void make_socket(const struct place *place, const char *path, unsigned owner)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", place->root, path);
    assert_in_range(length, 1, sizeof(address.sun_path) - 1);
    int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(0, bind(socket_fd, (struct sockaddr *)&address, sizeof(address)));
    close(socket_fd);
    if (geteuid() == 0)
        assert_int_equal(0, lchown(address.sun_path, owner, owner));
}

static void make_file(const struct place *place, const char *path, const char *text)
{
    char whole[PATH_BYTES];
    snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void find_x11(struct place *place)
{
    memset(place->displays, 0, sizeof(place->displays));
    place->count = displays_x11(&place->settings, place->displays);
}

static void find_wayland(struct place *place)
{
    memset(place->displays, 0, sizeof(place->displays));
    place->count = displays_wayland(&place->settings, place->displays);
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("skipped: only root makes sockets of others\n");
        skip();
    }
}

static void the_configuration_is_before_the_environment(void **state)
{
    struct place *place = *state;
    find_x11(place);
    assert_int_equal(0, place->count);
    setenv("DISPLAY", ":7", 1);
    setenv("XAUTHORITY", "/somewhere/keys", 1);
    find_x11(place);
    assert_int_equal(1, place->count);
    assert_string_equal(":7", place->displays[0].name);
    assert_string_equal("/somewhere/keys", place->displays[0].authority);
    assert_int_equal(-1, place->displays[0].server_uid);
    assert_int_equal(geteuid(), place->displays[0].uid);
    assert_false(place->displays[0].needs_key);
    place->settings.x11_display = ":8";
    find_x11(place);
    assert_string_equal(":8", place->displays[0].name);
}

static void root_finds_servers_of_people_and_those_that_root_runs(void **state)
{
    struct place *place = *state;
    need_root();
    make_folders(place, "run/user/1001");
    make_folders(place, "run/user/1000");
    make_folders(place, "run/user/115"); /* a display manager */
    make_folders(place, "run/user/1000x");
    make_socket(place, "x11/X0", 0);
    make_socket(place, "x11/X11", 1000);
    make_socket(place, "x11/X2", 1000);
    make_socket(place, "x11/X3", 115);
    make_socket(place, "x11/X4", 1002); /* who is not logged in */
    make_socket(place, "x11/X5.lock", 1000);
    make_socket(place, "x11/Y6", 1000);
    make_file(place, "x11/X7", "");
    find_x11(place);
    assert_int_equal(4, place->count);
    static const char *const names[] = {":0", ":2", ":11"};
    int at = 0;
    for (int i = 0; i < 4; i++) { /* the folder has people in any order */
        struct desktop_display *display = &place->displays[i];
        assert_true(display->needs_key == (strcmp(display->name, ":0") == 0) &&
                    display->authority[0] == '\0');
        if (display->uid == 1000)
            assert_string_equal(names[at++], display->name);
    }
    assert_int_equal(3, at);

    place->settings.x11_display = ":11.0"; /* a service that is told of it */
    find_x11(place);
    assert_int_equal(2, place->count);
    assert_string_equal(":11.0", place->displays[0].name);
    assert_int_equal(0, place->displays[0].uid);
    assert_string_equal(":11", place->displays[1].name);
    assert_int_equal(1000, place->displays[1].uid);
}

static void seat(struct place *place, const char *name, int uid)
{
    char path[64];
    char text[128] = "# private\nIS_SEAT0=1\n"; /* as it is while nobody is in front of it */
    snprintf(path, sizeof(path), "run/systemd/seats/%s", name);
    if (uid >= 0)
        snprintf(text, sizeof(text), "# private\nIS_SEAT0=1\nACTIVE=c%d\nACTIVE_UID=%d\n", uid,
                 uid);
    make_file(place, path, text);
    find_x11(place);
}

static void who_is_in_front_of_a_screen_counts(void **state)
{
    struct place *place = *state;
    need_root();
    make_folders(place, "run/systemd/seats");
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof(path), "run/user/100%d", i);
        make_folders(place, path);
        snprintf(path, sizeof(path), "x11/X%d", i);
        make_socket(place, path, (unsigned)(1000 + i));
    }
    seat(place, "seat0", -1);
    assert_int_equal(3, place->count); /* a machine without screens, with sessions from afar */
    seat(place, "seat0", 1001);
    assert_int_equal(1, place->count);
    assert_int_equal(1001, place->displays[0].uid);
    seat(place, "seat1", 1000);
    assert_int_equal(2, place->count);
    assert_int_equal(1001, place->displays[0].uid);
    assert_int_equal(1000, place->displays[1].uid);
    seat(place, "seat1", 1001);
    assert_int_equal(1, place->count);
    seat(place, "seat1", -1);
    seat(place, "seat0", 115); /* the greeter: who is logged in is not in front */
    assert_int_equal(0, place->count);
    seat(place, "seat0", 1002);
    assert_int_equal(1, place->count);
}

/* Alice's games go on while her desktop is not in front. */
static void a_desktop_behind_another_is_not_looked_at(void **state)
{
    struct place *place = *state;
    need_root();
    make_folders(place, "run/systemd/seats");
    make_folders(place, "run/systemd/sessions");
    make_folders(place, "run/systemd/users");
    make_folders(place, "run/user/1000");
    make_socket(place, "x11/X0", 1000);
    static const struct {
        const char *seat, *session;
        bool is_seen;
    } cases[] = {
        {"ACTIVE=2\nACTIVE_UID=1000\nSESSIONS=2\nUIDS=1000\n", "TYPE=x11\nCLASS=user\n", true},
        {"ACTIVE=2\nACTIVE_UID=1000\nSESSIONS=2\nUIDS=1000\n", "CLASS=user-early\n", true},
        {"ACTIVE=2\nACTIVE_UID=1000\nSESSIONS=2\nUIDS=1000\n", "CLASS=greeter\n", false},
        {"ACTIVE=2\nACTIVE_UID=1000\nSESSIONS=2\nUIDS=1000\n", "CLASS=lock-screen\n", false},
        /* a console that asks for a name: nobody is in front */
        {"SESSIONS=7\nUIDS=1000\n", "", false},
        /* her console, before the desktop 7 */
        {"ACTIVE=2\nACTIVE_UID=1000\nSESSIONS=7 2\nUIDS=1000 1000\n", "TYPE=tty\nCLASS=user\n",
         false},
        {"ACTIVE=../2\nACTIVE_UID=1000\n", "TYPE=tty\nCLASS=greeter\n", true},
    };
    make_file(place, "run/systemd/users/1000", "NAME=alice\nDISPLAY=7\n");
    make_file(place, "run/systemd/sessions/7", "UID=1000\nTYPE=x11\nSEAT=seat0\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_file(place, "run/systemd/seats/seat0", cases[i].seat);
        make_file(place, "run/systemd/sessions/2", cases[i].session);
        find_x11(place);
        assert_int_equal(cases[i].is_seen, place->count);
    }
    /* startx on a console, and a desktop from afar */
    make_file(place, "run/systemd/seats/seat0", cases[5].seat);
    make_file(place, "run/systemd/sessions/2", cases[5].session);
    make_file(place, "run/systemd/sessions/7", "UID=1000\nTYPE=x11\nREMOTE=1\n");
    find_x11(place);
    assert_int_equal(1, place->count);
}

static void find_as(struct place *place, uid_t uid)
{
    assert_int_equal(0, seteuid(uid));
    find_x11(place);
    int count = place->count;
    find_wayland(place);
    assert_int_equal(0, seteuid(0));
    assert_int_equal(count, place->count);
}

static void an_agent_of_a_user_looks_while_that_one_is_in_front(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *seat;
        bool is_seen;
    } cases[] = {
        {"IS_SEAT0=1\n", true}, /* he came from afar, and so do all */
        {"ACTIVE=1\nACTIVE_UID=1000\nSESSIONS=1 2\nUIDS=1000 1001\n", true},
        {"ACTIVE=2\nACTIVE_UID=1001\nSESSIONS=1 2\nUIDS=1000 1001\n", false},
        {"ACTIVE=2\nACTIVE_UID=1001\nSESSIONS=2 1\nUIDS=1001 1000\n", false},
        {"SESSIONS=1 2\nUIDS=1000 1001\n", false},
        {"ACTIVE=2\nACTIVE_UID=1001\nSESSIONS=2\nUIDS=1001\n", true}, /* he came from afar */
        {"ACTIVE=2\nACTIVE_UID=1001\nSESSIONS=2\nUIDS=10001\n", true},
        {"ACTIVE=2\nACTIVE_UID=1001\nUIDS=x 1000\n", true},
    };
    need_root();
    assert_int_equal(0, chmod(place->root, 0755));
    make_folders(place, "run/systemd/seats");
    make_folders(place, "run/user/1000");
    make_socket(place, "x11/X0", 1000);
    make_socket(place, "run/user/1000/wayland-0", 1000);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_file(place, "run/systemd/seats/seat0", cases[i].seat);
        find_as(place, 1000);
        assert_int_equal(cases[i].is_seen, place->count);
        setenv("DISPLAY", ":0", 1);
        setenv("WAYLAND_DISPLAY", "/a/path", 1);
        find_as(place, 1000);
        assert_int_equal(cases[i].is_seen, place->count);
        unsetenv("DISPLAY");
        unsetenv("WAYLAND_DISPLAY");
    }
}

static void there_may_be_more_than_fit(void **state)
{
    struct place *place = *state;
    char name[16];
    need_root();
    make_folders(place, "run/user/1000");
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof(name), "x11/X%d", i);
        make_socket(place, name, 1000);
        snprintf(name, sizeof(name), "wayland-%d", i);
        char path[64];
        snprintf(path, sizeof(path), "run/user/1000/%s", name);
        make_socket(place, path, 1000);
    }
    find_x11(place);
    assert_int_equal(DISPLAYS_MAX, place->count);
    find_wayland(place);
    assert_int_equal(DISPLAYS_MAX, place->count);
}

/* Alice's programs without a screen, and Bob, who came from afar, take sockets. */
static void the_server_of_the_login_is_before_others(void **state)
{
    struct place *place = *state;
    char name[64];
    need_root();
    make_folders(place, "run/systemd/seats");
    make_folders(place, "run/systemd/sessions");
    make_folders(place, "run/user/1000");
    make_folders(place, "run/user/1001");
    for (int i = 2; i < 99; i++) {
        snprintf(name, sizeof(name), "x11/X%d", i);
        make_socket(place, name, i < 90 ? 1001 : 1000);
    }
    make_socket(place, "x11/X1", 0);
    find_x11(place); /* one does not know who is in front */
    assert_int_equal(DISPLAYS_MAX, place->count);
    int of_alice = 0;
    for (int i = 0; i < DISPLAYS_MAX; i++)
        of_alice += place->displays[i].uid == 1000;
    assert_int_equal(DISPLAYS_MAX / 2, of_alice);

    make_file(place, "run/systemd/seats/seat0", "ACTIVE=c2\nACTIVE_UID=1000\n");
    find_x11(place);
    assert_int_equal(DISPLAYS_MAX, place->count);
    assert_string_equal(":1", place->displays[0].name);
    assert_true(place->displays[0].needs_key && place->displays[0].server_uid == 0);
    assert_string_equal(":90", place->displays[1].name);
    assert_true(!place->displays[1].needs_key && place->displays[1].server_uid == 1000);

    make_file(place, "run/systemd/sessions/c2", "UID=1000\nDISPLAY=:92\nTYPE=x11\n");
    find_x11(place); /* logind was told which it is */
    assert_int_equal(1, place->count);
    assert_string_equal(":92", place->displays[0].name);
    make_file(place, "run/systemd/sessions/c2", "UID=1000\nDISPLAY=:\nTYPE=x11\n");
    find_x11(place);
    assert_int_equal(DISPLAYS_MAX, place->count);
}

static void names_of_x_servers(void **state)
{
    static const struct {
        const char *name;
        int number; /* -1: it is none */
    } names[] = {{":0", 0},          {":12", 12},   {":1.0", 1}, {"unix:3", 3},
                 {"unix/:4", -1},    {"", -1},      {":", -1},   {":x", -1},
                 {":1x", -1},        {"box:0", -1}, {":-1", -1}, {"localhost:10.0", -1},
                 {":9999999999", -1}};
    struct place *place = *state;
    char path[DISPLAYS_NAME];
    char wanted[DISPLAYS_NAME];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int number = -1;
        bool is_name = displays_x11_socket(&place->settings, names[i].name, path, &number);
        assert_int_equal(names[i].number >= 0, is_name);
        if (!is_name)
            continue;
        assert_int_equal(names[i].number, number);
        snprintf(wanted, sizeof(wanted), "%s/X%d", place->x11, number);
        assert_string_equal(wanted, path);
    }
}

static void wayland_sockets_are_in_the_folder_of_the_session_or_of_people(void **state)
{
    struct place *place = *state;
    char wanted[2 * PATH_BYTES];
    char folder[PATH_BYTES / 2];
    unsigned uid = geteuid() == 0 ? 1000 : (unsigned)geteuid();
    snprintf(folder, sizeof(folder), "run/user/%u", uid);
    make_folders(place, folder);
    snprintf(wanted, sizeof(wanted), "%s/wayland-1", folder);
    make_socket(place, wanted, uid);
    snprintf(wanted, sizeof(wanted), "%s/other", folder);
    make_socket(place, wanted, uid);
    snprintf(wanted, sizeof(wanted), "%s/wayland-1.lock", folder);
    make_file(place, wanted, "");
    find_wayland(place);
    assert_int_equal(1, place->count);
    snprintf(wanted, sizeof(wanted), "%s/%s/wayland-1", place->root, folder);
    assert_string_equal(wanted, place->displays[0].name);
    assert_int_equal(uid, place->displays[0].uid);

    static const int numbers[] = {5, 2, 0, 4, 3};
    for (int i = 0; i < 5; i++) {
        snprintf(wanted, sizeof(wanted), "%s/wayland-%d", folder, numbers[i]);
        make_socket(place, wanted, uid);
    }
    find_wayland(place);
    assert_int_equal(6, place->count);
    for (int i = 0; i < 6; i++) {
        snprintf(wanted, sizeof(wanted), "%s/%s/wayland-%d", place->root, folder, i);
        assert_string_equal(wanted, place->displays[i].name);
    }

    place->settings.wayland_display = "other"; /* of whom is not said: of people */
    find_wayland(place);
    assert_int_equal(1, place->count);
    assert_non_null(strstr(place->displays[0].name, "/other"));

    setenv("XDG_RUNTIME_DIR", "/run/me", 1);
    find_wayland(place);
    assert_string_equal("/run/me/other", place->displays[0].name);
    place->settings.wayland_display = NULL;
    setenv("WAYLAND_DISPLAY", "/a/path", 1);
    find_wayland(place);
    assert_int_equal(1, place->count);
    assert_string_equal("/a/path", place->displays[0].name);
}

/* Somebody puts another's socket, or a link to it, into his own folder. */
static void a_socket_of_another_is_not_taken(void **state)
{
    struct place *place = *state;
    char target[PATH_BYTES];
    char link[PATH_BYTES];
    need_root();
    make_folders(place, "run/user/1000");
    make_socket(place, "run/user/1000/wayland-0", 1001);
    make_socket(place, "mine", 1000);
    snprintf(target, sizeof(target), "%s/mine", place->root);
    snprintf(link, sizeof(link), "%s/run/user/1000/wayland-1", place->root);
    assert_int_equal(0, symlink(target, link));
    find_wayland(place);
    assert_int_equal(0, place->count);
}

static void homes(void **state)
{
    char path[PATH_BYTES];
    (void)state;
    setenv("HOME", "/home/me", 1);
    assert_true(people_home((int64_t)geteuid(), path, sizeof(path)));
    assert_string_equal("/home/me", path);
    assert_false(people_home((int64_t)geteuid(), path, 4));
    assert_false(people_home(987654321, path, sizeof(path)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        TEST(the_configuration_is_before_the_environment),
        TEST(root_finds_servers_of_people_and_those_that_root_runs),
        TEST(who_is_in_front_of_a_screen_counts),
        TEST(a_desktop_behind_another_is_not_looked_at),
        TEST(an_agent_of_a_user_looks_while_that_one_is_in_front),
        TEST(there_may_be_more_than_fit),
        TEST(the_server_of_the_login_is_before_others),
        TEST(names_of_x_servers),
        TEST(wayland_sockets_are_in_the_folder_of_the_session_or_of_people),
        TEST(a_socket_of_another_is_not_taken),
        TEST(homes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
