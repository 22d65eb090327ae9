/* SPDX-License-Identifier: MIT */
/* How sources of a detector are opened, looked at and waited for, whatever they see. */
#include "desktop/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What a source does, and what was asked of it. */
static struct stand_in {
    bool can_open, can_look, loses, has_news;
    int alive, opens, open_now, looks, dispatches;
    int opening_ms, looking_ms; /* it takes so long */
    int pipe[2];                /* readable: something happened */
} stand_in, second;

static int64_t now_ms;
static bool is_cancelled;
static int bell[2];

static void *create(const struct desktop_settings *settings)
{
    (void)settings;
    stand_in.alive++;
    return &stand_in;
}

static void *create_second(const struct desktop_settings *settings)
{
    (void)settings;
    second.alive++;
    return &second;
}

static void destroy(void *source)
{
    struct stand_in *self = source;
    self->alive--;
    self->open_now = 0;
}

static bool open_it(void *source, int64_t at_ms, clb_error *error)
{
    struct stand_in *self = source;
    assert_int_equal(now_ms, at_ms);
    assert_int_equal(0, self->open_now);
    now_ms += self->opening_ms;
    self->opens++;
    self->open_now = self->can_open;
    if (!self->can_open)
        snprintf(error->text, sizeof(error->text), "it is not there");
    return self->can_open;
}

static void close_it(void *source)
{
    struct stand_in *self = source;
    assert_int_equal(1, self->open_now);
    self->open_now = 0;
}

static bool look(void *source, int64_t at_ms, void *seen, bool *is_lost, clb_error *error)
{
    struct stand_in *self = source;
    assert_int_equal(now_ms, at_ms);
    assert_int_equal(1, self->open_now);
    now_ms += self->looking_ms;
    self->looks++;
    *is_lost = self->loses;
    if (self->can_look)
        *(int *)seen = 42;
    else
        snprintf(error->text, sizeof(error->text), "it says nothing");
    return self->can_look;
}

static int descriptor(void *source)
{
    return ((struct stand_in *)source)->pipe[0];
}

static bool dispatch(void *source, int64_t at_ms)
{
    struct stand_in *self = source;
    (void)at_ms;
    self->dispatches++;
    return self->has_news;
}

static const struct desktop_source source = {.name = "one",
                                             .create = create,
                                             .destroy = destroy,
                                             .open = open_it,
                                             .close = close_it,
                                             .look = look,
                                             .descriptor = descriptor,
                                             .dispatch = dispatch};
static const struct desktop_source second_source = {.name = "two",
                                                    .create = create_second,
                                                    .destroy = destroy,
                                                    .open = open_it,
                                                    .close = close_it,
                                                    .look = look,
                                                    .descriptor = descriptor,
                                                    .dispatch = dispatch};
static const struct sources_entry entries[] = {
    {"one", &source}, {"other", NULL}, {"two", &second_source}};
static struct desktop_settings settings = {.run_root = "/nonexistent"};

/* ---- A host whose time goes by while somebody waits ---- */

static int64_t CLB_CALL monotonic_ms(const clb_host *host)
{
    (void)host;
    return now_ms;
}

static int32_t CLB_CALL cancelled(const clb_host *host)
{
    (void)host;
    return is_cancelled;
}

static int32_t CLB_CALL wait_some(const clb_host *host, int64_t max_ms)
{
    (void)host;
    assert_true(max_ms > 0);
    now_ms += max_ms;
    return CLB_OK;
}

static intptr_t CLB_CALL wake_handle(const clb_host *host)
{
    (void)host;
    return bell[0];
}

static const clb_clock clock_table = {monotonic_ms, monotonic_ms};
static const clb_run run_table = {cancelled, wait_some, wake_handle};
static const clb_host host;
static const struct sources_host in = {&host, &clock_table, &run_table};

/* ---- Places ---- */

static bool init(struct sources *sources, const char *const *names, uint32_t count,
                 clb_error *error)
{
    clb_setting wanted = {.size = sizeof(wanted), .items = names, .count = count};
    return sources_init(sources, entries, 3, &wanted, &settings, &in, error);
}

static int make_with(void **state, const char *const *names, uint32_t count)
{
    clb_error error = {.size = sizeof(error)};
    struct sources *sources = calloc(1, sizeof(*sources));
    assert_non_null(sources);
    stand_in = second = (struct stand_in){.can_open = true, .can_look = true};
    is_cancelled = false;
    now_ms = 1000000;
    assert_int_equal(0, pipe(stand_in.pipe));
    assert_int_equal(0, pipe(second.pipe));
    assert_int_equal(0, pipe(bell));
    assert_true(init(sources, names, count, &error));
    sources_start(sources);
    *state = sources;
    return 0;
}

static int make_place(void **state)
{
    static const char *const names[] = {"one", "other"};
    return make_with(state, names, 2);
}

static int make_all(void **state)
{
    static const char *const all[] = {"all"};
    return make_with(state, all, 1);
}

