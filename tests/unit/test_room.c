/* SPDX-License-Identifier: MIT */
#include "api/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A room with a socket pair at each place, all of which entered at once: what is told of here is
 * seen from their other ends. */
struct fixture {
    struct room room;
    struct room_place *places[ROOM_PLACES];
    int ours[ROOM_PLACES];
    int theirs[ROOM_PLACES];
};

enum { START_MS = 5000, ASKING_MS = 1000, TAKING_MS = 10 * 1000 };

static int set_up(void **state)
{
    static struct fixture fixture;
    room_init(&fixture.room);
    for (int i = 0; i < ROOM_PLACES; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        fixture.ours[i] = pair[0];
        fixture.theirs[i] = pair[1];
        assert_false(room_is_full(&fixture.room));
        fixture.places[i] = room_enter(&fixture.room, pair[0], START_MS);
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < ROOM_PLACES; i++) {
        close(fixture->ours[i]);
        close(fixture->theirs[i]);
    }
    return 0;
}

static bool was_hung_up_on(const struct fixture *fixture, int i)
{
    char byte;
    return recv(fixture->theirs[i], &byte, 1, 0) == 0;
}

static void who_asks_for_nothing_goes_when_the_room_is_full(void **state)
{
    struct fixture *fixture = *state;
    assert_true(room_is_full(&fixture->room));
    assert_int_equal(room_due_ms(&fixture->room), START_MS + ASKING_MS);
    room_turn(fixture->places[3], ROOM_TAKES, START_MS);
    room_turn(fixture->places[4], ROOM_FOLLOWS, START_MS);
    room_turn(fixture->places[5], ROOM_ASKS, START_MS + 500);
    room_clear(&fixture->room, START_MS + ASKING_MS - 1);
    for (int i = 0; i < ROOM_PLACES; i++)
        assert_false(was_hung_up_on(fixture, i));
    room_clear(&fixture->room, START_MS + ASKING_MS);
    for (int i = 0; i < ROOM_PLACES; i++)
        assert_int_equal(was_hung_up_on(fixture, i), i < 3 || i > 5);
    assert_int_equal(room_due_ms(&fixture->room), START_MS + 500 + ASKING_MS);
}

static void an_answer_has_more_time_and_the_events_have_all_of_it(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < ROOM_PLACES; i++)
        room_turn(fixture->places[i], i == 7 ? ROOM_TAKES : ROOM_FOLLOWS, START_MS);
    assert_int_equal(room_due_ms(&fixture->room), START_MS + TAKING_MS);
    room_clear(&fixture->room, START_MS + 100 * TAKING_MS);
    for (int i = 0; i < ROOM_PLACES; i++)
        assert_int_equal(was_hung_up_on(fixture, i), i == 7);
}

static void nobody_has_to_go_while_there_is_room(void **state)
{
    struct fixture *fixture = *state;
    room_leave(fixture->places[9]);
    assert_false(room_is_full(&fixture->room));
    assert_int_equal(room_due_ms(&fixture->room), INT64_MAX);
    room_clear(&fixture->room, START_MS + 100 * TAKING_MS);
    for (int i = 0; i < ROOM_PLACES; i++)
        assert_false(was_hung_up_on(fixture, i));
    assert_ptr_equal(room_enter(&fixture->room, fixture->ours[9], START_MS), fixture->places[9]);
    assert_true(room_is_full(&fixture->room));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_asks_for_nothing_goes_when_the_room_is_full, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_answer_has_more_time_and_the_events_have_all_of_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_has_to_go_while_there_is_room, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
