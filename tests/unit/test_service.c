/* SPDX-License-Identifier: MIT */
/* The protocol of the service manager, to a socket of the test's own. */
#include "platform/service.h"

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

static int ear = -1;
static char name[64];

/* `first` is '/' for a file, '@' for none. */
static void listen_at(char first)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(name, sizeof(name), "%stmp/clockblock-notify-%d", first == '/' ? "/" : "@",
             (int)getpid());
    size_t length = strlen(name);
    memcpy(address.sun_path, name, length);
    if (first == '@')
        address.sun_path[0] = '\0';
    ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(0, bind(ear, (struct sockaddr *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)));
}

static int deafen(void **state)
{
    (void)state;
    if (ear >= 0)
        close(ear);
    if (name[0] == '/')
        unlink(name);
    ear = -1;
    return 0;
}

static void open_with(const char *socket_name, const char *period, const char *process)
{
    setenv("NOTIFY_SOCKET", socket_name, 1);
    if (period != NULL)
        setenv("WATCHDOG_USEC", period, 1);
    if (process != NULL)
        setenv("WATCHDOG_PID", process, 1);
    service_open();
}

static void assert_heard(const char *words)
{
    char heard[256] = "";
    assert_true(recv(ear, heard, sizeof(heard) - 1, 0) > 0);
    assert_string_equal(words, heard);
}

static void hears_at_a_path(void **state)
{
    (void)state;
    listen_at('/');
    open_with(name, NULL, NULL);
    assert_true(service_is_managed());
    assert_true(service_tell("READY=1\nSTATUS=fine"));
    assert_heard("READY=1\nSTATUS=fine");
    assert_int_equal(0, service_watchdog_ms());
}

static void hears_at_a_name_without_a_file(void **state)
{
    (void)state;
    listen_at('@');
    open_with(name, NULL, NULL);
    assert_true(service_tell("STOPPING=1"));
    assert_heard("STOPPING=1");
}

static void children_are_not_the_service(void **state)
{
    (void)state;
    listen_at('/');
    open_with(name, "30000000", "1");
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
}

static int64_t period_of(const char *period, const char *process)
{
    open_with(name, period, process);
    return service_watchdog_ms();
}

static void the_watchdog_is_for_one_process(void **state)
{
    (void)state;
    char own[16];
    snprintf(own, sizeof(own), "%d", (int)getpid());
    listen_at('/');
    assert_int_equal(30000, period_of("30000000", NULL));
    assert_int_equal(2000, period_of("2000000", own));
    assert_int_equal(0, period_of("30000000", "1"));
    assert_int_equal(0, period_of("30000000", "?"));
    static const char *const odd[] = {"", "x", "-1", "30s", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        assert_int_equal(0, period_of(odd[i], NULL));
    open_with("relative", "30000000", NULL); /* with nobody to tell there is none */
    assert_int_equal(0, service_watchdog_ms());
}

/* Who does not read must not hold the agent up. */
static void a_full_queue_does_not_block(void **state)
{
    (void)state;
    listen_at('/');
    open_with(name, NULL, NULL);
    int sent = 0;
    while (sent < 100000 && service_tell("WATCHDOG=1"))
        sent++;
    assert_in_range(sent, 1, 99999);
    assert_heard("WATCHDOG=1");
    assert_true(service_tell("READY=1")); /* there is room again */
}

static void nobody_is_no_matter(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    service_open();
    assert_false(service_is_managed());
    assert_true(service_tell("READY=1"));
    static const char *const odd[] = {"", "/", "@", "relative", "vsock:2:1234"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        open_with(odd[i], NULL, NULL);
        assert_false(service_is_managed());
    }
    char long_name[300];
    memset(long_name, 'x', sizeof(long_name));
    long_name[0] = '/';
    long_name[sizeof(long_name) - 1] = '\0';
    open_with(long_name, NULL, NULL);
    assert_false(service_is_managed());
    listen_at('/');
    open_with(name, NULL, NULL);
    unlink(name);
    assert_true(service_tell("READY=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(hears_at_a_path, deafen),
        cmocka_unit_test_teardown(hears_at_a_name_without_a_file, deafen),
        cmocka_unit_test_teardown(children_are_not_the_service, deafen),
        cmocka_unit_test_teardown(the_watchdog_is_for_one_process, deafen),
        cmocka_unit_test_teardown(a_full_queue_does_not_block, deafen),
        cmocka_unit_test_teardown(nobody_is_no_matter, deafen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
