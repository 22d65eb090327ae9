/* SPDX-License-Identifier: MIT */
/* What a listener of /events is told, and when: on a database and a clock of the test. */
#include "store_fixture.h"

#include "api/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_15_MS = 15 * 1000 };

struct place {
    struct fixture *fixture;
    struct api_source source;
    struct events events;
    struct stream stream;
    char states[32];
};

/* A stream behind `seq`, of which nothing but its heartbeats is news. */
static struct place *begin(void **state, int64_t newest_seq, int64_t seq)
{
    struct fixture *fixture = *state;
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    strcpy(place->states, "{\"health\":\"ok\"}");
    place->fixture = fixture;
    place->source =
        (struct api_source){.clock = &fixture->clock.clock, .reader = fixture_reader(fixture)};
    place->events = (struct events){
        .source = &place->source, .newest.seq = newest_seq, .states = place->states, .version = 1};
    place->stream = (struct stream){.events = &place->events, .at.seq = seq, .version = 1};
    place->stream.ping_at_ms = events_now_ms(&place->events) + SECONDS_15_MS;
    return place;
}

static void end(struct place *place)
{
    store_reader_close(place->source.reader);
    free(place->stream.text.text);
    free(place);
}

static const char *next(struct place *place)
{
    assert_true(stream_has_something(&place->stream));
    stream_say_next(&place->stream);
    return place->stream.text.text;
}

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)) != NULL; text++)
        count++;
    return count;
}

static void a_new_stream_says_when_to_come_back_and_how_things_are(void **state)
{
    struct place *place = begin(state, 0, 0);
    place->stream.is_new = true;
    place->stream.version = 0;
    assert_string_equal(next(place),
                        "retry: 3000\n\nevent: status\nid: 0\ndata: {\"health\":\"ok\"}\n\n");
    assert_false(stream_has_something(&place->stream));
    end(place);
}

static void heartbeats_come_in_pieces_of_16(void **state)
{
    fixture_put_many(*state, NOON_MS, 20, true);
    struct place *place = begin(state, 20, 0);
    assert_int_equal(count_of(next(place), "event: heartbeat\nid: "), 16);
    assert_int_equal(place->stream.at.seq, 16);
    const char *text = next(place);
    assert_int_equal(count_of(text, "event: heartbeat\nid: "), 4);
    char epoch[UUID_TEXT_CAPACITY];
    char id[64];
    uuid_format(store_origin(place->fixture->store)->epoch, epoch);
    snprintf(id, sizeof(id), "\nid: 20-%s\ndata: {", epoch);
    assert_non_null(strstr(text, id));
    assert_false(stream_has_something(&place->stream));
    end(place);
}

/* It is not taken for a database that was made anew. */
static void a_heartbeat_that_is_committed_after_the_look_is_no_reason_for_a_reset(void **state)
{
    fixture_put_many(*state, NOON_MS, 3, true);
    struct place *place = begin(state, 2, 1);
    assert_int_equal(count_of(next(place), "event: heartbeat\n"), 2);
    assert_int_equal(place->stream.at.seq, 3);
    assert_false(stream_has_something(&place->stream));
    end(place);
}

static void who_is_1000_behind_is_served_and_one_more_is_too_many(void **state)
{
    struct place *place = begin(state, 1000, 0);
    fixture_put_many(*state, NOON_MS, 1, true);
    assert_int_equal(count_of(next(place), "reset"), 0);
    end(place);
    place = begin(state, 1001, 0);
    assert_string_equal(next(place), "event: reset\nid: 1001\n"
                                     "data: {\"after_seq\":0,\"newest_seq\":1001}\n\n");
    assert_false(place->stream.has_ended);
    assert_false(stream_has_something(&place->stream));
    end(place);
}

static void a_seq_that_is_not_there_yet_is_reset(void **state)
{
    struct place *place = begin(state, 5, 6);
    assert_non_null(strstr(next(place), "event: reset\nid: 5\n"));
    assert_int_equal(place->stream.at.seq, 5);
    end(place);
}

/* As when the database was made anew, and has as many heartbeats by now. */
static void who_has_those_of_another_database_is_reset(void **state)
{
    struct place *place = begin(state, 5, 5);
    assert_false(stream_has_something(&place->stream));
    place->stream.is_lost = true;
    assert_non_null(strstr(next(place), "event: reset\nid: 5\n"));
    assert_false(stream_has_something(&place->stream));
    end(place);
}

static void heartbeats_that_were_deleted_meanwhile_are_told_of(void **state)
{
    fixture_put_many(*state, NOON_MS, 20, true);
    struct place *place = begin(state, 20, 3);
    fixture_exec(place->fixture->path, "DELETE FROM heartbeats WHERE seq < 10");
    assert_non_null(strstr(next(place), "{\"after_seq\":3,\"newest_seq\":20}"));
    assert_int_equal(count_of(place->stream.text.text, "event: heartbeat"), 0);
    assert_false(stream_has_something(&place->stream));
    end(place);
}

static void heartbeats_that_cannot_be_read_end_the_stream(void **state)
{
    struct place *place = begin(state, 5, 1); /* there are none */
    (void)next(place);
    assert_true(place->stream.has_ended);
    end(place);
}

static void a_quiet_stream_shows_that_it_lives_every_15_s(void **state)
{
    struct place *place = begin(state, 0, 0);
    for (int i = 0; i < 3; i++) {
        fake_clock_advance(&place->fixture->clock, SECONDS_15_MS - 1);
        assert_false(stream_has_something(&place->stream));
        fake_clock_advance(&place->fixture->clock, 1);
        assert_string_equal(next(place), ":\n\n");
    }
    end(place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_stream_says_when_to_come_back_and_how_things_are),
        TEST(heartbeats_come_in_pieces_of_16),
        TEST(a_heartbeat_that_is_committed_after_the_look_is_no_reason_for_a_reset),
        TEST(who_is_1000_behind_is_served_and_one_more_is_too_many),
        TEST(a_seq_that_is_not_there_yet_is_reset),
        TEST(who_has_those_of_another_database_is_reset),
        TEST(heartbeats_that_were_deleted_meanwhile_are_told_of),
        TEST(heartbeats_that_cannot_be_read_end_the_stream),
        TEST(a_quiet_stream_shows_that_it_lives_every_15_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
