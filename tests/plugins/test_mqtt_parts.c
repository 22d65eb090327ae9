/* SPDX-License-Identifier: MIT */
/* The parts of the sink "mqtt" that know neither a broker nor a system. */
#include "batches.h"

#include "mqtt/answer.h"
#include "mqtt/discovery.h"
#include "mqtt/state.h"
#include "mqtt/text.h"
#include "mqtt/topics.h"
#include "mqtt/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Topics ---- */

static void topics_begin_with_the_device(void **state)
{
    struct topics topics;
    (void)state;
    assert_true(topics_make(&topics, "pc-01", NULL, "clockblock", "homeassistant"));
    assert_string_equal("clockblock/pc-01/heartbeats", topics.heartbeats);
    assert_string_equal("clockblock/pc-01/gaps", topics.gaps);
    assert_string_equal("clockblock/pc-01/state", topics.state);
    assert_string_equal("clockblock/pc-01/availability", topics.availability);
    assert_string_equal("homeassistant/device/clockblock_pc-01/config", topics.discovery);
    assert_string_equal("homeassistant/status", topics.birth);
    assert_string_equal("clockblock-pc-01", topics.client_id);
    topics_finish(&topics);
}

static void without_a_prefix_nothing_is_discovered(void **state)
{
    struct topics topics;
    (void)state;
    assert_true(topics_make(&topics, "pc-01", "my-client", "home/clockblock", ""));
    assert_string_equal("home/clockblock/pc-01/state", topics.state);
    assert_string_equal("my-client", topics.client_id);
    assert_null(topics.discovery);
    assert_null(topics.birth);
    topics_finish(&topics);
}

static void assert_id(const char *expected, const char *device_id)
{
    struct topics topics;
    assert_true(topics_make(&topics, device_id, NULL, "c", "h"));
    assert_string_equal(expected, topics.id);
    assert_string_equal(device_id, topics.device_id);
    topics_finish(&topics);
}

static void an_id_is_plain_and_stays_what_it_is(void **state)
{
    (void)state;
    assert_id("Gaming_PC-2", "Gaming_PC-2");
    /* These may never change: entities of Home Assistant hang on them. */
    assert_id("pc_lan_85490a21", "pc.lan");
    assert_id("pc_lan_d5e3df07", "pc lan");
    assert_id("a_b_____0cebe819", "a/b+#\"\\");
}

static void a_topic_is_checked(void **state)
{
    static const char *const wrong[] = {"",    "/a",   "a/",    "$SYS", "a/+",
                                        "a/#", "a\nb", "a\x7F", "/",    "+"};
    char longest[256];
    (void)state;
    assert_null(topics_problem("clockblock"));
    assert_null(topics_problem("haus/erste etage/ü"));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_non_null(topics_problem(wrong[i]));
    memset(longest, 'a', sizeof(longest));
    longest[201] = '\0';
    assert_non_null(topics_problem(longest));
    longest[200] = '\0';
    assert_null(topics_problem(longest));
}

/* ---- State ---- */

static void assert_state(const char *expected, const struct snapshot *snapshot, bool is_current)
{
    struct text text = {0};
    state_write(&text, snapshot, is_current);
    assert_true(text_is_whole(&text));
    assert_string_equal(expected, text.bytes);
    text_finish(&text);
}

static void the_state_is_the_last_heartbeat_and_today(void **state)
{
    struct made_batch made;
    struct snapshot snapshot = {0};
    clb_today today = {.size = sizeof(today),
                       .has_allowance = 1,
                       .used_ms = 3723456,
                       .overdraft_ms = 59,
                       .left_ms = 60000};
    (void)state;
    batch_make(&made, 1, 3);
    made.batch.today = &today;
    made.records[1].activity = "not this";
    made.records[2].activity = "Mine \"craft\"\\\n";
    state_take(&snapshot, &made.batch);
    assert_state("{\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\",\"is_playing\":true,"
                 "\"activity\":\"Mine \\\"craft\\\"\\\\\\u000a\",\"minutes_used\":62.057,"
                 "\"minutes_overdraft\":0.000,\"minutes_left\":1.000}",
                 &snapshot, true);

    today.has_allowance = 0;
    made.records[2].is_playing = 0;
    made.records[2].activity = NULL;
    state_take(&snapshot, &made.batch);
    assert_state("{\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\",\"is_playing\":false,"
                 "\"activity\":null,\"minutes_used\":62.057,\"minutes_overdraft\":0.000,"
                 "\"minutes_left\":null}",
                 &snapshot, true);
}

static void of_a_backlog_only_the_totals_are_of_now(void **state)
{
    struct snapshot snapshot = {.is_known = true, .is_playing = true, .activity = "Minecraft"};
    (void)state;
    snapshot.today.used_ms = 60000;
    assert_state("{\"timestamp_utc\":null,\"is_playing\":null,\"activity\":null,"
                 "\"minutes_used\":1.000,\"minutes_overdraft\":0.000,\"minutes_left\":null}",
                 &snapshot, false);
}

static void a_gap_is_no_state(void **state)
{
    struct made_batch made;
    struct snapshot snapshot = {0};
    (void)state;
    batch_make(&made, 1, 2);
    batch_set_kind(&made, 1, CLB_RECORD_GAP);
    made.records[0].activity = "Minecraft";
    state_take(&snapshot, &made.batch);
    assert_string_equal("Minecraft", snapshot.activity);
    batch_make(&made, 1, 1);
    batch_set_kind(&made, 0, CLB_RECORD_GAP);
    snapshot = (struct snapshot){0};
    state_take(&snapshot, &made.batch);
    assert_false(snapshot.is_known);
}

