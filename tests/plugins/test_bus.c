/* SPDX-License-Identifier: MIT */
/* The layer between sources and a bus: answers of all kinds, silence, and a bus that goes away. */
#include "bus_place.h"
#include "desktop/bus.h"
#include "desktop/bus_address.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include <cmocka.h>

/* A bus that works may be late on a machine that is busy, and is asked again. */
enum { PATIENCE_MS = 30000, TRIES_MAX = 50 };

static const struct bus_object thing = {"org.example.Thing", "/thing", "org.example.Thing"};

struct fixture {
    struct bus_place place;
    struct bus *bus;
    clb_error error;
};

static bool is_late(const clb_error *error)
{
    return strstr(error->text, "does not answer") != NULL;
}

static struct bus *open_bus(const char *address, clb_error *error)
{
    struct bus *bus = bus_open(address, error);
    for (int i = 0; i < TRIES_MAX && bus == NULL && is_late(error); i++)
        bus = bus_open(address, error);
    return bus;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->error.size = sizeof(fixture->error);
    bus_place_make(&fixture->place);
    bus_place_start_service(&fixture->place, thing.service);
    fixture->bus = open_bus(fixture->place.address, &fixture->error);
    assert_non_null(fixture->bus);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    bus_close(fixture->bus);
    bus_place_drop(&fixture->place);
    free(fixture);
    return 0;
}

static int64_t now_ms(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}

static bool is_told(struct fixture *fixture)
{
    int64_t end_ms = now_ms() + PATIENCE_MS;
    while (now_ms() < end_ms) {
        struct pollfd polled = {.fd = bus_descriptor(fixture->bus), .events = POLLIN};
        poll(&polled, 1, PATIENCE_MS);
        if (bus_process(fixture->bus))
            return true;
    }
    return false;
}

static enum bus_result get_text_once(struct fixture *fixture, const char *method, char **text)
{
    *text = NULL;
    fixture->error.text[0] = '\0';
    return bus_call_text(fixture->bus, &thing, method, text, &fixture->error);
}

static enum bus_result get_text(struct fixture *fixture, const char *method, char **text)
{
    enum bus_result result = get_text_once(fixture, method, text);
    for (int i = 0; i < TRIES_MAX && result == BUS_LOST && is_late(&fixture->error); i++)
        result = get_text_once(fixture, method, text);
    return result;
}

static enum bus_result get_number(struct fixture *fixture, enum bus_type type, uint64_t *number)
{
    enum bus_result result = BUS_LOST;
    for (int i = 0; i < TRIES_MAX && result == BUS_LOST; i++)
        result = bus_call_number(fixture->bus, &thing, "Get", type, number, &fixture->error);
    return result;
}

static enum bus_result get_all(struct fixture *fixture, struct bus_property *wanted, size_t count)
{
    enum bus_result result = BUS_LOST;
    for (int i = 0; i < TRIES_MAX && result == BUS_LOST; i++)
        result = bus_get(fixture->bus, &thing, wanted, count, &fixture->error);
    return result;
}

static void properties_of_the_wanted_type_are_there(void **state)
{
    struct fixture *fixture = *state;
    struct bus_property wanted[] = {
        {.name = "Hint", .type = BUS_BOOL},        {.name = "Since", .type = BUS_UINT64},
        {.name = "Class", .type = BUS_TEXT_VALUE}, {.name = "Display", .type = BUS_OBJECT_OF_PAIR},
        {.name = "Wrong", .type = BUS_BOOL},       {.name = "Long", .type = BUS_TEXT_VALUE},
        {.name = "None", .type = BUS_BOOL},
    };
    bus_place_tell(&fixture->place, "property /thing Other s whatever");
    bus_place_tell(&fixture->place, "property /thing Wrong s true");
    bus_place_tell(&fixture->place, "property /thing Long s @256");
    bus_place_tell(&fixture->place, "property /thing Hint b true");
    bus_place_tell(&fixture->place, "property /thing Since t 18446744073709551615");
    bus_place_tell(&fixture->place, "property /thing Class s user");
    bus_place_tell(&fixture->place, "property /thing Display (so) 3 /session/_33");
    assert_int_equal(BUS_OK, get_all(fixture, wanted, 7));
    for (int i = 0; i < 7; i++)
        assert_int_equal(i < 4, wanted[i].is_there);
    assert_true(wanted[0].number == 1);
    assert_true(wanted[1].number == UINT64_MAX);
    assert_string_equal("user", wanted[2].text);
    assert_string_equal("/session/_33", wanted[3].text);
}

