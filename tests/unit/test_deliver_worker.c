/* SPDX-License-Identifier: MIT */
/* A sink's worker without its thread, on a real store and a sink that answers as it is told. */
#include "store_fixture.h"

#include "deliver/deliver.h"
#include "store/delivery.h"
#include "store/gaps.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The sink ---- */

enum { CALLS_MAX = 64 };

static struct script {
    int64_t poison; /* 0: none */
    int32_t outcome;
    uint32_t accepted; /* of the next call, then `outcome` */
    bool cancels;      /* while it takes all */
    int calls;
    int64_t first[CALLS_MAX];
    int64_t last[CALLS_MAX];
    uint32_t kinds[CALLS_MAX];
} script;

static struct instance *made;

static int32_t CLB_CALL create(const clb_host *host, const clb_settings *settings, void **instance,
                               clb_error *error)
{
    (void)host;
    (void)settings;
    (void)error;
    *instance = &script;
    return CLB_OK;
}

static int32_t CLB_CALL start(void *instance, clb_error *error)
{
    (void)instance;
    (void)error;
    return CLB_OK;
}

static void CLB_CALL deliver(void *instance, const clb_batch *batch, clb_delivery *delivery,
                             clb_error *error)
{
    struct script *self = instance;
    int64_t first = batch->records[0]->seq;
    int64_t last = batch->records[batch->count - 1]->seq;
    assert_true(self->calls < CALLS_MAX);
    self->first[self->calls] = first;
    self->last[self->calls] = last;
    self->kinds[self->calls++] = batch->records[0]->kind;
    delivery->accepted = batch->count;
    if (self->cancels)
        instance_cancel(made);
    bool is_bad = first <= self->poison && self->poison <= last;
    if (self->outcome == CLB_DELIVERED && !is_bad)
        return;
    delivery->outcome = is_bad ? CLB_BAD_RECORD : self->outcome;
    delivery->accepted = is_bad ? 0 : self->accepted;
    snprintf(error->text, sizeof(error->text), "it says no");
}

static int32_t CLB_CALL wait_for(void *instance, int64_t max_ms)
{
    (void)instance;
    (void)max_ms;
    return CLB_OK;
}

static void CLB_CALL do_nothing(void *instance)
{
    (void)instance;
}

static const clb_sink sink = {.create = create,
                              .start = start,
                              .deliver = deliver,
                              .wait = wait_for,
                              .stop = do_nothing,
                              .destroy = do_nothing};
static const clb_settings settings = {.size = sizeof(settings)};
static const struct plugin plugin = {.descriptor = {.id = "fake"}, .sink = &sink};

/* ---- The worker ---- */

static void get_today(void *context, clb_today *today)
{
    (void)context;
    today->used_ms = 1;
}

static int setup(void **state)
{
    struct error error = {0};
    script = (struct script){0};
    fixture_setup(state);
    struct fixture *fixture = *state;
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    fixture_put_many(fixture, NOON_MS, 100, false);
    return 0;
}

/* As at a start of the agent: what is remembered comes from the store. Returns the sinks that
 * failed. */
static int run(struct fixture *fixture, struct deliver_view *view)
{
    struct error error = {0};
    struct deliver *delivery = NULL;
    struct config_instance config = {
        .name = FIXTURE_SINK, .plugin = "fake", .sync_interval_ms = 1000, .timeout_ms = 1000};
    struct deliver_spec spec = {.config = &config};
    assert_int_equal(instance_create(&spec.instance, &plugin, INSTANCE_SINK, FIXTURE_SINK,
                                     &settings, &fixture->clock.clock, &error),
                     0);
    made = spec.instance;
    assert_int_equal(deliver_create(&delivery, &spec, 1, fixture->store, fixture->path,
                                    &fixture->clock.clock, get_today, NULL, &error),
                     0);
    int failed = deliver_once(delivery);
    deliver_get(delivery, 0, view);
    deliver_destroy(delivery);
    return failed;
}

static struct store_delivery look(struct fixture *fixture)
{
    struct store_delivery delivery;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_read_delivery(reader, FIXTURE_SINK, 0, &delivery, &error), 0);
    store_reader_close(reader);
    return delivery;
}

static void all_is_delivered_once(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    assert_int_equal(run(fixture, &view), 0);
    assert_int_equal(script.calls, 1);
    assert_int_equal(script.last[0], 100);
    assert_int_equal(look(fixture).delivered_seq, 100);
    assert_int_equal(look(fixture).inflight_seq, 0);
    assert_int_equal(view.state, DELIVER_OK);
    assert_int_equal(view.delivered, 100);
    assert_int_equal(run(fixture, &view), 0);
    assert_int_equal(script.calls, 1);
}

/* The agent stops at the moment at which the receiver has taken all. */
static void what_was_taken_as_the_agent_stops_is_not_sent_again(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    script.cancels = true;
    run(fixture, &view);
    assert_int_equal(script.calls, 1);
    assert_int_equal(look(fixture).delivered_seq, 100);
}

