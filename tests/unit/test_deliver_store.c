/* SPDX-License-Identifier: MIT */
/* What delivery keeps in the store, and the records that it makes of it. */
#include "store_fixture.h"

#include "deliver/batch.h"
#include "store/gaps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_JSON                                                                             \
    "{\"id\":\"0191c3a0-0000-7000-8000-000000000003\",\"seq\":3,\"epoch\":"                        \
    "\"0191c3a0-0000-4000-8000-000000000001\",\"device_id\":\"pc \\\"1\\\"\",\"timestamp_utc\":"   \
    "\"2026-01-16T12:00:00.000Z\",\"is_playing\":true,\"poll_interval_sec\":5,"                    \
    "\"activity\":\"Minecraft\",\"credited_sec\":5.001,\"overdraft_sec\":0.250,"                   \
    "\"decided_by\":\"games\",\"flags\":[]}"

static int setup(void **state)
{
    struct error error = {0};
    fixture_setup(state);
    struct fixture *fixture = *state;
    assert_int_equal(store_sink_enable(fixture->store, FIXTURE_SINK, false, &error), 0);
    fixture_put_many(fixture, NOON_MS, 100, false);
    return 0;
}

static void save(struct fixture *fixture, struct store_step step)
{
    struct error error = {0};
    step.sink = FIXTURE_SINK;
    step.last_error = step.last_error != NULL ? step.last_error : "";
    assert_int_equal(store_save_step(fixture->store, &step, &error), 0);
}

static void refuse(struct fixture *fixture, int64_t seq)
{
    save(fixture, (struct store_step){
                      .delivered_seq = seq, .refused_json = HEARTBEAT_JSON, .refused_error = "no"});
}

static struct store_delivery look(struct fixture *fixture, int64_t since_ms)
{
    struct store_delivery delivery;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_read_delivery(reader, FIXTURE_SINK, since_ms, &delivery, &error), 0);
    store_reader_close(reader);
    return delivery;
}

/* ---- Steps ---- */

static void a_step_survives_a_restart(void **state)
{
    struct fixture *fixture = *state;
    save(fixture, (struct store_step){.delivered_seq = 10,
                                      .inflight_seq = 60,
                                      .failures = 3,
                                      .retry_at_ms = NOON_MS + 5000,
                                      .last_error = "the server cannot be reached"});
    fixture_reopen(fixture);
    struct store_delivery delivery = look(fixture, 0);
    assert_true(delivery.found);
    assert_int_equal(delivery.delivered_seq, 10);
    assert_int_equal(delivery.inflight_seq, 60);
    assert_int_equal(delivery.failures, 3);
    assert_int_equal(delivery.retry_at_ms, NOON_MS + 5000);
    assert_string_equal(delivery.last_error, "the server cannot be reached");
    save(fixture, (struct store_step){.delivered_seq = 60});
    delivery = look(fixture, 0);
    assert_int_equal(delivery.delivered_seq, 60);
    assert_int_equal(delivery.inflight_seq, 0);
    assert_int_equal(delivery.failures, 0);
    assert_int_equal(delivery.retry_at_ms, 0);
    assert_string_equal(delivery.last_error, "");
}

/* The hard cap moves it meanwhile, past rows that are gone. */
static void a_cursor_that_was_moved_further_stays_there(void **state)
{
    struct fixture *fixture = *state;
    save(fixture, (struct store_step){.delivered_seq = 50});
    save(fixture, (struct store_step){.delivered_seq = 20, .inflight_seq = 30});
    assert_int_equal(look(fixture, 0).delivered_seq, 50);
}

static void a_cursor_that_is_lost_is_made_again(void **state)
{
    struct fixture *fixture = *state;
    fixture_exec(fixture->path, "DELETE FROM sink_cursors");
    assert_false(look(fixture, 0).found);
    save(fixture, (struct store_step){.delivered_seq = 20});
    assert_int_equal(look(fixture, 0).delivered_seq, 20);
    assert_int_equal(fixture_integer(fixture, "SELECT enabled FROM sink_cursors"), 1);
}