static void a_long_activity_is_cut_between_characters(void **state)
{
    struct made_batch made;
    struct snapshot snapshot = {0};
    char name[STATE_ACTIVITY_CAPACITY + 8];
    (void)state;
    memset(name, 'a', sizeof(name));
    memcpy(name + STATE_ACTIVITY_CAPACITY - 3, "\xE2\x82\xAC", 4); /* a euro sign across the end */
    batch_make(&made, 1, 1);
    made.records[0].activity = name;
    state_take(&snapshot, &made.batch);
    assert_int_equal(STATE_ACTIVITY_CAPACITY - 3, strlen(snapshot.activity));
}

/* ---- Discovery ---- */

static char *discovery_of(const char *device_id)
{
    struct topics topics;
    struct text text = {0};
    assert_true(topics_make(&topics, device_id, NULL, "clockblock", "homeassistant"));
    discovery_write(&text, &topics, "1.2.3");
    assert_true(text_is_whole(&text));
    topics_finish(&topics);
    return text.bytes;
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s in\n%s", part, text);
}

/* That it is JSON, and all that Home Assistant asks of it, is checked in tests/agent. */
static void discovery_names_the_device_and_its_sensors(void **state)
{
    char *text = discovery_of("pc \"1\"");
    (void)state;
    assert_holds(text, "{\"dev\":{\"ids\":[\"clockblock_pc__1__");
    assert_holds(text, "\"name\":\"pc \\\"1\\\"\"");
    assert_holds(text, "\"o\":{\"sw\":\"1.2.3\",\"name\":\"ClockBlock\"}");
    assert_holds(text, "\"cmps\":{\"playing\":{\"p\":\"binary_sensor\"");
    free(text);
}

/* ---- The window ---- */

static void messages_are_taken_from_the_front_only(void **state)
{
    struct window window = {0};
    (void)state;
    for (int id = 1; id <= 4; id++)
        window_add(&window, id);
    assert_true(window_answer(&window, 2, 0));
    assert_true(window_answer(&window, 3, 16));
    assert_int_equal(0, window_take_accepted(&window));
    assert_false(window_answer(&window, 2, 0)); /* twice */
    assert_false(window_answer(&window, 9, 0)); /* not ours */
    assert_true(window_answer(&window, 1, 0));
    assert_int_equal(3, window_take_accepted(&window));
    assert_false(window_is_answered(&window));
    assert_int_equal(0, window_take_accepted(&window));
}

static void a_refusal_stays_in_front(void **state)
{
    struct window window = {0};
    (void)state;
    window_add(&window, 1);
    window_add(&window, 2);
    window_add(&window, 3);
    window_answer(&window, 2, 0x99);
    assert_int_equal(0, window_refusal(&window)); /* the first is not answered yet */
    window_answer(&window, 1, 0);
    window_answer(&window, 3, 0);
    assert_int_equal(1, window_take_accepted(&window));
    assert_int_equal(0x99, window_refusal(&window));
    assert_int_equal(0, window_take_accepted(&window));
    assert_true(window_is_answered(&window));
}

static void the_window_goes_round(void **state)
{
    struct window window = {0};
    int id = 0;
    (void)state;
    for (int round = 0; round < 5; round++) {
        int first = id + 1;
        while (window_has_room(&window))
            window_add(&window, ++id);
        assert_int_equal(WINDOW_SIZE, window.count);
        for (int i = first; i <= id; i++)
            assert_true(window_answer(&window, i, 0));
        assert_int_equal(WINDOW_SIZE, window_take_accepted(&window));
        window_add_answered(&window, 0);
        assert_int_equal(1, window_take_accepted(&window));
    }
}

/* ---- Answers ---- */

static void each_code_has_its_outcome(void **state)
{
    static const struct {
        int code;
        int32_t outcome;
    } cases[] = {{0, CLB_DELIVERED},     {16, CLB_DELIVERED},   {3, CLB_RETRY},
                 {4, CLB_HOLD},          {5, CLB_HOLD},         {0x80, CLB_RETRY},
                 {0x86, CLB_HOLD},       {0x87, CLB_HOLD},      {0x88, CLB_RETRY},
                 {0x8E, CLB_RETRY},      {0x95, CLB_TOO_LARGE}, {0x97, CLB_RETRY},
                 {0x99, CLB_BAD_RECORD}, {0xA2, CLB_RETRY}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(cases[i].outcome, answer_outcome(cases[i].code));
        assert_true(strlen(answer_words(cases[i].code)) > 5);
    }
    assert_true(answer_is_about_version(1));
    assert_true(answer_is_about_version(0x84));
    assert_false(answer_is_about_version(0x86));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_begin_with_the_device),
        cmocka_unit_test(without_a_prefix_nothing_is_discovered),
        cmocka_unit_test(an_id_is_plain_and_stays_what_it_is),
        cmocka_unit_test(a_topic_is_checked),
        cmocka_unit_test(the_state_is_the_last_heartbeat_and_today),
        cmocka_unit_test(of_a_backlog_only_the_totals_are_of_now),
        cmocka_unit_test(a_gap_is_no_state),
        cmocka_unit_test(a_long_activity_is_cut_between_characters),
        cmocka_unit_test(discovery_names_the_device_and_its_sensors),
        cmocka_unit_test(messages_are_taken_from_the_front_only),
        cmocka_unit_test(a_refusal_stays_in_front),
        cmocka_unit_test(the_window_goes_round),
        cmocka_unit_test(each_code_has_its_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