static void a_request_that_is_broken_off_is_no_failure(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    script.cancels = true;
    script.outcome = CLB_RETRY;
    run(fixture, &view);
    assert_int_equal(look(fixture).failures, 0);
    assert_int_equal(look(fixture).inflight_seq, 100);
    assert_int_equal(view.failures, 0);
}

static void the_rest_of_a_batch_keeps_its_border(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    script.outcome = CLB_RETRY;
    script.accepted = 30;
    assert_int_equal(run(fixture, &view), 1);
    assert_int_equal(look(fixture).delivered_seq, 30);
    assert_int_equal(look(fixture).inflight_seq, 100);
    assert_int_equal(look(fixture).failures, 1);
    assert_string_equal(look(fixture).last_error, "it says no");
    int64_t pause_ms = look(fixture).retry_at_ms - fixture->clock.wall_ms;
    assert_in_range(pause_ms, 1, 1000);
    assert_int_equal(view.state, DELIVER_RETRYING);

    fixture_put_many(fixture, NOON_MS + 600000, 50, false);
    script.outcome = CLB_DELIVERED;
    assert_int_equal(run(fixture, &view), 0);
    assert_int_equal(script.first[1], 31);
    assert_int_equal(script.last[1], 100);
    assert_int_equal(script.last[2], 150);
    assert_int_equal(look(fixture).failures, 0);
    assert_string_equal(look(fixture).last_error, "");
}

static void a_hold_is_tried_at_once_when_the_agent_starts_again(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    script.outcome = CLB_HOLD;
    assert_int_equal(run(fixture, &view), 1);
    assert_int_equal(view.state, DELIVER_HOLDING);
    assert_int_equal(look(fixture).retry_at_ms, 0);
    assert_int_equal(look(fixture).delivered_seq, 0);
}

static void a_poison_record_is_set_aside_and_told_of_before_what_follows(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    char json[HEARTBEAT_JSON_CAPACITY];
    script.poison = 42;
    assert_int_equal(run(fixture, &view), 0);
    assert_int_equal(look(fixture).delivered_seq, 100);
    assert_int_equal(look(fixture).quarantined, 1);
    fixture_text(fixture, "SELECT json FROM quarantine WHERE seq = 42", json, sizeof(json));
    assert_non_null(strstr(json, "\"seq\":42,"));
    int told = 0;
    while (told < script.calls && script.kinds[told] != CLB_RECORD_GAP)
        told++;
    assert_true(told > 1 && told < script.calls - 1);
    assert_int_equal(script.first[told - 1], 42);
    assert_int_equal(script.last[told - 1], 42);
    assert_int_equal(script.last[told], 42);
    assert_int_equal(script.first[told + 1], 43);
    assert_int_equal(view.delivered, 99);
}

/* What was in flight had to make room, and the cursor was moved past it. */
static void a_border_that_is_gone_holds_nothing_up(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    script.outcome = CLB_RETRY;
    run(fixture, &view);
    fixture_close(fixture);
    fixture_exec(fixture->path, "DELETE FROM heartbeats WHERE seq <= 100;"
                                "UPDATE sink_cursors SET delivered_seq = 60");
    fixture_open(fixture);
    fixture_put_many(fixture, NOON_MS + 600000, 5, false);
    script.outcome = CLB_DELIVERED;
    assert_int_equal(run(fixture, &view), 0);
    assert_int_equal(look(fixture).delivered_seq,
                     fixture_integer(fixture, "SELECT max(seq) FROM heartbeats"));
}

/* Nothing is sent whose border the store does not know. */
static void a_disk_that_fails_holds_the_sink_up(void **state)
{
    struct fixture *fixture = *state;
    struct deliver_view view;
    fixture_close(fixture);
    faulty_disk_install();
    fixture_open(fixture);
    faulty_disk_fail_writes(SQLITE_FULL);
    assert_int_equal(run(fixture, &view), 1);
    assert_int_equal(script.calls, 0);
    assert_int_equal(view.state, DELIVER_RETRYING);
    faulty_disk_repair();
    assert_int_equal(run(fixture, &view), 0);
    assert_int_equal(look(fixture).delivered_seq, 100);
    fixture_close(fixture);
    faulty_disk_remove();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(all_is_delivered_once),
        TEST(what_was_taken_as_the_agent_stops_is_not_sent_again),
        TEST(a_request_that_is_broken_off_is_no_failure),
        TEST(the_rest_of_a_batch_keeps_its_border),
        TEST(a_hold_is_tried_at_once_when_the_agent_starts_again),
        TEST(a_poison_record_is_set_aside_and_told_of_before_what_follows),
        TEST(a_border_that_is_gone_holds_nothing_up),
        TEST(a_disk_that_fails_holds_the_sink_up),
    };
    return cmocka_run_group_tests_name("deliver_worker", tests, NULL, NULL);
}