static void a_refused_heartbeat_is_kept_whole_and_its_gap_is_told(void **state)
{
    struct fixture *fixture = *state;
    char text[1024];
    refuse(fixture, 3);
    fixture_text(fixture, "SELECT json FROM quarantine WHERE sink = 'cloud' AND seq = 3", text,
                 sizeof(text));
    assert_string_equal(text, HEARTBEAT_JSON);
    fixture_text(fixture,
                 "SELECT sink || ' ' || from_seq || ' ' || to_seq || ' ' || count || ' ' || reason"
                 " FROM gaps",
                 text, sizeof(text));
    assert_string_equal(text, "cloud 3 3 1 quarantined");
    struct store_delivery delivery = look(fixture, 0);
    assert_int_equal(delivery.delivered_seq, 3);
    assert_int_equal(delivery.quarantined, 1);
    assert_int_equal(delivery.gaps, 1);
}

static void a_step_is_saved_as_a_whole_or_not_at_all(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    const struct store_step step = {.sink = FIXTURE_SINK,
                                    .delivered_seq = 3,
                                    .last_error = "",
                                    .refused_json = HEARTBEAT_JSON,
                                    .refused_error = "no"};
    fixture_close(fixture);
    /* What comes last in the step is what fails. */
    fixture_exec(fixture->path, "CREATE TRIGGER no BEFORE INSERT ON gaps BEGIN"
                                " SELECT raise(ABORT, 'no'); END");
    fixture_open(fixture);
    assert_int_equal(store_save_step(fixture->store, &step, &error), EXIT_CODE_DISK);
    assert_int_equal(look(fixture, 0).delivered_seq, 0);
    assert_int_equal(look(fixture, 0).quarantined, 0);
}

/* ---- The budget ---- */

static void what_was_refused_in_a_row_and_lately_is_counted(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, 2);
    fake_clock_advance(&fixture->clock, FIXTURE_HOUR);
    for (int64_t seq = 5; seq <= 8; seq++)
        refuse(fixture, seq);
    assert_int_equal(look(fixture, 0).quarantined, 5);
    assert_int_equal(look(fixture, 0).quarantined_in_row, 4);
    assert_int_equal(look(fixture, NOON_MS).quarantined_lately, 4);
    assert_int_equal(look(fixture, NOON_MS - 1).quarantined_lately, 5);
    save(fixture, (struct store_step){.delivered_seq = 9});
    assert_int_equal(look(fixture, 0).quarantined_in_row, 0);
}

static void count_one(const struct store_quarantined *quarantined, void *context)
{
    int64_t *seqs = context;
    assert_string_equal(quarantined->sink, FIXTURE_SINK);
    assert_string_equal(quarantined->json, HEARTBEAT_JSON);
    seqs[++seqs[0]] = quarantined->seq;
    if (quarantined->seq == 5)
        assert_string_equal(quarantined->reason, "still no");
}

static void the_quarantine_is_listed_noted_and_emptied(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    int64_t seqs[8] = {0};
    int64_t count;
    for (int64_t seq = 4; seq <= 6; seq++)
        refuse(fixture, seq);
    assert_int_equal(store_quarantine_note(fixture->store, FIXTURE_SINK, 5, "still no", &error), 0);
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_each_quarantined(reader, FIXTURE_SINK, 5, 10, count_one, seqs, &error),
                     0);
    assert_int_equal(seqs[0], 2);
    assert_int_equal(seqs[1], 5);
    assert_int_equal(seqs[2], 6);
    seqs[0] = 0;
    assert_int_equal(store_each_quarantined(reader, NULL, 0, 2, count_one, seqs, &error), 0);
    assert_int_equal(seqs[0], 2);
    seqs[0] = 0;
    assert_int_equal(store_each_quarantined(reader, "other", 0, 2, count_one, seqs, &error), 0);
    assert_int_equal(seqs[0], 0);
    store_reader_close(reader);
    assert_int_equal(store_quarantine_remove(fixture->store, FIXTURE_SINK, 5, &count, &error), 0);
    assert_int_equal(count, 1);
    assert_int_equal(store_quarantine_remove(fixture->store, "other", 0, &count, &error), 0);
    assert_int_equal(count, 0);
    assert_int_equal(store_quarantine_remove(fixture->store, FIXTURE_SINK, 0, &count, &error), 0);
    assert_int_equal(count, 2);
}

/* ---- Gaps ---- */

static int run_gap(struct store *store, void *argument, struct error *error)
{
    return gaps_add(store, argument, error);
}

static void add_gap(struct fixture *fixture, const char *sink, int64_t from_seq, int64_t to_seq)
{
    struct error error = {0};
    struct gap gap = {.sink = sink,
                      .from_seq = from_seq,
                      .to_seq = to_seq,
                      .count = to_seq - from_seq + 1,
                      .reason = "store_full"};
    assert_int_equal(writer_call(fixture->store, run_gap, &gap, &error), 0);
}

