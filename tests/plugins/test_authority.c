/* SPDX-License-Identifier: MIT */
/* The key to an X server, among files of several users that anybody may have put there. */
#include "desktop/greeting.h"

#include <X11/Xauth.h>
#include <fcntl.h>
#include <setjmp.h>
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

enum { PATH_BYTES = 200 };

static const struct desktop_display display = {.name = ":3", .uid = 1000, .needs_key = true};

struct place {
    char root[64];
    char run[80];
    char x11[80];
    struct desktop_settings settings;
    struct authority_key key;
};

static void make_folder(const struct place *place, const char *path)
{
    char whole[PATH_BYTES];
    snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
    assert_int_equal(0, mkdir(whole, 0755));
}

static int make_place(void **state)
{
    static struct place place;
    place = (struct place){.root = "/tmp/clockblock-authority-XXXXXX"};
    assert_non_null(mkdtemp(place.root));
    snprintf(place.run, sizeof(place.run), "%s/run", place.root);
    snprintf(place.x11, sizeof(place.x11), "%s/.X11-unix", place.root);
    place.settings.run_root = place.run;
    place.settings.x11_root = place.x11;
    static const char *const folders[] = {".X11-unix", "run", "run/user", "run/user/1000",
                                          "run/user/1000/gdm"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        make_folder(&place, folders[i]);
    *state = &place;
    return 0;
}

static int drop_place(void **state)
{
    const struct place *place = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", place->root);
    return system(command);
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("skipped: only root makes files of others\n");
        skip();
    }
}

static void write_entry(FILE *file, const char *host, const char *number, const char *key)
{
    static char kind[] = "MIT-MAGIC-COOKIE-1";
    Xauth entry = {.family = host != NULL ? FamilyLocal : FamilyWild,
                   .address_length = (unsigned short)(host != NULL ? strlen(host) : 0),
                   .address = (char *)(uintptr_t)host,
                   .number_length = (unsigned short)strlen(number),
                   .number = (char *)(uintptr_t)number,
                   .name_length = sizeof(kind) - 1,
                   .name = kind,
                   .data_length = (unsigned short)strlen(key),
                   .data = (char *)(uintptr_t)key};
    assert_int_equal(1, XauWriteAuth(file, &entry));
}

/* A file with a key to :3, unless it is NULL, behind so many to others; written so long ago. */
static void put(const struct place *place, const char *path, unsigned owner, const char *key,
                int others, int age_sec)
{
    char whole[PATH_BYTES];
    snprintf(whole, sizeof(whole), "%s/%s", place->root, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    for (int i = 0; i < others; i++)
        write_entry(file, "elsewhere", "4", "0123456789abcdef");
    if (key != NULL)
        write_entry(file, NULL, "3", key);
    fclose(file);
    assert_int_equal(0, chown(whole, owner, owner));
    const struct timespec times[2] = {{.tv_sec = time(NULL) - age_sec},
                                      {.tv_sec = time(NULL) - age_sec}};
    assert_int_equal(0, utimensat(AT_FDCWD, whole, times, 0));
}

/* "": none is found. */
static const char *find(struct place *place)
{
    static char text[AUTHORITY_KEY_BYTES + 1];
    bool is_found = authority_find(&place->settings, &display, 3, &place->key);
    assert_int_equal(is_found, place->key.length > 0);
    snprintf(text, sizeof(text), "%.*s", (int)place->key.length, place->key.bytes);
    return text;
}

static void keys_are_where_display_managers_leave_them(void **state)
{
    struct place *place = *state;
    need_root();
    assert_string_equal("", find(place));
    put(place, "xauth_AbCdEf", 1000, "sddm", 0, 0);
    assert_string_equal("sddm", find(place));
    put(place, "run/user/1000/xauth_AbCdEf", 1000, "kwin", 0, 0);
    assert_string_equal("kwin", find(place));
    put(place, "run/user/1000/gdm/Xauthority", 1000, "gdm", 5, 0);
    assert_string_equal("gdm", find(place));
}

static void files_of_others_are_not_read(void **state)
{
    struct place *place = *state;
    char target[PATH_BYTES];
    char link[PATH_BYTES];
    need_root();
    put(place, "xauth_bob", 1001, "bob", 0, 0);
    put(place, "mine", 1000, "mine", 0, 0);
    snprintf(target, sizeof(target), "%s/mine", place->root);
    snprintf(link, sizeof(link), "%s/xauth_link", place->root);
    assert_int_equal(0, symlink(target, link));
    assert_string_equal("", find(place));
}

static void what_a_session_left_behind_is_not_taken(void **state)
{
    struct place *place = *state;
    char path[64];
    need_root();
    for (int i = 0; i < 9; i++) {
        snprintf(path, sizeof(path), "run/user/1000/xauth_%d", i);
        put(place, path, 1000, i == 4 ? "now" : "then", 0, i == 4 ? 0 : 100 + i);
    }
    assert_string_equal("now", find(place));
}

static int64_t find_usec(struct place *place)
{
    struct timespec begin;
    struct timespec end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    assert_string_equal("", find(place));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
}

/* Alice leaves two hundred files with a thousand keys each, or one with very many. */
static void many_files_do_not_keep_us_busy(void **state)
{
    struct place *place = *state;
    char path[64];
    need_root();
    put(place, "run/user/1000/xauth_0", 1000, NULL, 1000, 0);
    int64_t one_usec = find_usec(place);
    for (int i = 1; i < 200; i++) {
        snprintf(path, sizeof(path), "run/user/1000/xauth_%d", i);
        put(place, path, 1000, NULL, 1000, 0);
    }
    assert_in_range(find_usec(place), 0, 60 * one_usec);
    put(place, "run/user/1000/gdm/Xauthority", 1000, "large", 10000, 0);
    assert_in_range(find_usec(place), 0, 60 * one_usec);
}

/* What is in the place of a socket when one connects is another's than the file was. */
static void a_key_is_for_the_server_of_one_user(void **state)
{
    const struct place *place = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct authority_key key = {.bytes = "key", .length = 3};
    struct greeting greeting;
    clb_error error = {.size = sizeof(error)};
    static const char another[] = "another user runs it than owned its socket";
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/X3", place->x11);
    assert_int_equal(0, bind(listening, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(listening, 8));
    const int64_t uids[] = {(int64_t)geteuid() + 1, (int64_t)geteuid(), -1};
    for (int i = 0; i < 3; i++) {
        key.server_uid = uids[i];
        assert_false(greeting_open(address.sun_path, &key, 1, &greeting, &error));
        assert_string_equal(i == 0 ? another : "it does not answer", error.text);
    }
    close(listening);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        TEST(keys_are_where_display_managers_leave_them), TEST(files_of_others_are_not_read),
        TEST(what_a_session_left_behind_is_not_taken),    TEST(many_files_do_not_keep_us_busy),
        TEST(a_key_is_for_the_server_of_one_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