static void answers_are_a_text_a_number_or_refused(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    uint64_t number = 0;
    bus_place_tell(&fixture->place, "answer /thing Get s {\"title\": \"x\"}");
    assert_int_equal(BUS_OK, get_text(fixture, "Get", &text));
    assert_string_equal("{\"title\": \"x\"}", text);
    free(text);
    bus_place_tell(&fixture->place, "answer /thing Get t 41");
    assert_int_equal(BUS_REFUSED, get_text(fixture, "Get", &text));
    assert_string_equal("org.example.Thing answered with something else", fixture->error.text);
    assert_int_equal(BUS_OK, get_number(fixture, BUS_UINT64, &number));
    assert_true(number == 41);
    assert_int_equal(BUS_REFUSED, get_number(fixture, BUS_BOOL, &number));
}

static void an_error_is_told_by_its_name_alone(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    bus_place_tell(&fixture->place, "fail /thing Get org.example.Wrong a title that is private");
    assert_int_equal(BUS_REFUSED, get_text(fixture, "Get", &text));
    assert_string_equal("org.example.Thing answered with org.example.Wrong", fixture->error.text);
    assert_true(bus_refusal_has(fixture->bus, "a title"));
    bus_place_tell(&fixture->place, "answer /thing Get s x");
    assert_int_equal(BUS_OK, get_text(fixture, "Get", &text));
    free(text);
    assert_false(bus_refusal_has(fixture->bus, "a title"));
    bus_place_kill_service(&fixture->place);
    assert_int_equal(BUS_REFUSED, get_text(fixture, "Get", &text));
    assert_string_equal("org.example.Thing is not on the bus", fixture->error.text);
    assert_false(bus_is_lost(fixture->bus));
}

static void a_service_is_not_started_to_be_asked(void **state)
{
    struct fixture *fixture = *state;
    static const struct bus_object sleeping = {"org.example.Sleeping", "/", "org.example.Sleeping"};
    char path[160];
    char *text = NULL;
    snprintf(path, sizeof(path), "%s/org.example.Sleeping.service", fixture->place.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "[D-BUS Service]\nName=%s\nExec=/bin/false\n", sleeping.service);
    fclose(file);
    bus_place_kill_service(&fixture->place);
    bus_place_kill_daemon(&fixture->place);
    bus_place_start_daemon(&fixture->place);
    bus_close(fixture->bus);
    fixture->bus = open_bus(fixture->place.address, &fixture->error);
    enum bus_result result = BUS_LOST;
    for (int i = 0; i < TRIES_MAX && result == BUS_LOST; i++)
        result = bus_call_text(fixture->bus, &sleeping, "Get", &text, &fixture->error);
    unlink(path);
    assert_int_equal(BUS_REFUSED, result);
    assert_string_equal("org.example.Sleeping is not on the bus", fixture->error.text);
}

static void signals_that_fit_are_told(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    assert_true(bus_listen(fixture->bus, &thing, "Changed"));
    get_text(fixture, "Get", &text); /* by when the bus knows that we listen */
    bus_place_tell(&fixture->place, "signal /thing org.example.Thing Other x");
    get_text(fixture, "Get", &text);
    assert_false(bus_process(fixture->bus));
    bus_place_tell(&fixture->place, "signal /thing org.example.Thing Changed x");
    assert_true(is_told(fixture));
    assert_false(bus_process(fixture->bus));
}

static void a_silent_service_costs_half_a_second(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    kill(fixture->place.service, SIGSTOP);
    int64_t begin_ms = now_ms();
    assert_int_equal(BUS_LOST, get_text_once(fixture, "Get", &text));
    assert_string_equal("org.example.Thing does not answer", fixture->error.text);
    assert_in_range(now_ms() - begin_ms, BUS_LIMIT_MS - 50, PATIENCE_MS / 3);
    assert_false(bus_is_lost(fixture->bus));
    kill(fixture->place.service, SIGCONT); /* and its late answer is not for the next call */
    bus_place_tell(&fixture->place, "forget /thing Put");
    bus_place_tell(&fixture->place, "answer /thing Get s new"); /* it has answered now */
    assert_int_equal(BUS_OK, get_text(fixture, "Get", &text));
    assert_string_equal("new", text);
    free(text);
}

static void a_silent_bus_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    kill(fixture->place.daemon, SIGSTOP);
    int64_t begin_ms = now_ms();
    assert_int_equal(BUS_LOST, get_text_once(fixture, "Get", &text));
    assert_null(bus_open(fixture->place.address, &fixture->error));
    assert_non_null(strstr(fixture->error.text, ": it does not answer"));
    assert_in_range(now_ms() - begin_ms, 2 * BUS_LIMIT_MS - 100, PATIENCE_MS / 3);
}