static struct store_gap next_gap(struct fixture *fixture, const char *sink)
{
    struct store_gap gap;
    struct error error = {0};
    struct store_reader *reader = fixture_reader(fixture);
    assert_int_equal(store_read_next_gap(reader, sink, &gap, &error), 0);
    store_reader_close(reader);
    return gap;
}

/* The sink is told of its next gap; returns where it began, 0: there is none. */
static int64_t tell(struct fixture *fixture, const char *sink)
{
    struct error error = {0};
    struct store_gap gap = next_gap(fixture, sink);
    const struct store_step step = {.sink = sink, .last_error = "", .told_gap = gap.number};
    if (gap.number > 0)
        assert_int_equal(store_save_step(fixture->store, &step, &error), 0);
    return gap.from_seq;
}

static void each_sink_is_told_of_the_gaps_that_concern_it_once(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    assert_int_equal(store_sink_enable(fixture->store, "log", false, &error), 0);
    add_gap(fixture, NULL, 10, 12);
    add_gap(fixture, "log", 20, 20);
    add_gap(fixture, NULL, 30, 31);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 10);
    assert_int_equal(tell(fixture, "log"), 10);
    fixture_reopen(fixture);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 30);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 0);
    assert_int_equal(tell(fixture, "log"), 20);
    assert_int_equal(tell(fixture, "log"), 30);
    assert_int_equal(tell(fixture, "log"), 0);
}

/* At the hard cap the oldest go, while a newer gap waits. */
static void gaps_are_told_in_order_of_seq_whenever_they_came(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    assert_int_equal(store_sink_enable(fixture->store, "log", false, &error), 0);
    add_gap(fixture, NULL, 70, 75);
    add_gap(fixture, FIXTURE_SINK, 50, 55);
    add_gap(fixture, FIXTURE_SINK, 1, 9);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 1);
    add_gap(fixture, FIXTURE_SINK, 10, 19);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 10);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 50);
    add_gap(fixture, NULL, 90, 91);
    uint8_t id[UUID_BYTES];
    memcpy(id, next_gap(fixture, "log").id, sizeof(id));
    assert_memory_equal(next_gap(fixture, FIXTURE_SINK).id, id, sizeof(id)); /* it is the same */
    assert_int_equal(tell(fixture, FIXTURE_SINK), 70);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 90);
    assert_int_equal(tell(fixture, FIXTURE_SINK), 0);
    assert_int_equal(tell(fixture, "log"), 70);
    assert_int_equal(tell(fixture, "log"), 90);
    assert_int_equal(tell(fixture, "log"), 0);
    assert_int_equal(look(fixture, 0).gaps, 5); /* however often they were written down */
}

static void a_sink_that_begins_now_is_not_told_of_the_past(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    add_gap(fixture, NULL, 10, 12);
    assert_int_equal(store_sink_enable(fixture->store, "log", true, &error), 0);
    assert_int_equal(next_gap(fixture, "log").number, 0);
    add_gap(fixture, NULL, 200, 201);
    assert_int_equal(next_gap(fixture, "log").from_seq, 200);
}

static void a_gap_has_the_epoch_of_its_heartbeats(void **state)
{
    struct fixture *fixture = *state;
    uint8_t first[UUID_BYTES];
    memcpy(first, store_origin(fixture->store)->epoch, sizeof(first));
    fixture_close(fixture);
    fixture->options.device_id = "pc-02"; /* begins a new epoch at 101 */
    fixture_open(fixture);
    add_gap(fixture, NULL, 10, 12);
    struct store_gap gap = next_gap(fixture, FIXTURE_SINK);
    assert_memory_equal(gap.origin.epoch, first, sizeof(first));
    assert_string_equal(gap.origin.device_id, "pc-01");
    tell(fixture, FIXTURE_SINK);
    add_gap(fixture, NULL, 101, 103);
    gap = next_gap(fixture, FIXTURE_SINK);
    assert_memory_equal(gap.origin.epoch, store_origin(fixture->store)->epoch, sizeof(first));
    assert_string_equal(gap.origin.device_id, "pc-02");
}

/* ---- Records ---- */