static int drop_place(void **state)
{
    sources_close(*state);
    sources_finish(*state);
    assert_int_equal(0, stand_in.alive);
    assert_int_equal(0, second.alive);
    for (int i = 0; i < 2; i++) {
        close(stand_in.pipe[i]);
        close(second.pipe[i]);
        close(bell[i]);
    }
    free(*state);
    return 0;
}

static void ring(const int *of)
{
    assert_int_equal(1, write(of[1], "", 1));
}

static bool look_at_first(struct sources *sources)
{
    int seen = 0;
    sources_begin(sources);
    bool can = sources_look(sources, 0, &seen);
    assert_int_equal(can ? 42 : 0, seen);
    return can;
}

static void assert_why(const struct sources *sources, const char *why)
{
    char text[256];
    sources_why(sources, text, sizeof(text));
    assert_string_equal(why, text);
}

/* ---- Which ---- */

static void they_are_chosen_by_name(void **state)
{
    static const char *const one[] = {"one"};
    static const char *const other[] = {"other"};
    static const char *const wrong[] = {"one", "oen"};
    struct sources sources;
    clb_error error = {.size = sizeof(error)};
    (void)state;
    assert_true(init(&sources, one, 1, &error));
    assert_int_equal(1, sources.count);
    sources_finish(&sources);
    assert_true(init(&sources, other, 1, &error));
    sources_start(&sources);
    assert_false(look_at_first(&sources));
    assert_why(&sources, "other: this build of the plugin is without it");
    sources_finish(&sources);
    assert_false(init(&sources, wrong, 2, &error));
    assert_string_equal("sources: there is no \"oen\"; there are one, other, two, and all",
                        error.text);
    sources_finish(&sources);
    assert_false(init(&sources, NULL, 0, &error));
    assert_string_equal("sources: there is none", error.text);
    sources_finish(&sources);
}

/* ---- Pauses ---- */

static void who_is_not_there_is_asked_less_and_less_often(void **state)
{
    static const int pauses_sec[] = {2, 4, 8, 16, 32, 60, 60, 60};
    struct sources *sources = *state;
    stand_in.can_open = false;
    for (int i = 0; i < 8; i++) {
        assert_false(look_at_first(sources));
        assert_int_equal(i + 1, stand_in.opens);
        now_ms += pauses_sec[i] * 1000 - 1;
        assert_false(look_at_first(sources));
        assert_int_equal(i + 1, stand_in.opens);
        now_ms += 1;
    }
    assert_why(sources, "one: it is not there; other: this build of the plugin is without it");
    sources_start(sources);
    stand_in.can_open = true;
    assert_true(look_at_first(sources));
}

static void who_was_lost_is_closed_and_opened_again(void **state)
{
    struct sources *sources = *state;
    for (int i = 0; i < 5; i++) {
        stand_in.can_look = true;
        stand_in.loses = false;
        assert_true(look_at_first(sources));
        stand_in.can_look = false;
        assert_false(look_at_first(sources));
        assert_int_equal(1, stand_in.open_now); /* it only did not know */
        stand_in.loses = true;
        assert_false(look_at_first(sources));
        assert_int_equal(0, stand_in.open_now);
        now_ms += 1999;
        assert_false(look_at_first(sources));
        assert_int_equal(i + 1, stand_in.opens);
        now_ms += 1;
    }
}

/* ---- Time ---- */

enum { SECOND = 2 };

static void a_poll_ends_when_those_that_do_not_answer_took_its_time(void **state)
{
    struct sources *sources = *state;
    int seen = 0;
    stand_in.can_open = false;
    stand_in.opening_ms = 500;
    assert_false(look_at_first(sources));
    assert_false(sources_look(sources, SECOND, &seen));
    assert_int_equal(0, second.opens);
    assert_why(sources, "one: it is not there; other: this build of the plugin is without it; "
                        "two: the others left it no time");
    assert_false(look_at_first(sources)); /* it has a pause, and the other has its turn */
    assert_true(sources_look(sources, SECOND, &seen));
    second.can_look = false;
    assert_false(sources_look(sources, SECOND, &seen));
    now_ms += 2000;
    assert_false(look_at_first(sources));
    assert_false(sources_look(sources, SECOND, &seen));
    assert_int_equal(2, second.looks);
    assert_why(sources, "one: it is not there; other: this build of the plugin is without it; "
                        "two: it says nothing");
}

static void who_was_opened_late_is_looked_at_in_the_next_poll(void **state)
{
    struct sources *sources = *state;
    stand_in.opening_ms = 500;
    assert_false(look_at_first(sources));
    assert_int_equal(0, stand_in.looks);
    assert_true(look_at_first(sources));
    assert_int_equal(1, stand_in.opens);
}

static void nobody_is_asked_when_the_host_wants_an_end(void **state)
{
    struct sources *sources = *state;
    is_cancelled = true;
    assert_false(look_at_first(sources));
    assert_int_equal(0, stand_in.opens);
    is_cancelled = false;
    assert_true(look_at_first(sources));
}