static void a_bus_that_goes_away_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    assert_true(bus_descriptor(fixture->bus) >= 0);
    bus_place_kill_daemon(&fixture->place);
    assert_true(is_told(fixture));
    assert_true(bus_is_lost(fixture->bus));
    assert_int_equal(-1, bus_descriptor(fixture->bus));
    assert_int_equal(BUS_LOST, get_text(fixture, "Get", &text));
    assert_null(bus_open(fixture->place.address, &fixture->error));
    bus_close(fixture->bus);
    bus_place_kill_service(&fixture->place);
    bus_place_start_daemon(&fixture->place);
    fixture->bus = open_bus(fixture->place.address, &fixture->error);
    assert_non_null(fixture->bus);
}

static void a_bus_that_goes_away_during_a_call_too(void **state)
{
    struct fixture *fixture = *state;
    char *text;
    bus_place_kill_daemon(&fixture->place);
    assert_int_equal(BUS_LOST, get_text(fixture, "Get", &text));
    assert_string_equal("the bus is gone", fixture->error.text);
    assert_true(bus_is_lost(fixture->bus));
}

static void an_address_that_is_none_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const addresses[] = {"", "nonsense", "unix:path=/nonexistent/bus",
                                            "unix:nonsense=1"};
    for (int i = 0; i < 4; i++) {
        fixture->error.text[0] = '\0';
        assert_null(bus_open(addresses[i], &fixture->error));
        assert_non_null(strstr(fixture->error.text, "the bus "));
    }
}

/* ---- A bus that is somebody's own making ---- */

static int say_hello(sd_bus_message *call, void *data, sd_bus_error *error)
{
    bool *is_greeted = data;
    (void)error;
    if (sd_bus_message_is_method_call(call, NULL, "Hello") <= 0)
        return 1; /* nothing else is answered */
    *is_greeted = true;
    return sd_bus_reply_method_return(call, "s", ":1.1");
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { KEEPS_WHAT_IS_FREED = true };
#else
enum { KEEPS_WHAT_IS_FREED = false };
#endif

/* It sends signals as fast as they are taken. */
static void babble(int listening)
{
    static char large[64 * 1024];
    sd_bus *peer = NULL;
    sd_id128_t id;
    bool is_greeted = false;
    memset(large, 'x', sizeof(large) - 1);
    sd_id128_randomize(&id);
    int descriptor = accept(listening, NULL, NULL);
    if (sd_bus_new(&peer) < 0 || sd_bus_set_fd(peer, descriptor, descriptor) < 0 ||
        sd_bus_set_server(peer, 1, id) < 0 || sd_bus_start(peer) < 0)
        _exit(1);
    sd_bus_add_filter(peer, NULL, say_hello, &is_greeted);
    while (sd_bus_process(peer, NULL) >= 0) {
        uint64_t queued = 0;
        sd_bus_get_n_queued_write(peer, &queued);
        if (is_greeted && queued < 4)
            sd_bus_emit_signal(peer, "/", "org.example.Babble", "Babble", "s", large);
    }
    _exit(0);
}

static long memory_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void a_bus_that_babbles_is_not_listened_to_for_ever(void **state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/clockblock-babble-XXXXXX";
    char address[160];
    clb_error error = {.size = sizeof(error)};
    char *text = NULL;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(to.sun_path, sizeof(to.sun_path), "%s/bus", folder);
    snprintf(address, sizeof(address), "unix:path=%s", to.sun_path);
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(0, bind(listening, (struct sockaddr *)&to, sizeof(to)));
    assert_int_equal(0, listen(listening, 1));
    pid_t pid = fork();
    if (pid == 0)
        babble(listening);
    long before_kib = memory_kib();
    int64_t begin_ms = now_ms();
    struct bus *bus = bus_open(address, &error);
    enum bus_result result = BUS_OK;
    bool is_too_much = false;
    if (bus != NULL) {
        result = bus_call_text(bus, &thing, "Get", &text, &error);
        is_too_much = is_told(&(struct fixture){.bus = bus});
    }
    int64_t took_ms = now_ms() - begin_ms;
    long grown_kib = memory_kib() - before_kib;
    bus_close(bus);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(listening);
    unlink(to.sun_path);
    rmdir(folder);
    if (bus == NULL)
        fail_msg("%s", error.text);
    assert_int_equal(BUS_LOST, result);
    assert_string_equal("org.example.Thing does not answer", error.text);
    assert_true(is_too_much);
    assert_in_range(took_ms, BUS_LIMIT_MS - 50, PATIENCE_MS / 3);
    if (!KEEPS_WHAT_IS_FREED)
        assert_in_range(grown_kib, 0, 64L * 1024);
}

/* Such a bus refuses root itself. */
static void the_bus_of_somebody_lets_root_in_as_its_owner(void **state)
{
    struct bus_place place;
    clb_error error = {.size = sizeof(error)};
    char *text = NULL;
    (void)state;
    if (geteuid() != 0)
        skip();
    bus_place_make_for(&place, bus_place_somebody());
    bus_place_start_service(&place, thing.service);
    bus_place_tell(&place, "answer /thing Get s hello");
    struct bus *bus = open_bus(place.address, &error);
    for (int i = 0; i < TRIES_MAX && bus != NULL && text == NULL; i++)
        bus_call_text(bus, &thing, "Get", &text, &error);
    bus_close(bus);
    bus_place_drop(&place);
    assert_non_null(text);
    assert_string_equal("hello", text);
    free(text);
    assert_int_equal(0, geteuid());
}

/* The owner of a folder points a link at the bus of another. */
static void a_link_to_a_bus_is_not_followed_by_root(void **state)
{
    struct bus_place place;
    char link[128];
    char address[160];
    clb_error error = {.size = sizeof(error)};
    (void)state;
    if (geteuid() != 0)
        skip();
    bus_place_make_for(&place, bus_place_somebody());
    snprintf(link, sizeof(link), "%s/link", place.folder);
    snprintf(address, sizeof(address), "unix:path=%s", link);
    int result = symlink(strchr(place.address, '=') + 1, link);
    struct bus *bus = bus_open(address, &error);
    bool is_open = bus != NULL;
    bus_close(bus);
    unlink(link);
    bus_place_drop(&place);
    assert_int_equal(0, result);
    assert_false(is_open);
}

/* What is in the place of a socket when one connects is another's than the file was. */
static void a_bus_of_another_than_its_file_is_refused(void **state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/clockblock-bus-XXXXXX";
    char address[160];
    clb_error error = {.size = sizeof(error)};
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(folder));
    assert_int_equal(0, chmod(folder, 0755));
    snprintf(to.sun_path, sizeof(to.sun_path), "%s/bus", folder);
    snprintf(address, sizeof(address), "unix:path=%s", to.sun_path);
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(0, bind(listening, (struct sockaddr *)&to, sizeof(to)));
    assert_int_equal(0, listen(listening, 1));
    assert_int_equal(0, chown(to.sun_path, bus_place_somebody(), (gid_t)-1));
    struct bus *bus = bus_open(address, &error);
    bus_close(bus);
    close(listening);
    unlink(to.sun_path);
    rmdir(folder);
    assert_null(bus);
    assert_non_null(strstr(error.text, strerror(EACCES)));
}

