/* SPDX-License-Identifier: MIT */
#include "window_place.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_SEC = 30 };

int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    compositor_make(&place->compositor);
    place->settings.wayland_display = place->compositor.path;
    place->settings.run_root = place->compositor.folder;
    place->source = window_wayland.create(&place->settings);
    assert_non_null(place->source);
    place->error.size = sizeof(place->error);
    *state = place;
    return 0;
}

int drop_place(void **state)
{
    struct place *place = *state;
    window_wayland.destroy(place->source);
    compositor_drop(&place->compositor);
    free(place);
    return 0;
}

void open_source(struct place *place)
{
    if (!window_wayland.open(place->source, 0, &place->error))
        fail_msg("%s", place->error.text);
}

void run_and_open(struct place *place)
{
    compositor_run(&place->compositor, (struct compositor_offer){.windows = 3});
    open_source(place);
}

bool look(struct place *place)
{
    place->error.text[0] = '\0';
    memset(&place->seen, 0x55, sizeof(place->seen));
    return window_wayland.look(place->source, 0, &place->seen, &place->is_lost, &place->error);
}

void say(struct place *place, const char *word, int number, const char *text)
{
    compositor_do(&place->compositor, word, number, text, strlen(text));
}

void set_states(struct place *place, int number, const uint32_t *states, size_t count)
{
    compositor_do(&place->compositor, "states", number, states, count * sizeof(*states));
}

void focus(struct place *place, int number, bool is_focused)
{
    static const uint32_t states[] = {MAXIMIZED, ACTIVATED};
    set_states(place, number, states, is_focused ? 2 : 1);
    say(place, "done", number, "");
}

void add_window(struct place *place, int number, const char *title, bool is_focused)
{
    say(place, "windows", 1, "");
    say(place, "title", number, title);
    say(place, "app", number, "some.app");
    focus(place, number, is_focused);
}

void assert_focused(struct place *place, const char *title)
{
    assert_true(look(place));
    assert_int_equal(title != NULL, place->seen.is_focused);
    assert_string_equal(title != NULL ? title : "", place->seen.title);
    assert_string_equal(title != NULL ? "some.app" : "", place->seen.app);
}

bool dispatch(struct place *place)
{
    struct pollfd polled = {.fd = window_wayland.descriptor(place->source), .events = POLLIN};
    assert_int_equal(1, poll(&polled, 1, PATIENCE_SEC * 1000));
    return window_wayland.dispatch(place->source, 0);
}

void assert_lost(struct place *place, const char *why)
{
    assert_false(look(place));
    assert_true(place->is_lost);
    assert_string_equal(why, place->error.text);
    window_wayland.close(place->source);
}

void assert_refused(struct place *place, const char *why)
{
    assert_false(window_wayland.open(place->source, 0, &place->error));
    assert_non_null(strstr(place->error.text, why));
}