/* ---- Waiting ---- */

static void who_is_behind_the_first_that_knows_is_closed(void **state)
{
    struct sources *sources = *state;
    int seen = 0;
    stand_in.can_look = false;
    second.has_news = true;
    assert_true(sources_look_first(sources, &seen));
    assert_int_equal(1, second.looks);
    ring(second.pipe);
    stand_in.can_look = true;
    assert_true(sources_look_first(sources, &seen));
    assert_int_equal(0, second.open_now);
    assert_int_equal(1, stand_in.open_now);
    assert_int_equal(CLB_OK, sources_wait(sources, 1));
    stand_in.can_look = false; /* it is opened as soon as it is wanted */
    assert_true(sources_look_first(sources, &seen));
    assert_int_equal(2, second.opens);
    second.can_look = false;
    assert_false(sources_look_first(sources, &seen));
    assert_int_equal(1, second.open_now);
}

static void news_end_the_wait_at_most_once_a_second(void **state)
{
    struct sources *sources = *state;
    stand_in.has_news = true;
    assert_true(look_at_first(sources));
    ring(stand_in.pipe);
    int64_t begin_ms = now_ms;
    assert_int_equal(CLB_EVENT, sources_wait(sources, 5000));
    assert_int_equal(1000, now_ms - begin_ms);
    assert_int_equal(CLB_EVENT, sources_wait(sources, 300));
    assert_int_equal(1300, now_ms - begin_ms);
    assert_int_equal(2, stand_in.dispatches);
}

static void what_is_no_news_is_heard_once_a_second(void **state)
{
    struct sources *sources = *state;
    assert_true(look_at_first(sources));
    ring(stand_in.pipe);
    int64_t begin_ms = now_ms;
    assert_int_equal(CLB_OK, sources_wait(sources, 5500));
    assert_int_equal(5500, now_ms - begin_ms);
    assert_int_equal(6, stand_in.dispatches);
}

static void the_host_ends_the_wait(void **state)
{
    struct sources *sources = *state;
    assert_true(look_at_first(sources));
    stand_in.has_news = true;
    ring(stand_in.pipe);
    ring(bell);
    int64_t begin_ms = now_ms;
    assert_int_equal(CLB_OK, sources_wait(sources, 5000));
    assert_int_equal(begin_ms, now_ms);
}

static void who_is_closed_is_not_waited_for(void **state)
{
    struct sources *sources = *state;
    ring(stand_in.pipe);
    assert_int_equal(CLB_OK, sources_wait(sources, 1));
    assert_int_equal(0, stand_in.dispatches);
}

/* ---- Who is there ---- */

static void come(const char *root, int uid)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/systemd/seats/seat0", root);
    FILE *seat = fopen(path, "w");
    assert_non_null(seat);
    fprintf(seat, "IS_SEAT0=1\nACTIVE_UID=%d\n", uid);
    fclose(seat);
}

static void they_are_opened_anew_when_another_came_to_the_screen(void **state)
{
    char root[] = "/tmp/clockblock-sources-XXXXXX";
    char command[256];
    if (geteuid() != 0) {
        print_message("skipped: only root looks at desktops of others\n");
        skip();
    }
    assert_non_null(mkdtemp(root));
    snprintf(command, sizeof(command), "cd %s && mkdir -p user/1000 user/1001 systemd/seats", root);
    assert_int_equal(0, system(command));
    settings.run_root = root;
    come(root, 1000);
    for (int i = 0; i < 3; i++)
        assert_true(look_at_first(*state));
    assert_int_equal(1, stand_in.opens);
    come(root, 1001);
    stand_in.can_open = false;
    assert_false(look_at_first(*state));
    assert_int_equal(2, stand_in.opens);
    stand_in.can_open = true;
    come(root, 1000); /* and no pause is waited for */
    assert_true(look_at_first(*state));
    assert_int_equal(3, stand_in.opens);
    settings.run_root = "/nonexistent";
    snprintf(command, sizeof(command), "rm -r %s", root);
    assert_int_equal(0, system(command));
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)
    const struct CMUnitTest tests[] = {
        PLACED(they_are_opened_anew_when_another_came_to_the_screen),
        PLACED(they_are_chosen_by_name),
        PLACED(who_is_not_there_is_asked_less_and_less_often),
        PLACED(who_was_lost_is_closed_and_opened_again),
        cmocka_unit_test_setup_teardown(a_poll_ends_when_those_that_do_not_answer_took_its_time,
                                        make_all, drop_place),
        PLACED(who_was_opened_late_is_looked_at_in_the_next_poll),
        PLACED(nobody_is_asked_when_the_host_wants_an_end),
        cmocka_unit_test_setup_teardown(who_is_behind_the_first_that_knows_is_closed, make_all,
                                        drop_place),
        PLACED(news_end_the_wait_at_most_once_a_second),
        PLACED(what_is_no_news_is_heard_once_a_second),
        PLACED(the_host_ends_the_wait),
        PLACED(who_is_closed_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