static void write_seat(const char *root, const char *active)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/systemd/seats/seat0", root);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%sSESSIONS=1 2\nUIDS=1000 1001\n", active);
    assert_int_equal(0, fclose(file));
}

static void the_bus_of_an_agent_s_session_counts_while_it_is_in_front(void **state)
{
    char root[] = "/tmp/clockblock-bus-XXXXXX";
    char command[256];
    char address[BUS_ADDRESS];
    struct desktop_settings settings = {.run_root = root};
    bool is_found[3];
    static const char *const active[] = {"ACTIVE_UID=1000\n", "ACTIVE_UID=1001\n", ""};
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(root));
    snprintf(command, sizeof(command), "chmod 755 %s && mkdir -p %s/systemd/seats", root, root);
    assert_int_equal(0, system(command));
    setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/of/the/session", 1);
    for (int i = 0; i < 3; i++) {
        write_seat(root, active[i]);
        assert_int_equal(0, seteuid(1000));
        is_found[i] = bus_address_session(&settings, address);
        assert_int_equal(0, seteuid(0));
    }
    snprintf(command, sizeof(command), "rm -r %s", root);
    assert_int_equal(0, system(command));
    assert_true(is_found[0] && !is_found[1] && !is_found[2]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(properties_of_the_wanted_type_are_there),
        TEST(answers_are_a_text_a_number_or_refused),
        TEST(an_error_is_told_by_its_name_alone),
        TEST(a_service_is_not_started_to_be_asked),
        TEST(signals_that_fit_are_told),
        TEST(a_silent_service_costs_half_a_second),
        TEST(a_silent_bus_is_not_waited_for),
        TEST(a_bus_that_goes_away_is_noticed),
        TEST(a_bus_that_goes_away_during_a_call_too),
        TEST(an_address_that_is_none_is_refused),
        cmocka_unit_test(a_bus_that_babbles_is_not_listened_to_for_ever),
        cmocka_unit_test(the_bus_of_somebody_lets_root_in_as_its_owner),
        cmocka_unit_test(a_link_to_a_bus_is_not_followed_by_root),
        cmocka_unit_test(a_bus_of_another_than_its_file_is_refused),
        cmocka_unit_test(the_bus_of_an_agent_s_session_counts_while_it_is_in_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