static void a_gap_record_says_what_is_missing(void **state)
{
    struct batch batch;
    struct store_gap gap = {.number = 1,
                            .id = {1},
                            .origin = {.epoch = {2}, .device_id = "pc \"1\""},
                            .from_seq = 5,
                            .to_seq = 9,
                            .count = 5,
                            .wall_ms = NOON_MS,
                            .reason = "store_full"};
    (void)state;
    batch_init(&batch);
    batch_of_gap(&batch, &gap);
    const clb_record *record = batch.abi.records[0];
    assert_int_equal(batch.abi.count, 1);
    assert_string_equal(batch.abi.device_id, "pc \"1\"");
    assert_string_equal(batch.abi.epoch, "02000000-0000-0000-0000-000000000000");
    assert_int_equal(record->kind, CLB_RECORD_GAP);
    assert_int_equal(record->size, sizeof(*record));
    assert_int_equal(record->seq, 9);
    assert_int_equal(record->wall_ms, NOON_MS);
    assert_string_equal(
        record->json, "{\"type\":\"gap\",\"id\":\"01000000-0000-0000-0000-000000000000\","
                      "\"epoch\":\"02000000-0000-0000-0000-000000000000\","
                      "\"device_id\":\"pc \\\"1\\\"\",\"from_seq\":5,\"to_seq\":9,\"count\":5,"
                      "\"reason\":\"store_full\",\"timestamp_utc\":\"2026-01-16T12:00:00.000Z\"}");
    assert_int_equal(record->json_bytes, strlen(record->json));
    batch_finish(&batch);
}

static void a_heartbeat_from_the_quarantine_is_what_it_was(void **state)
{
    struct batch batch;
    (void)state;
    batch_init(&batch);
    assert_true(batch_of_json(&batch, HEARTBEAT_JSON));
    const clb_record *record = batch.abi.records[0];
    assert_int_equal(record->kind, CLB_RECORD_HEARTBEAT);
    assert_int_equal(record->seq, 3);
    assert_int_equal(record->wall_ms, NOON_MS);
    assert_int_equal(record->credited_ms, 5001);
    assert_int_equal(record->overdraft_ms, 250);
    assert_int_equal(record->poll_interval_sec, 5);
    assert_int_equal(record->is_playing, 1);
    assert_string_equal(record->json, HEARTBEAT_JSON);
    assert_int_equal(record->json_bytes, strlen(HEARTBEAT_JSON));
    assert_string_equal(record->id, "0191c3a0-0000-7000-8000-000000000003");
    assert_string_equal(record->timestamp_utc, "2026-01-16T12:00:00.000Z");
    assert_string_equal(record->activity, "Minecraft");
    assert_string_equal(batch.abi.epoch, "0191c3a0-0000-4000-8000-000000000001");
    assert_string_equal(batch.abi.device_id, "pc \"1\"");
    assert_false(batch_of_json(&batch, "[]"));
    assert_false(batch_of_json(&batch, "{\"seq\":"));
    batch_finish(&batch);
}

static void a_batch_is_cut_before_a_gap(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    struct batch batch;
    struct store_reader *reader = fixture_reader(fixture);
    batch_init(&batch);
    assert_int_equal(batch_read(&batch, reader, 10, 50, BATCH_BYTES_MAX, INT64_MAX, &error), 0);
    assert_int_equal(batch.last_seq, 60);
    batch_cut(&batch, 30);
    assert_int_equal(batch.abi.count, 19);
    assert_int_equal(batch.last_seq, 29);
    store_reader_close(reader);
    batch_finish(&batch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_step_survives_a_restart),
        TEST(a_cursor_that_was_moved_further_stays_there),
        TEST(a_cursor_that_is_lost_is_made_again),
        TEST(a_refused_heartbeat_is_kept_whole_and_its_gap_is_told),
        TEST(a_step_is_saved_as_a_whole_or_not_at_all),
        TEST(what_was_refused_in_a_row_and_lately_is_counted),
        TEST(the_quarantine_is_listed_noted_and_emptied),
        TEST(each_sink_is_told_of_the_gaps_that_concern_it_once),
        TEST(gaps_are_told_in_order_of_seq_whenever_they_came),
        TEST(a_sink_that_begins_now_is_not_told_of_the_past),
        TEST(a_gap_has_the_epoch_of_its_heartbeats),
        cmocka_unit_test(a_gap_record_says_what_is_missing),
        cmocka_unit_test(a_heartbeat_from_the_quarantine_is_what_it_was),
        TEST(a_batch_is_cut_before_a_gap),
    };
    return cmocka_run_group_tests_name("deliver_store", tests, NULL, NULL);
}
