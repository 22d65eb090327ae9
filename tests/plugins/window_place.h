/* SPDX-License-Identifier: MIT */
/* The source "wayland" of window_title and a compositor for it: what its tests share. */
#ifndef TESTS_WINDOW_PLACE_H
#define TESTS_WINDOW_PLACE_H

#include "compositor.h"
#include "window_title/window.h"

enum window_state { MAXIMIZED, MINIMIZED, ACTIVATED, FULLSCREEN };

struct place {
    struct compositor compositor;
    struct desktop_settings settings; /* they lead to it */
    void *source;
    struct window seen; /* at the last look */
    bool is_lost;
    clb_error error;
};

/* For cmocka. */
int make_place(void **state);
int drop_place(void **state);
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

void run_and_open(struct place *place);
void open_source(struct place *place);
bool look(struct place *place);

/* Lets the source take what came; whether it wants to be looked at. */
bool dispatch(struct place *place);

/* What the compositor says; see compositor_do(). A window is its number, from 0. */
void say(struct place *place, const char *word, int number, const char *text);
void set_states(struct place *place, int number, const uint32_t *states, size_t count);
void focus(struct place *place, int number, bool is_focused);
void add_window(struct place *place, int number, const char *title, bool is_focused);

/* NULL: no window has the focus. */
void assert_focused(struct place *place, const char *title);
/* At the next look, with this sentence; then it is closed. */
void assert_lost(struct place *place, const char *why);
/* It cannot be opened; the sentence has this in it. */
void assert_refused(struct place *place, const char *why);

#endif
